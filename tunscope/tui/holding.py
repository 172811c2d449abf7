"""The hold queue as the screen sees it: what waits, verdicts and rules, behind one Protocol.

Nothing here blocks or raises: what was asked for comes true, or is refused, with a later poll.
A refusal goes to whoever wants to be `answered`, otherwise into the session's messages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from tunscope.packet.direction import Direction

if TYPE_CHECKING:
    from tunscope.engine.protocol import HeldPacket

#: Told with "" when something was done, or with the reason why it was not.
Answered = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class HoldWish:
    """Packets of `direction` (UNKNOWN: both) that pass the display filter `filter` wait.

    Each for `seconds` at most (None: without end), after which it is released or dropped, as
    `then` says.
    """

    filter: str
    direction: Direction = Direction.UNKNOWN
    seconds: float | None = None
    then: str = "release"

    def __str__(self) -> str:
        way = {Direction.IN: "in: ", Direction.OUT: "out: "}.get(self.direction, "")
        return f"{way}{self.filter}"

    def worded(self, text: str) -> HoldWish:
        """Return the wish that `text` words: a filter, after ``in:`` or ``out:`` one direction."""
        for way in (Direction.IN, Direction.OUT):
            start = f"{way.name.lower()}:"
            if text.startswith(start):
                return replace(self, filter=text.removeprefix(start).strip(), direction=way)
        return replace(self, filter=text, direction=Direction.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A held packet, which waits since `since` (by time.monotonic)."""

    packet: HeldPacket
    since: float

    @property
    def age(self) -> float:
        """Seconds that it has waited."""
        return max(0.0, time.monotonic() - self.since)


class Holds(Protocol):
    """The queue of one capture."""

    @property
    def refusal(self) -> str:
        """Why nothing can be held here, "" if it can be tried."""

    @property
    def wish(self) -> HoldWish | None:
        """What is held now, None for nothing new."""

    @property
    def waiting(self) -> Sequence[Waiting]:
        """What waits, oldest first."""

    def set_wish(self, wish: HoldWish | None, answered: Answered | None = None) -> None:
        """Hold other packets from now on, None for no others; those that wait go on waiting."""

    def give_verdict(self, identities: Sequence[int] | None, verdict: str) -> None:
        """Release or drop packets (None: all), or "revert" or "duplicate" and let them wait."""

    def edit(self, identity: int, data: bytes, answered: Answered) -> None:
        """Release a packet with other bytes."""

    @property
    def rules(self) -> Sequence[str]:
        """The rules that what passes follows, in their order."""

    def add_rule(self, rule: str, answered: Answered) -> None:
        """Have what passes follow one more rule, ``FILTER => ACTION``."""

    def remove_rule(self, place: int) -> None:
        """Have what passes follow rule `place`, counted from 0, no more."""


class NoHolds:
    """Where there is no device; the tests' double too, whose `refusal` and `waiting` may be set.

    It remembers what it was asked for in `asked`.
    """

    def __init__(self, refusal: str = "a file has no device") -> None:
        self.refusal = refusal
        self.wish: HoldWish | None = None
        self.waiting: list[Waiting] = []
        self.rules: list[str] = []
        self.asked: list[tuple[object, ...]] = []

    def set_wish(self, wish: HoldWish | None, answered: Answered | None = None) -> None:
        """Take the wish, if there is no refusal."""
        self.asked.append(("hold", wish))
        if not self.refusal:
            self.wish = wish
        if answered is not None:
            answered(self.refusal)

    def give_verdict(self, identities: Sequence[int] | None, verdict: str) -> None:
        """Let go what is released or dropped."""
        ids = None if identities is None else tuple(identities)
        self.asked.append((verdict, ids))
        if verdict in {"release", "drop"}:
            self.waiting = [
                one for one in self.waiting if ids is not None and one.packet.identity not in ids
            ]

    def edit(self, identity: int, data: bytes, answered: Answered) -> None:
        """Let go the packet, if it is there."""
        self.asked.append(("edit", identity, data))
        there = any(one.packet.identity == identity for one in self.waiting)
        self.waiting = [one for one in self.waiting if one.packet.identity != identity]
        answered("" if there else "hold: no such packet waits (any more)")

    def add_rule(self, rule: str, answered: Answered) -> None:
        """Take a rule that has an arrow in it."""
        self.asked.append(("rule", rule))
        problem = self.refusal or ("" if "=>" in rule else f"{rule}: is not FILTER => ACTION")
        if not problem:
            self.rules.append(rule)
        answered(problem)

    def remove_rule(self, place: int) -> None:
        """Take it away."""
        self.asked.append(("no rule", place))
        del self.rules[place]
