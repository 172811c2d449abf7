"""A filter that asks what applications remember: packets shown to it in order, once each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from tunscope.columns.layout import RecordFlag
from tunscope.filter.columnar.asking import PayloadAsker
from tunscope.filter.columnar.gates import possible
from tunscope.filter.columnar.segment_order import SegmentOrder
from tunscope.filter.conversations.facts import NOT_IN_ORDER
from tunscope.filter.conversations.memory import ApplicationMemory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tunscope.filter.columnar.residual import Residual
    from tunscope.filter.columnar.run import Run
    from tunscope.filter.columnar.verdict import Mask
    from tunscope.filter.conversations.facts import Conversations
    from tunscope.filter.table import Field

#: Rows looked at together.
_STEP: Final = 1 << 14
UNASKED, FAILS, PASSES = 0, 1, 2

#: Returns rows `start` to `stop` of the packet table as a run.
RunOf: TypeAlias = Callable[[int, int], "Run"]
#: Whether row `row` of a run passes, by its bytes, what its conversation knows, and the time of the
#: row that passed before it (None: no row did).
Ask: TypeAlias = Callable[["Run", int, "Conversations", int | None], bool]
#: What applications are not read from.
_STALE: Final = int(NOT_IN_ORDER)


class Followed(Protocol):
    """Conversations in columns, see `columnar.replay`."""

    def column(self, name: str, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Return a field of TcpFacts for rows `start` to `stop` of the packet table."""
        ...

    def of_packet(self, row: int, applications: ApplicationMemory | None = None) -> Conversations:
        """Return what conversations knew when packet `row` came."""
        ...


class InOrder:
    """The verdicts of one filter on the packets of one capture that `fields` may stand in.

    Rows are asked about in order and once, whatever piece is looked at first: a packet's verdict
    depends on those before it. One byte a packet is kept: UNASKED, FAILS or PASSES. Payloads are
    read alone where columns tell the rest; only other packets are dissected whole.
    """

    def __init__(self, fields: Iterable[Field], residual: Residual, followed: Followed) -> None:
        self._fields: Final = tuple(fields)
        self._residual: Final = residual
        self._followed: Final = followed
        self._memory: Final = ApplicationMemory()
        self._asker: Final = PayloadAsker(residual, self._memory)
        self._order: Final = SegmentOrder()
        self._verdicts: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)
        self._done = 0
        self._passed_ns: int | None = None
        self._lock: Final = threading.Lock()

    def verdicts(self, stop: int, run_of: RunOf, ask: Ask) -> npt.NDArray[np.uint8]:
        """Return the verdicts on the rows before `stop` at least: UNASKED where none of the
        fields can stand."""
        with self._lock:
            if stop > len(self._verdicts):
                grown = np.zeros(max(stop, 2 * len(self._verdicts), _STEP), np.uint8)
                grown[: self._done] = self._verdicts[: self._done]
                self._verdicts = grown
            while self._done < stop:
                last = min(stop, self._done + _STEP)
                self._take_in(run_of(self._done, last), ask)
                self._done = last
            return self._verdicts

    def _take_in(self, run: Run, ask: Ask) -> None:
        readable, decided = self._residual.decide(run)
        candidates = self._candidates(run)
        old = self._order.may_be_old(run)
        rows = np.flatnonzero(candidates & readable)
        done = 0
        start = run.batch.start

        def is_stale(row: int) -> bool:
            if not old[row]:
                return False
            found = self._followed.column("analysis", start + row, start + row + 1)[0]
            return bool(int(found) & _STALE)

        # Packets to dissect whole stand between those to read alone; all have their turn.
        for other in [*np.flatnonzero(candidates & ~readable).tolist(), run.count]:
            until = int(np.searchsorted(rows, other))
            for row, holds in self._asker.ask(run, rows[done:until], decided, is_stale):
                self._verdicts[start + row] = PASSES if holds else FAILS
            done = until
            if other < run.count:
                self._asker.decoder.meet(run, other)
                known = self._followed.of_packet(start + other, self._memory)
                if ask(run, other, known, self._passed_ns):
                    self._verdicts[start + other] = PASSES
                    self._note_time(run, other)
                else:
                    self._verdicts[start + other] = FAILS

    def _note_time(self, run: Run, row: int) -> None:
        """A filter that asks since when another passed has every packet dissected whole."""
        custom = run.batch["flags"][row] & RecordFlag.CUSTOM_BLOCK == RecordFlag.CUSTOM_BLOCK
        if self._passed_ns is None or not custom:
            self._passed_ns = int(run.batch["ts_ns"][row])

    def _candidates(self, run: Run) -> Mask:
        where = np.zeros(run.count, np.bool_)
        for field in self._fields:
            where |= possible(run, field)
        return where if run.doubtful is None else where | run.doubtful
