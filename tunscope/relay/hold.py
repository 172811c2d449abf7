"""The hold queue: packets that wait for a verdict, and the verdicts given lately. Pure.

A retransmission of a held TCP segment is the same matter (flow and range of sequence numbers tell,
since the bytes differ): it is counted there and goes no further. One that comes after the verdict
gets the same, for two minutes; otherwise the original would leak past its edit.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tunscope.packet.edit import Assignment, apply
from tunscope.packet.flow import Flow, flow_of
from tunscope.packet.header_fields import FIELDS
from tunscope.relay.hold_options import HoldOptions
from tunscope.relay.passing import Passing
from tunscope.relay.rules import Predicate, record_of
from tunscope.relay.tcp_segment import RST, Segment, distance, segment_of

#: Seconds that a verdict is remembered: the last retransmission of a segment comes within them.
MEMORY_SECONDS: Final = 120.0
_MOST_MEMORIES: Final = 10_000


class Verdict(Enum):
    """What becomes of a packet that arrives."""

    PASS = "pass"
    HOLD = "hold"
    REPEAT = "repeat"
    DROP = "drop"


@dataclass(slots=True)
class Held:
    """A packet that waits since `since` (by the clock), recorded as `number`, under `packet_id`.

    `repeats` retransmissions of it came since. `data` is what leaves if it is released: the
    packet, or its edit. `decided` is "release" or "drop" once it only waits for earlier packets
    of its flow.
    """

    identity: int
    passing: Passing
    since: float
    flow: Flow | None
    segment: Segment | None
    data: bytes
    number: int = 0
    packet_id: int = 0
    repeats: int = 0
    decided: str = ""

    @property
    def edited(self) -> bool:
        """Whether it would leave changed."""
        return self.data != self.passing.data


@dataclass(frozen=True, slots=True)
class _Memory:
    segment: Segment
    number: int
    dropped: bool
    payload: bytes | None
    until: float


class HoldQueue:
    """Packets in order of arrival; `options` None holds nothing new."""

    def __init__(self) -> None:
        self.options: HoldOptions | None = None
        self._predicate: Predicate | None = None
        self._held: OrderedDict[int, Held] = OrderedDict()
        self._memories: deque[_Memory] = deque()
        self._last = 0

    def configure(self, options: HoldOptions | None, predicate: Predicate | None) -> None:
        """Choose other packets from now on; those that wait go on waiting."""
        self.options, self._predicate = options, predicate

    def __len__(self) -> int:
        return len(self._held)

    @property
    def idle(self) -> bool:
        """Whether no packet needs to be shown to `consider`."""
        return self.options is None and not self._held and not self._memories

    def waiting(self) -> list[Held]:
        """Return what waits, oldest first."""
        return list(self._held.values())

    def get(self, identity: int) -> Held | None:
        """Return one packet that waits."""
        return self._held.get(identity)

    @property
    def next_due(self) -> float | None:
        """When the time limit of the oldest undecided packet ends."""
        if self.options is None or self.options.seconds is None:
            return None
        for held in self._held.values():
            if not held.decided:
                return held.since + self.options.seconds
        return None

    def consider(self, passing: Passing, now: float) -> tuple[Verdict, Held | None]:
        """Say what becomes of a packet; of a repetition, what it repeats.

        A repetition of an edited segment is edited alike in `passing`. A reset always passes.
        """
        self._forget_old(now)
        segment = segment_of(passing.data, passing.linktype)
        if segment is not None:
            if segment.flags & RST:
                return Verdict.PASS, None
            for held in self._held.values():
                if held.segment is not None and held.segment.overlaps(segment):
                    held.repeats += 1
                    return Verdict.REPEAT, held
            for memory in reversed(self._memories):
                if memory.segment.overlaps(segment):
                    return self._again(memory, passing, segment), None
        if not self._chosen(passing):
            return Verdict.PASS, None
        return Verdict.HOLD, None

    def add(self, passing: Passing, now: float) -> Held:
        """Let a packet wait."""
        self._last += 1
        segment = segment_of(passing.data, passing.linktype)
        flow = flow_of(passing.data, passing.linktype)
        held = Held(self._last, passing, now, flow, segment, passing.data)
        self._held[held.identity] = held
        return held

    def decide(self, held: Held, verdict: str, now: float) -> list[Held]:
        """Note a verdict; return those that leave now, in order: none that would overtake."""
        if held.identity not in self._held:
            return []
        held.decided = verdict
        leaving = []
        for one in list(self._held.values()):
            if one.flow == held.flow and (one.flow is not None or one is held):
                if not one.decided:
                    break
                del self._held[one.identity]
                self._remember(one, now)
                leaving.append(one)
        return leaving

    def _chosen(self, passing: Passing) -> bool:
        options = self.options
        if options is None or (options.direction and options.direction != passing.direction):
            return False
        return self._predicate is None or self._predicate(record_of(passing))

    def _remember(self, held: Held, now: float) -> None:
        segment = held.segment
        if segment is None or not segment.length:
            return
        payload = None
        if held.edited:
            edited = segment_of(held.data, held.passing.linktype)
            if edited is not None:
                payload = held.data[edited.layer.payload : edited.layer.end]
        self._memories.append(
            _Memory(segment, held.number, held.decided == "drop", payload, now + MEMORY_SECONDS)
        )
        if len(self._memories) > _MOST_MEMORIES:
            self._memories.popleft()

    def _forget_old(self, now: float) -> None:
        while self._memories and self._memories[0].until <= now:
            self._memories.popleft()

    def _again(self, memory: _Memory, passing: Passing, segment: Segment) -> Verdict:
        """Treat a late retransmission as what it repeats was treated."""
        if memory.dropped:
            passing.dropped = f"dropped as #{memory.number} was"
            return Verdict.DROP
        if memory.payload is not None:
            _edit_alike(memory, passing, segment)
        return Verdict.PASS


def _edit_alike(memory: _Memory, passing: Passing, segment: Segment) -> None:
    """Put the edited payload where the original was; what lies before and behind it stays."""
    assert memory.payload is not None, "edited"
    data, layer = passing.data, segment.layer
    payload = data[layer.payload : layer.end]
    ahead = distance(memory.segment.start, segment.start)
    behind = ahead + memory.segment.payload
    changed = payload[: max(ahead, 0)] + memory.payload + payload[max(behind, 0) :]
    assignments = [Assignment(FIELDS["tcp.payload"], changed)]
    if ahead < 0:
        assignments.append(Assignment(FIELDS["tcp.seq_raw"], memory.segment.start))
    edited = apply(data, passing.linktype, assignments)
    passing.data = edited.data
    passing.changes += edited.changes
    passing.editors.append(f"the edit of #{memory.number}")
