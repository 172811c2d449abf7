"""The way of a packet through the relay: rules, delay, departure, and a record of each verdict.

Nothing here touches a descriptor: packets leave and are recorded through an `Outlet`.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from tunscope.packet.direction import Direction
from tunscope.relay.passing import Passing
from tunscope.relay.rules import RuleSet

_MOST_DELAYED: Final = 100_000


class Outlet(Protocol):
    """Where packets go."""

    def forward(self, direction: Direction, data: bytes) -> bool:
        """Send a packet on; False if the other side did not take it."""

    def record(
        self, data: bytes, ts_ns: int, direction: Direction, comments: tuple[str, ...],
        packet_id: int | None,
    ) -> int:  # fmt: skip
        """Write a packet to the capture; return its number there, 0 if it is not recorded."""


@dataclass(slots=True)
class PipelineCounters:
    """Packets: ``arrived + duplicated = passed + refused + dropped + delayed``, at any time.

    `delayed` packets wait now. `refused` ones the other side would not take.
    """

    arrived: int = 0
    duplicated: int = 0
    passed: int = 0
    refused: int = 0
    dropped: int = 0
    delayed: int = 0


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
        self._clock = clock
        self.counters = PipelineCounters()
        self._delayed: list[tuple[float, int, Direction, bytes]] = []
        self._serial = 0
        self._last_id = 0

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do next, by the clock; None if nothing waits."""
        return self._delayed[0][0] if self._delayed else None

    def arrive(self, direction: Direction, data: bytes, ts_ns: int) -> None:
        """Take in one packet."""
        self.counters.arrived += 1
        passing = Passing(direction, data, self._linktype, ts_ns)
        self.rules.apply(passing)
        self._decide(passing)

    def tick(self) -> None:
        """Let go what has waited long enough."""
        now = self._clock()
        while self._delayed and self._delayed[0][0] <= now:
            _, _, direction, data = heapq.heappop(self._delayed)
            self.counters.delayed -= 1
            self._send(direction, data)

    def finish(self) -> None:
        """Let everything that waits go now: the relay ends."""
        for _, _, direction, data in sorted(self._delayed):
            self.counters.delayed -= 1
            self._send(direction, data)
        self._delayed.clear()

    def _decide(self, passing: Passing) -> None:
        notes = tuple(f"tunscope: {note}" for note in passing.notes)
        if passing.dropped:
            self.counters.dropped += 1
            self._record(passing.original, passing, (*notes, f"tunscope: {passing.dropped}"))
            return
        self._leave(passing, notes)

    def _leave(self, passing: Passing, notes: tuple[str, ...]) -> None:
        edited = passing.data != passing.original
        identity = self._new_id() if edited or passing.copies else None
        if edited:
            by = ", ".join(passing.editors)
            number = self._record(
                passing.original, passing, (f"tunscope: edited by {by}",), identity
            )
            what = "; ".join(passing.changes)
            origin = f" from #{number}" if number else ""
            notes = (f"tunscope: edited{origin}: {what}", *notes)
        number = self._record(passing.data, passing, notes, identity)
        self._depart(passing)
        origin = f" from #{number}" if number else ""
        for _ in range(passing.copies):
            self.counters.duplicated += 1
            self._record(passing.data, passing, (f"tunscope: duplicated{origin}",), identity)
            self._depart(passing)

    def _depart(self, passing: Passing) -> None:
        if passing.delay <= 0 or len(self._delayed) >= _MOST_DELAYED:
            self._send(passing.direction, passing.data)
            return
        self._serial += 1
        due = self._clock() + passing.delay
        heapq.heappush(self._delayed, (due, self._serial, passing.direction, passing.data))
        self.counters.delayed += 1

    def _send(self, direction: Direction, data: bytes) -> None:
        if self._outlet.forward(direction, data):
            self.counters.passed += 1
        else:
            self.counters.refused += 1

    def _record(
        self, data: bytes, passing: Passing, comments: tuple[str, ...], identity: int | None = None
    ) -> int:
        return self._outlet.record(data, passing.ts_ns, passing.direction, comments, identity)

    def _new_id(self) -> int:
        self._last_id += 1
        return self._last_id
