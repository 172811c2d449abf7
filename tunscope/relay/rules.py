"""Rules: a display filter, and what is done with the packets that pass it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from tunscope.errors import UsageError
from tunscope.packet.record import PacketRecord
from tunscope.relay.actions import Action, parse_action
from tunscope.relay.passing import Passing

_ARROW: Final = "=>"

Predicate = Callable[[PacketRecord], bool]


class RuleError(UsageError):
    """A rule that cannot be used; `caret` points at the fault."""

    def __init__(self, text: str, start: int, stop: int, why: str, hint: str = "") -> None:
        super().__init__("rule", f"{why}, column {start + 1}", hint)
        self.text = text
        self.start = start
        self.stop = max(stop, start + 1)

    def caret(self) -> str:
        """Return two lines: the rule, and `^~~~` under the faulty part."""
        line = "".join(c if c.isprintable() else " " for c in self.text)
        return f"{line}\n{' ' * self.start}^{'~' * (self.stop - self.start - 1)}"


@dataclass(frozen=True, slots=True)
class Rule:
    """``FILTER => ACTION`` as written, and its parts; a blank filter chooses every packet."""

    text: str
    filter_text: str
    action: Action


def parse_rule(text: str) -> Rule:
    """Read one rule; RuleError points at what is wrong. The filter itself is not looked into."""
    arrow = _find_arrow(text)
    if arrow < 0:
        raise RuleError(text, len(text), len(text), "no => in it", "FILTER => ACTION")
    words = text[arrow + len(_ARROW) :]
    start = arrow + len(_ARROW) + len(words) - len(words.lstrip())
    try:
        action = parse_action(words)
    except UsageError as error:
        why = f"{error.what}: {error.why}"
        raise RuleError(text, start, len(text.rstrip()), why, error.hint) from None
    return Rule(text, text[:arrow].strip(), action)


class RuleSet:
    """Rules in order, each with the predicate of its filter and the number of its packets.

    `seed` decides everything random: the same packets get the same verdicts.
    """

    def __init__(self, rules: Sequence[Rule], predicates: Sequence[Predicate], seed: int) -> None:
        self._rules = [
            (rule, predicate, f"rule {number}")
            for number, (rule, predicate) in enumerate(zip(rules, predicates, strict=True), 1)
        ]
        self._random = Random(seed)
        self.matched = [0] * len(rules)
        self.failed = 0

    def apply(self, passing: Passing, first: int = 0) -> int:
        """Let each rule whose filter the packet passes act on it, until one drops it.

        Begin with rule number `first` (from 0). Where a rule needs the front end (`asks`), stop;
        return the number of the rule to go on with.

        A later rule sees the packet as the earlier ones left it. An edit that does not fit the
        packet leaves it as it is, and is noted.
        """
        for index, (rule, predicate, name) in enumerate(self._rules[first:], first):
            if not predicate(record_of(passing)):
                continue
            self.matched[index] += 1
            try:
                rule.action.apply(passing, name, self._random)
            except UsageError as error:
                self.failed += 1
                passing.notes.append(f"{name} does not fit: {error.what}: {error.why}")
            if passing.dropped or passing.asks:
                return index + 1
        return len(self._rules)


def record_of(passing: Passing) -> PacketRecord:
    """Return the packet as a filter wants it."""
    data = passing.data
    return PacketRecord(
        data, passing.ts_ns, len(data), passing.linktype, flags=int(passing.direction)
    )


def _find_arrow(text: str) -> int:
    """Return the place of the first => outside quotes, -1 if there is none."""
    quoted = escaped = False
    for place, character in enumerate(text):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = quoted
        elif character == '"':
            quoted = not quoted
        elif not quoted and text.startswith(_ARROW, place):
            return place
    return -1
