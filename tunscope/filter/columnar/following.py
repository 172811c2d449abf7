"""What applications remember when a packet comes, for those who look at some packets only."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from functools import partial
from heapq import merge
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np

from tunscope.filter.columnar.carriers import CARRIERS
from tunscope.filter.columnar.clock import Clock
from tunscope.filter.columnar.decoding import PayloadDecoder
from tunscope.filter.columnar.gates import possible
from tunscope.filter.columnar.payloads import payloads, plain_payloads
from tunscope.filter.columnar.run import Run
from tunscope.filter.columnar.segment_order import SegmentOrder
from tunscope.filter.conversations.facts import NOT_IN_ORDER
from tunscope.filter.conversations.memory import ApplicationMemory
from tunscope.filter.table import lookup

if TYPE_CHECKING:
    from tunscope.columns.batch import ColumnBatch, Rows
    from tunscope.filter.columnar.in_order import Followed
    from tunscope.packet.record import PacketRecord

#: Rows looked at together.
_STEP: Final = 1 << 14
_STALE: Final = int(NOT_IN_ORDER)
#: Not carried by a transport, but remembered too.
_CONTROL: Final = ("icmp", "icmpv6")


class FollowedCapture(Protocol):
    """The part of an indexed capture that following reads."""

    def batch(self, start: int, stop: int) -> ColumnBatch:
        """Return the columns of rows `start` to `stop`."""
        ...

    def record(self, number: int) -> PacketRecord:
        """Return packet `number`; KeyError if its bytes are gone."""
        ...


class _Step(NamedTuple):
    """A packet, and how to show it to the applications."""

    row: int
    take_in: Callable[[], object]


class ApplicationFollower:
    """Shows applications the packets between those that somebody dissects, in order and once."""

    def __init__(
        self, capture: FollowedCapture, protocols: Container[str], followed: Followed
    ) -> None:
        """Follow those of `protocols` that remember; `followed` are the capture's conversations."""
        self._capture: Final = capture
        self._protocols: Final = protocols
        self._followed: Final = followed
        self._memory: Final = ApplicationMemory()
        names = [name for name in (*CARRIERS, *_CONTROL) if name in protocols]
        self._fields: Final = [field for field in map(lookup, names) if field is not None]
        heads = [name for name in names if name in CARRIERS]
        self._decoder: Final = PayloadDecoder(heads, protocols, self._memory)
        self._order: Final = SegmentOrder()
        self._steps: Iterator[_Step] = iter(())
        self._pending: _Step | None = None
        self._loaded = 0
        self._passed = 0

    def memory_before(self, row: int) -> ApplicationMemory | None:
        """Return the memory as it is when packet `row` comes, which the caller dissects with it;
        None where its turn is over."""
        if row < self._passed:
            return None
        self._passed = row + 1
        while self._pending is not None or self._load(row):
            step = self._pending
            assert step is not None, "loading found one"
            if step.row > row:
                break
            if step.row < row:
                step.take_in()
            self._pending = next(self._steps, None)
        return self._memory

    def _load(self, row: int) -> bool:
        """Look at further packets up to `row`; return whether there is a step now."""
        while self._pending is None and self._loaded <= row:
            batch = self._capture.batch(self._loaded, self._loaded + _STEP)
            if not batch.count:
                return False
            self._loaded = batch.start + batch.count
            self._steps = self._steps_of(Run(batch, Clock(0, 0)))
            self._pending = next(self._steps, None)
        return self._pending is not None

    def _steps_of(self, run: Run) -> Iterator[_Step]:
        candidates = np.zeros(run.count, np.bool_)
        for field in self._fields:
            candidates |= possible(run, field)
        if run.doubtful is not None:
            candidates |= run.doubtful
        readable = plain_payloads(run)
        old = self._order.may_be_old(run)
        others = np.flatnonzero(candidates & ~readable)
        for row in others.tolist():
            self._decoder.meet(run, row)
        return merge(
            self._payload_steps(run, np.flatnonzero(candidates & readable), old.tolist()),
            self._other_steps(run, others),
            key=lambda step: step.row,
        )

    def _payload_steps(self, run: Run, rows: Rows, old: list[bool]) -> Iterator[_Step]:
        times, decode, start = run.batch["ts_ns"], self._decoder.decode, run.batch.start
        for row, payload in payloads(run, rows, self._decoder.matters):
            place = start + row
            if (
                payload is None
                or not self._decoder.may_matter(payload)
                or (old[row] and self._is_stale(place))
            ):
                continue
            yield _Step(place, partial(decode, place + 1, int(times[row]), payload))

    def _other_steps(self, run: Run, rows: Rows) -> Iterator[_Step]:
        for row in rows.tolist():
            place = run.batch.start + row
            yield _Step(place, partial(self._dissect, place))

    def _dissect(self, row: int) -> None:
        from tunscope.filter.dissect import FrameContext, dissect

        try:
            record = self._capture.record(row + 1)
        except KeyError:
            return
        context = FrameContext(row + 1, record.ts_ns, record.ts_ns)
        dissect(record, self._protocols, context, self._followed.of_packet(row, self._memory))

    def _is_stale(self, row: int) -> bool:
        return bool(int(self._followed.column("analysis", row, row + 1)[0]) & _STALE)
