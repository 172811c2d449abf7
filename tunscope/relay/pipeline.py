"""The way of a packet through the relay: rules, hold, delay, departure, and records of verdicts.

Nothing here touches a descriptor: packets leave and are recorded through an `Outlet`.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from tunscope.packet.direction import Direction
from tunscope.packet.edit import differences
from tunscope.relay.hold import Held, HoldQueue, Verdict
from tunscope.relay.hold_options import HoldOptions
from tunscope.relay.passing import Passing
from tunscope.relay.rules import RuleSet
from tunscope.relay.sequence_shifts import SequenceShifts
from tunscope.relay.tcp_segment import ACK, SYN, segment_of

_MOST_DELAYED: Final = 100_000
#: Seconds that the front end has for an edit; the packet passes unchanged then.
ASK_SECONDS: Final = 0.5

#: What happened to a held packet.
Change = Literal["held", "repeated", "released", "dropped"]


class Outlet(Protocol):
    """Where packets go."""

    def forward(self, direction: Direction, data: bytes) -> bool:
        """Send a packet on; False if the other side did not take it."""

    def record(
        self, data: bytes, ts_ns: int, direction: Direction, comments: tuple[str, ...],
        packet_id: int | None,
    ) -> int:  # fmt: skip
        """Write a packet to the capture; return its number there, 0 if it is not recorded."""

    def changed(self, change: Change, held: Held) -> None:
        """Take note of what happened to a held packet."""

    def ask(self, number: int, data: bytes, settings: tuple[str, ...]) -> None:
        """Have the front end set application fields; `answered` is called with the same number."""


@dataclass(slots=True)
class PipelineCounters:
    """Packets; at any time

    ``arrived + duplicated = passed + refused + dropped + dropped_hold + delayed + held``.

    `delayed` and `held` packets wait now. `refused` ones the other side would not take. Rules
    `dropped` some; `dropped_hold` were held and dropped, or repeated a held packet. Of those that
    passed `released` had been held. `overflows` found the hold queue full. For `unanswered` ones
    the front end was too late; they went on unchanged. Those that it is asked about count as
    `delayed`.
    """

    arrived: int = 0
    duplicated: int = 0
    passed: int = 0
    refused: int = 0
    dropped: int = 0
    dropped_hold: int = 0
    delayed: int = 0
    held: int = 0
    released: int = 0
    overflows: int = 0
    unanswered: int = 0


@dataclass(slots=True)
class _Asked:
    """A packet that waits for the front end; it goes on with rule `next_rule` of `rules`."""

    passing: Passing
    rules: RuleSet
    next_rule: int
    until: float


class Pipeline:
    """Takes packets of both directions; `clock` gives seconds that never run backwards."""

    def __init__(
        self,
        outlet: Outlet,
        linktype: int,
        rules: RuleSet,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outlet = outlet
        self._linktype = linktype
        self.rules = rules
        self.hold = HoldQueue()
        self._shifts = SequenceShifts()
        self._clock = clock
        self.counters = PipelineCounters()
        self._delayed: list[tuple[float, int, Direction, bytes]] = []
        self._asked: dict[int, _Asked] = {}
        self._serial = 0
        self._last_id = 0

    @property
    def idle(self) -> bool:
        """Whether nothing waits, and nothing that passed before matters to what comes."""
        return not (self._delayed or self._asked or self._shifts) and self.hold.idle

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do next, by the clock; None if nothing waits."""
        due = [self._delayed[0][0]] if self._delayed else []
        due += [asked.until for asked in self._asked.values()][:1]
        held = self.hold.next_due
        return min([*due, *([] if held is None else [held])], default=None)

    def arrive(self, direction: Direction, data: bytes, ts_ns: int) -> None:
        """Take in one packet."""
        self.counters.arrived += 1
        passing = Passing(direction, data, self._linktype, ts_ns)
        if self._shifts:
            self._begin_anew(data)
        self._judge(passing, self.rules, 0)

    def answered(
        self, number: int, data: bytes | None, changes: tuple[str, ...], problem: str
    ) -> None:
        """Go on with a packet that `Outlet.ask` was about; without `data` it is unchanged.

        `problem` says why. An answer that comes too late changes nothing.
        """
        asked = self._asked.pop(number, None)
        if asked is None:
            return
        self.counters.delayed -= 1
        passing = asked.passing
        name, passing.asks = passing.asked_by, ()
        if data is None:
            passing.notes.append(f"{name} does not fit: {problem}")
        elif data != passing.data:
            passing.data = data
            passing.changes += changes
            passing.editors.append(name)
        self._judge(passing, asked.rules, asked.next_rule)

    def _judge(self, passing: Passing, rules: RuleSet, first: int) -> None:
        """Let the rules from number `first` on decide, and then the hold."""
        next_rule = rules.apply(passing, first)
        if passing.asks:
            self._ask(passing, rules, next_rule)
            return
        notes = tuple(f"tunscope: {note}" for note in passing.notes)
        if passing.dropped:
            self.counters.dropped += 1
            self._record_dropped(passing, notes)
            return
        before = len(passing.editors)
        verdict, other = Verdict.PASS, None
        if not self.hold.idle:
            verdict, other = self.hold.consider(passing, self._clock())
        match verdict:
            case Verdict.PASS:
                if before == len(passing.editors):  # else the edit that is repeated is known
                    self._note_length(passing)
                self._leave(passing, notes)
            case Verdict.HOLD:
                self._hold(passing, notes)
            case _:
                self.counters.dropped_hold += 1
                if other is not None:
                    passing.dropped = f"repeats #{other.number}, which is held"
                    self._outlet.changed("repeated", other)
                self._record_dropped(passing, notes)

    def _ask(self, passing: Passing, rules: RuleSet, next_rule: int) -> None:
        self._serial += 1
        number = self._serial
        self._asked[number] = _Asked(passing, rules, next_rule, self._clock() + ASK_SECONDS)
        self.counters.delayed += 1
        self._outlet.ask(number, passing.data, passing.asks)

    def _give_up_asking(self, number: int) -> None:
        self.counters.unanswered += 1
        self.answered(number, None, (), "the front end did not answer in time")

    def tick(self) -> None:
        """Let go what has waited long enough."""
        now = self._clock()
        for number in [one for one, asked in self._asked.items() if asked.until <= now]:
            self._give_up_asking(number)
        while self._delayed and self._delayed[0][0] <= now:
            _, _, direction, data = heapq.heappop(self._delayed)
            self.counters.delayed -= 1
            self._send(direction, data)
        options = self.hold.options
        while options is not None and (due := self.hold.next_due) is not None and due <= now:
            oldest = next(held for held in self.hold.waiting() if not held.decided)
            self.decide(oldest.identity, options.then)

    def finish(self) -> None:
        """Let everything that waits go now: the relay ends."""
        for number in list(self._asked):
            self._give_up_asking(number)
        self.hold.configure(None, None)
        for held in self.hold.waiting():
            if not held.decided:
                self.decide(held.identity, "release")
        for _, _, direction, data in sorted(self._delayed):
            self.counters.delayed -= 1
            self._send(direction, data)
        self._delayed.clear()

    def decide(self, identity: int, verdict: str) -> bool:
        """Release or drop a held packet; False if it waits no more.

        It leaves once those before it in its flow have their verdicts.
        """
        held = self.hold.get(identity)
        if held is None:
            return False
        for one in self.hold.decide(held, verdict, self._clock()):
            self._let_go(one)
        return True

    def _hold(self, passing: Passing, notes: tuple[str, ...]) -> None:
        options = self.hold.options
        if options is not None and len(self.hold) >= options.maximum:
            self.counters.overflows += 1
            match options.when_full:
                case "pass":
                    self._leave(passing, (*notes, "tunscope: not held, the queue is full"))
                    return
                case "drop":
                    self.counters.dropped_hold += 1
                    passing.dropped = "dropped, the hold queue is full"
                    self._record_dropped(passing, notes)
                    return
            self._make_room(options)
        identity = self._new_id()
        number = self._record_versions(passing, (*notes, "tunscope: held"), identity)
        held = self.hold.add(passing, self._clock())
        held.number, held.packet_id = number, identity
        self.counters.held += 1
        self._outlet.changed("held", held)

    def _make_room(self, options: HoldOptions) -> None:
        """Let the oldest go, and with it what waits for nothing else."""
        for held in self.hold.waiting():
            if len(self.hold) < options.maximum:
                return
            self.decide(held.identity, options.then)

    def _record_dropped(self, passing: Passing, notes: tuple[str, ...]) -> None:
        self._record(passing.original, passing, (*notes, f"tunscope: {passing.dropped}"))

    def _let_go(self, held: Held) -> None:
        passing, age = held.passing, self._clock() - held.since
        self.counters.held -= 1
        passing.ts_ns = time.time_ns()
        if held.decided == "drop":
            self.counters.dropped_hold += 1
            comment = f"tunscope: dropped after {age:.1f} s, held as #{held.number}"
            self._record(passing.data, passing, (comment,), held.packet_id)
            self._outlet.changed("dropped", held)
            return
        self.counters.released += 1
        comment = f"tunscope: released after {age:.1f} s, held as #{held.number}"
        if held.edited:
            what = "; ".join(differences(passing.data, held.data, self._linktype))
            comment = f"tunscope: edited from #{held.number}: {what}; released after {age:.1f} s"
        passing.data = held.data
        self._note_length(passing)
        number = self._record(self._seen(passing), passing, (comment,), held.packet_id)
        self._outlet.changed("released", held)
        self._depart_with_copies(passing, number, held.packet_id)

    def _leave(self, passing: Passing, notes: tuple[str, ...]) -> None:
        edited = passing.data != passing.original
        identity = self._new_id() if edited or passing.copies else None
        number = self._record_versions(passing, notes, identity)
        self._depart_with_copies(passing, number, identity)

    def _record_versions(
        self, passing: Passing, notes: tuple[str, ...], identity: int | None
    ) -> int:
        """Record the packet as it came, if it was edited, and as it is; return the last number."""
        if passing.data != passing.original:
            by = ", ".join(passing.editors)
            comments = (f"tunscope: edited by {by}",)
            number = self._record(passing.original, passing, comments, identity)
            what = "; ".join(passing.changes)
            origin = f" from #{number}" if number else ""
            notes = (f"tunscope: edited{origin}: {what}", *notes)
        return self._record(self._seen(passing), passing, notes, identity)

    def _depart_with_copies(self, passing: Passing, number: int, identity: int | None) -> None:
        self._depart(passing)
        origin = f" from #{number}" if number else ""
        for _ in range(passing.copies):
            self.counters.duplicated += 1
            comments = (f"tunscope: duplicated{origin}",)
            self._record(self._seen(passing), passing, comments, identity)
            self._depart(passing)

    def _depart(self, passing: Passing) -> None:
        data = self._shifts.translated(passing.data, self._linktype)
        if passing.delay <= 0 or len(self._delayed) >= _MOST_DELAYED:
            self._send(passing.direction, data)
            return
        self._serial += 1
        due = self._clock() + passing.delay
        heapq.heappush(self._delayed, (due, self._serial, passing.direction, data))
        self.counters.delayed += 1

    def _send(self, direction: Direction, data: bytes) -> None:
        if self._outlet.forward(direction, data):
            self.counters.passed += 1
        else:
            self.counters.refused += 1

    def _seen(self, passing: Passing) -> bytes:
        """Return what the kernel's side of the device sees of the packet as it is."""
        if passing.direction is Direction.IN:
            return self._shifts.translated(passing.data, self._linktype)
        return passing.data

    def _begin_anew(self, data: bytes) -> None:
        """A SYN begins another connection: shifts of an earlier one with its ports are void."""
        segment = segment_of(data, self._linktype)
        if segment is not None and segment.flags & (SYN | ACK) == SYN:
            self._shifts.forget(segment.flow)

    def _note_length(self, passing: Passing) -> None:
        """Where an edit changed the length of a TCP payload, shift what follows in the stream."""
        if len(passing.data) == len(passing.original):
            return
        original = segment_of(passing.original, self._linktype)
        edited = segment_of(passing.data, self._linktype)
        if original is not None and edited is not None and original.flow == edited.flow:
            self._shifts.note(original, edited.payload)

    def _record(
        self, data: bytes, passing: Passing, comments: tuple[str, ...], identity: int | None = None
    ) -> int:
        return self._outlet.record(data, passing.ts_ns, passing.direction, comments, identity)

    def _new_id(self) -> int:
        self._last_id += 1
        return self._last_id
