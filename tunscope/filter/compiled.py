"""A display filter ready for use: over single packets, or over the columns of a capture."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol
from weakref import WeakKeyDictionary

from tunscope.filter.deep.remembered import is_remembered
from tunscope.filter.evaluate import Predicate, predicate
from tunscope.filter.program import TestNode, fields_of
from tunscope.filter.semantics import check
from tunscope.filter.wanted import protocols_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from tunscope.capfile.blocks import InterfaceDescription
    from tunscope.columns.batch import ColumnBatch
    from tunscope.filter.columnar.clock import Clock
    from tunscope.filter.columnar.in_order import InOrder
    from tunscope.filter.columnar.plan import Plan
    from tunscope.filter.columnar.replay import Replay
    from tunscope.filter.columnar.residual import Residual
    from tunscope.filter.columnar.run import Run
    from tunscope.filter.columnar.verdict import Mask, Verdict
    from tunscope.filter.contexts import FrameContexts
    from tunscope.filter.conversations.facts import Conversations
    from tunscope.filter.layers.dissection import Dissection
    from tunscope.filter.layers.frame import FrameContext
    from tunscope.packet.record import PacketRecord


#: Fields that only conversations bring, and how the others of them begin.
CONVERSATION_FIELDS: Final = frozenset(
    {
        "tcp.stream", "tcp.seq", "tcp.ack", "tcp.nxtseq", "tcp.window_size", "tcp.completeness",
        "tcp.window_size_scalefactor", "tcp.time_relative", "tcp.time_delta",
        "tcp.connection.fin_active", "tcp.connection.fin_passive", "tcp.options.sack_le",
        "tcp.options.sack.dsack", "tcp.options.sack.dsack_le", "tcp.options.sack.dsack_re",
        "tcp.options.sack_re", "udp.stream", "udp.time_relative", "udp.time_delta",
        "frame.protocols",
    }
)  # fmt: skip
#: Names the applications too, which remember.
_PROTOCOLS: Final = "frame.protocols"
#: Depends on which packets passed before.
_DISPLAYED: Final = "frame.time_delta_displayed"
_ANALYSIS: Final = "tcp.analysis"
_EXPERT: Final = "_ws.expert"
#: The replayed conversations of captures that filters were applied to.
_REPLAYS: Final[WeakKeyDictionary[Capture, Replay]] = WeakKeyDictionary()
_CONTEXTS: Final[WeakKeyDictionary[Capture, FrameContexts]] = WeakKeyDictionary()


class Capture(Protocol):
    """An indexed capture, as `index.capture.CaptureIndex` is one."""

    @property
    def interfaces(self) -> Sequence[InterfaceDescription]:
        """The interfaces described so far."""
        ...

    def batch(self, start: int, stop: int) -> ColumnBatch:
        """Return the columns of rows `start` to `stop` of the packet table."""
        ...

    def record(self, number: int) -> PacketRecord:
        """Return packet `number`, counted from 1; KeyError if its bytes are gone."""
        ...


@dataclass(frozen=True, slots=True)
class DisplayFilter:
    """A checked filter. `program` is None for a blank one, which every packet passes."""

    text: str
    program: TestNode | None
    fields: frozenset[str]
    _wanted: Container[str] = field(repr=False)
    _holds: Predicate = field(repr=False)
    _plans: list[Plan] = field(default_factory=list, repr=False)
    _residuals: list[Residual] = field(default_factory=list, repr=False)
    _in_orders: WeakKeyDictionary[Capture, InOrder] = field(
        default_factory=WeakKeyDictionary, repr=False
    )

    def matches(
        self,
        record: PacketRecord,
        context: FrameContext | None = None,
        conversations: Conversations | None = None,
    ) -> bool:
        """Whether `record` passes.

        `context` brings the packet number and the times of its neighbours, `conversations` what
        only other packets tell (a `conversations.tracker.ConversationTracker` that is shown every
        packet in order). Without them, fields that need them are not there.
        """
        from tunscope.filter.dissect import dissect

        return self._holds(dissect(record, self._wanted, context, conversations))

    def accepts(self, dissection: Dissection) -> bool:
        """Whether a packet with these fields passes; they were dissected for `wanted` at least."""
        return self._holds(dissection)

    @property
    def wanted(self) -> Container[str]:
        """The protocols that the filter asks for."""
        return self._wanted

    @property
    def needs_conversations(self) -> bool:
        """Whether the filter asks for what only conversations know."""
        return asks_conversations(self.fields)

    def columns_predicate(self, index: Capture, start: int, stop: int) -> npt.NDArray[np.bool_]:
        """Return which of rows `start` to `stop` of the packet table (numbers less 1) pass.

        What columns cannot decide is asked of the packets themselves, one by one.
        """
        import numpy as np

        batch = index.batch(start, stop)
        passing = np.zeros(stop - start, np.bool_)
        skipped = batch.start - start
        if self.program is None:
            passing[skipped : skipped + batch.count] = True
            return passing
        run = self._run(index, batch)
        verdict = self._plan()(run)
        passing[skipped : skipped + batch.count] = verdict.holds
        if verdict.open is not None:
            opened = verdict.open
            known = self._in_order(index, stop)
            if known is not None:
                from tunscope.filter.columnar.in_order import PASSES, UNASKED

                here = known[batch.start : batch.start + batch.count]
                passing[skipped : skipped + batch.count] |= opened & (here == PASSES)
                opened = opened & (here == UNASKED)
            for row, holds in self._ask_all(index, run, opened):
                passing[skipped + row] = holds
        return passing

    def _ask_all(self, index: Capture, run: Run, rows: Mask) -> Iterator[tuple[int, bool]]:
        """Yield `rows` of a run with whether they pass, as far as they can be judged alone."""
        import numpy as np

        from tunscope.filter.columnar.asking import PayloadAsker

        residual = self._residual()
        readable, decided = residual.decide(run)
        if self.needs_conversations:
            readable = np.zeros(run.count, np.bool_)
        asker = PayloadAsker(residual)
        yield from asker.ask(run, np.flatnonzero(rows & readable), decided)
        for row in np.flatnonzero(rows & ~readable).tolist():
            conversations = None
            if self.needs_conversations:
                conversations = replay_of(index).of_packet(run.batch.start + row)
            yield row, self._ask(index, run.batch, row, run.clock, conversations)

    def decide(self, run: Run) -> Verdict:
        """Return which packets of `run` pass as far as its columns tell, the rest left open."""
        import numpy as np

        from tunscope.filter.columnar.verdict import Verdict

        if self.program is None:
            return Verdict(np.ones(run.count, np.bool_))
        return self._plan()(run)

    def _in_order(self, index: Capture, stop: int) -> npt.NDArray[np.uint8] | None:
        """Return the verdicts on the rows before `stop` where they depend on earlier packets,
        None where they do not."""
        from tunscope.filter.columnar.in_order import InOrder
        from tunscope.filter.table import all_fields

        if not self.remembered:
            return None
        if index not in self._in_orders:
            fields = [all_fields()[name] for name in self.remembered]
            self._in_orders[index] = InOrder(fields, self._residual(), replay_of(index))

        def run_of(start: int, stop: int) -> Run:
            return self._run(index, index.batch(start, stop))

        def ask(run: Run, row: int, conversations: Conversations, passed_ns: int | None) -> bool:
            shown_ns = int(run.batch["ts_ns"][row]) if passed_ns is None else passed_ns
            return self._ask(index, run.batch, row, run.clock, conversations, shown_ns)

        return self._in_orders[index].verdicts(stop, run_of, ask)

    def _run(self, index: Capture, batch: ColumnBatch) -> Run:
        from tunscope.filter.columnar.clock import clock_of
        from tunscope.filter.columnar.run import Run

        replayed = partial(replay_of, index) if self.needs_conversations else None
        return Run(batch, clock_of(index, batch), replayed)

    @property
    def remembered(self) -> frozenset[str]:
        """The fields that depend on what applications remember of earlier packets, or on which
        of those passed."""
        return frozenset(
            name for name in self.fields if name in (_PROTOCOLS, _DISPLAYED) or is_remembered(name)
        )

    def _plan(self) -> Plan:
        from tunscope.filter.columnar.plan import plan

        if not self._plans:
            assert self.program is not None
            self._plans.append(plan(self.program))
        return self._plans[0]

    def _residual(self) -> Residual:
        from tunscope.filter.columnar.residual import Residual

        if not self._residuals:
            assert self.program is not None
            self._residuals.append(Residual(self.program))
        return self._residuals[0]

    def _ask(
        self,
        index: Capture,
        batch: ColumnBatch,
        row: int,
        clock: Clock,
        conversations: Conversations | None,
        shown_ns: int | None = None,
    ) -> bool:
        from tunscope.filter.columnar.clock import previous_time

        try:
            record = index.record(batch.start + row + 1)
        except KeyError:
            return False
        previous = previous_time(batch, clock, row)
        number = batch.start + row + 1
        contexts = _contexts(index)
        context = contexts.of(number, clock.first_ns, previous, record.interface, shown_ns)
        if "process" in self._wanted:
            program = batch.flows.programs.of_flow(int(batch["flow"][row]))
            context = replace(context, program=program)
        return self.matches(record, context, conversations)


def asks_conversations(names: Iterable[str]) -> bool:
    """Return whether one of the fields called `names` is brought by conversations only."""
    return any(
        name in CONVERSATION_FIELDS or name.startswith((_ANALYSIS, _EXPERT)) or is_remembered(name)
        for name in names
    )


def replay_of(index: Capture) -> Replay:
    """Return the conversations of a capture, followed once however many filters ask."""
    from tunscope.filter.columnar.replay import Replay

    if index not in _REPLAYS:
        _REPLAYS[index] = Replay(index)
    return _REPLAYS[index]


def _contexts(index: Capture) -> FrameContexts:
    from tunscope.filter.contexts import FrameContexts

    if index not in _CONTEXTS:
        _CONTEXTS[index] = FrameContexts(index.interfaces)
    return _CONTEXTS[index]


def compile_filter(text: str) -> DisplayFilter:
    """Return the filter that `text` writes; FilterError, with its place, if it is none."""
    program = check(text)
    if program is None:
        return DisplayFilter(text, None, frozenset(), frozenset(), lambda _: True)
    fields = fields_of(program)
    return DisplayFilter(
        text,
        program,
        frozenset(one.name for one in fields),
        protocols_of(fields),
        predicate(program),
    )
