"""Which colouring rule a packet falls under: the first whose filter it passes.

Rules are tried over columns for a stretch of packets at once. What columns cannot tell is found
out in quiet moments, packet by packet, for the rows on the screen only.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.errors import TunscopeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunscope.filter.compiled import DisplayFilter
    from tunscope.index.capture import CaptureIndex
    from tunscope.tui.flow_facts import FlowFacts
    from tunscope.tui.settings.rule import ColouringRule

#: Packets that are tried at once, and verdicts that are kept.
_STRETCH: Final = 256
_KEPT: Final = 50_000
_NO_RULE: Final = -1
#: The first rows are painted before filters are loaded, and most files are read by then (seconds
#: after the first call: at least, and at most while a file is read).
_COURTESY: Final = 0.2
_PATIENCE: Final = 1.2


@dataclass(frozen=True, slots=True)
class _Verdict:
    """The first rule that holds for certain, and those before it that are open."""

    rule: int
    open: tuple[int, ...] = ()


class Colouring:
    """Tries `rules`, whose filters must be right, on packets of `capture`. For one thread."""

    def __init__(self, capture: CaptureIndex, rules: Sequence[ColouringRule]) -> None:
        self.enabled = True
        self.rules: Final = tuple(rules)
        self._capture = capture
        self._filters: list[DisplayFilter] | None = None
        self._loading: Thread | None = None
        self._asked = 0.0
        self._verdicts: dict[int, _Verdict] = {}
        self._facts: FlowFacts | None = None

    def rule(self, number: int) -> int:
        """Return the place in `rules` that packet `number` falls under; -1 for none, or unknown."""
        found = self._verdicts.get(number)
        return _NO_RULE if found is None or not self.enabled else found.rule

    def is_open(self, number: int) -> bool:
        """Return whether `settle` may give packet `number` another rule."""
        if not self.enabled:
            return False
        found = self._verdicts.get(number)
        return found is None or bool(found.open)

    def look(self, numbers: Sequence[int]) -> list[int]:
        """Try the rules over columns on one stretch of these packets; return what changed.

        That takes a millisecond or two. Nothing happens until the rules' filters are loaded,
        which begins on a thread of its own soon after the first call.
        """
        if not self.enabled or not self._is_loaded():
            return []
        unknown = next((number for number in numbers if number not in self._verdicts), None)
        if unknown is None:
            return []
        missing = [number for number in numbers if number not in self._verdicts]
        self._try_around(unknown)
        return [number for number in missing if self.rule(number) != _NO_RULE]

    def settle(self, numbers: Sequence[int], until: float) -> list[int]:
        """Find out what is open until `time.monotonic()` is `until`; return what changed."""
        changed: list[int] = []
        if not self.enabled or not self._is_loaded():
            return changed
        for number in numbers:
            if time.monotonic() >= until:
                break
            before = self.rule(number)
            if number not in self._verdicts:
                self._try_around(number)
            found = self._verdicts.get(number)
            if found is not None and found.open and not self._settle(number, found, until):
                break
            if self.rule(number) != before:
                changed.append(number)
        return changed

    def _is_loaded(self) -> bool:
        now = time.monotonic()
        self._asked = self._asked or now
        courtesy = _COURTESY if self._capture.progress == 1 else _PATIENCE
        if self._loading is None and now >= self._asked + courtesy:
            self._loading = Thread(target=self._compile, name="colouring", daemon=True)
            self._loading.start()
        return self._filters is not None

    def _compile(self) -> None:
        from tunscope.filter.compiled import compile_filter

        self._filters = [compile_filter(rule.filter) for rule in self.rules]

    def _try_around(self, number: int) -> None:
        if len(self._verdicts) > _KEPT:
            self._verdicts.clear()
        start, stop = self._stretch(number)
        from tunscope.filter.columnar.clock import Clock
        from tunscope.filter.columnar.run import Run

        batch = self._capture.batch(start, stop)
        first = self._capture.origin_ns
        run = Run(batch, Clock(first, first))
        in_flows = batch["flow"] != 0
        rule = np.full(batch.count, _NO_RULE)
        opened: dict[int, list[int]] = {}
        for place, display_filter in enumerate(self._filters or ()):
            verdict = display_filter.decide(run)
            undecided = rule == _NO_RULE
            unknown = in_flows if display_filter.needs_conversations else verdict.open
            if unknown is not None:
                for row in np.flatnonzero(unknown & undecided).tolist():
                    opened.setdefault(row, []).append(place)
                undecided &= ~unknown if display_filter.needs_conversations else True
            rule[verdict.holds & undecided] = place
        for row, place in enumerate(rule.tolist()):
            self._verdicts.setdefault(
                batch.start + row + 1, _Verdict(place, tuple(opened.get(row, ())))
            )

    def _stretch(self, number: int) -> tuple[int, int]:
        """Return the rows around packet `number` between packets that were tried."""
        first = (number - 1) // _STRETCH * _STRETCH + 1
        last = min(first + _STRETCH - 1, self._capture.count)
        tried = self._verdicts
        before = next((n for n in range(number - 1, first - 1, -1) if n in tried), first - 1)
        after = next((n for n in range(number + 1, last + 1) if n in tried), last + 1)
        return before, after - 1

    def _settle(self, number: int, found: _Verdict, until: float) -> bool:
        try:
            record = self._capture.record(number)
        except (KeyError, OSError, TunscopeError):  # gone with its segment
            self._verdicts[number] = _Verdict(found.rule)
            return True
        from tunscope.tui.flow_facts import FlowFacts, context_of

        if self._facts is None:
            self._facts = FlowFacts(self._capture)
        context = context_of(self._capture, number)
        for place in found.open:
            display_filter = (self._filters or [])[place]
            said = None
            if display_filter.needs_conversations:
                if not self._facts.follow(number, until):
                    return False
                said = self._facts.known(number)
            if display_filter.matches(record, context, said):
                self._verdicts[number] = _Verdict(place)
                return True
        self._verdicts[number] = _Verdict(found.rule)
        return True
