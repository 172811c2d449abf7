"""What a rule does to a packet; another kind is a class here and a line in `_KINDS`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final, Protocol

from tunscope.errors import UsageError
from tunscope.packet.edit import Assignment, apply, parse_assignment
from tunscope.packet.printable import printable
from tunscope.relay.passing import Passing

_SECONDS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
_DURATION: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(us|ms|s)")
_ASSIGNMENT: Final = re.compile(r'[\w.]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s,]+)')
_MOST_COPIES: Final = 16
#: Protocols whose fields have no fixed place: the engine does not look into them.
APPLICATIONS: Final = frozenset({"dns", "http"})
_LONGEST_DELAY: Final = 3600.0


class Action(Protocol):
    """One verdict on a packet that a rule's filter chose."""

    def apply(self, passing: Passing, name: str, random: Random) -> None:
        """Decide; `name` is the rule's in comments. UsageError: it does not fit this packet."""


@dataclass(frozen=True, slots=True)
class SetFields:
    """Set header fields; lengths and checksums stay right."""

    assignments: tuple[Assignment, ...]

    def apply(self, passing: Passing, name: str, random: Random) -> None:
        """Edit the packet."""
        edited = apply(passing.data, passing.linktype, self.assignments)
        if edited.data != passing.data:
            passing.data = edited.data
            passing.changes += edited.changes
            passing.editors.append(name)


@dataclass(frozen=True, slots=True)
class AskEdit:
    """Have the front end set fields of an application protocol (``NAME=VALUE`` texts)."""

    settings: tuple[str, ...]

    def apply(self, passing: Passing, name: str, random: Random) -> None:
        """Let the packet wait for its edit."""
        passing.asks, passing.asked_by = self.settings, name


@dataclass(frozen=True, slots=True)
class Drop:
    """Let it go no further."""

    def apply(self, passing: Passing, name: str, random: Random) -> None:
        """Drop the packet."""
        passing.dropped = f"dropped by {name}"


@dataclass(frozen=True, slots=True)
class Loss:
    """Drop some packets: each with the same probability."""

    probability: float

    def apply(self, passing: Passing, name: str, random: Random) -> None:
        """Perhaps drop the packet."""
        if random.random() < self.probability:
            passing.dropped = f"lost by {name} (loss {self.probability:.4g})"


@dataclass(frozen=True, slots=True)
class Delay:
    """Let it wait `seconds`, give or take up to `jitter` (uniform); jitter may change the order."""

    seconds: float
    jitter: float = 0.0

    def apply(self, passing: Passing, name: str, random: Random) -> None:
        """Delay the packet."""
        wait = max(0.0, self.seconds + random.uniform(-self.jitter, self.jitter))
        passing.delay += wait
        passing.notes.append(f"delayed {wait * 1000:.3f} ms by {name}")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Let `copies` more leave with it."""

    copies: int = 1

    def apply(self, passing: Passing, name: str, random: Random) -> None:
        """Duplicate the packet."""
        passing.copies = min(passing.copies + self.copies, _MOST_COPIES)


@dataclass(frozen=True, slots=True)
class Comment:
    """Say something about it in the capture."""

    text: str

    def apply(self, passing: Passing, name: str, random: Random) -> None:
        """Note the text."""
        passing.notes.append(self.text)


def parse_action(text: str) -> Action:
    """Read ``set ip.ttl=3``, ``drop``, ``delay 50ms 10ms``...; UsageError if it is no action."""
    word, _, rest = text.strip().partition(" ")
    kind = _KINDS.get(word)
    if kind is None:
        raise UsageError(printable(word) or "action", "is no action", "one of " + ", ".join(_KINDS))
    return kind(rest.strip())


def _set(rest: str) -> Action:
    found = [match.group() for match in _ASSIGNMENT.finditer(rest)]
    if not found or _ASSIGNMENT.sub("", rest).strip(" ,"):
        raise UsageError("set", f"{printable(rest)!r} is not FIELD=VALUE", "as in set ip.ttl=3")
    if any(text.partition(".")[0] in APPLICATIONS for text in found):
        return AskEdit(tuple(found))
    return SetFields(tuple(map(parse_assignment, found)))


def _drop(rest: str) -> Action:
    if rest:
        raise UsageError("drop", "takes no value")
    return Drop()


def _loss(rest: str) -> Action:
    try:
        share = float(rest.removesuffix("%")) / (100 if rest.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UsageError("loss", f"{printable(rest)!r} is no share", "as in loss 5%")
    return Loss(share)


def _delay(rest: str) -> Action:
    words = rest.split()
    if not 1 <= len(words) <= 2:
        raise UsageError("delay", "takes a time and perhaps a jitter", "as in delay 50ms 10ms")
    return Delay(*map(_seconds, words))


def _seconds(word: str) -> float:
    match = _DURATION.fullmatch(word)
    if match is None:
        raise UsageError("delay", f"{printable(word)!r} is no time", "as in 50ms, 1.5s or 200us")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST_DELAY:
        raise UsageError("delay", f"more than {_LONGEST_DELAY:.0f} s")
    return seconds


def _duplicate(rest: str) -> Action:
    if rest and not (rest.isdecimal() and len(rest) < 3 and 0 < int(rest) <= _MOST_COPIES):
        raise UsageError("duplicate", f"{printable(rest)!r} is not 1 to {_MOST_COPIES}")
    return Duplicate(int(rest or 1))


def _comment(rest: str) -> Action:
    if len(rest) >= 2 and rest[0] == rest[-1] == '"':
        rest = rest[1:-1]
    if not rest:
        raise UsageError("comment", "says nothing")
    return Comment(printable(rest))


_KINDS: Final[dict[str, Callable[[str], Action]]] = {
    "set": _set,
    "drop": _drop,
    "delay": _delay,
    "duplicate": _duplicate,
    "loss": _loss,
    "comment": _comment,
}
