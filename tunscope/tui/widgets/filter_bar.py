"""The display filter: typed, judged at every key, applied with Enter."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from tunscope.packet.printable import printable
from tunscope.tui import units
from tunscope.tui.completion import CompletionSuggester, Cycle
from tunscope.tui.keymap import FILTER_BAR_KEYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tunscope.index.filtering import Predicate
    from tunscope.tui.filter_language import FilterLanguage
    from tunscope.tui.line_history import LineHistory
    from tunscope.tui.seen_values import SeenValues


#: A filter that takes longer than this shows how far it is (seconds).
_PATIENCE = 0.3


class FilterBar(Horizontal):
    """One line: a sign, the filter, and what came of it.

    `applied` is the filter in force, "" for none; `enabled` says whether it is looked at. The
    verdict has a sign and a sentence, the colour only repeats them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*FILTER_BAR_KEYS]
    DEFAULT_CSS = """
    FilterBar { height: 1; background: $surface; }
    FilterBar > #filter-sign { width: 3; background: $surface; color: $text-accent; }
    FilterBar > Input {
        width: 1fr; height: 1; border: none; padding: 0; background: $surface; color: $foreground;
    }
    FilterBar > #filter-verdict {
        width: auto; max-width: 60%; padding: 0 1; background: $surface; color: $foreground 70%;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    FilterBar > #filter-verdict.-right { color: $text-success; text-style: bold; }
    FilterBar > #filter-verdict.-wrong { color: $text-error; text-style: bold; }
    """

    class Applied(Message):
        """Another filter is in force, or it was switched on or off."""

    class Refused(Message):
        """What was entered is no filter; `reason` is all that is to be said of it."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    class Left(Message):
        """The person went back to the list."""

    def __init__(
        self,
        language: FilterLanguage,
        history: LineHistory,
        seen: SeenValues | None = None,
        *,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.applied = ""
        self.enabled = True
        self._language = language
        self._history = history
        self._counts = ""
        self._behind_since = math.inf
        #: Whether the person has stopped the filter in force.
        self._stopped = False
        self._seen = seen
        self._cycle = Cycle(self.completions)
        self._input = Input(
            placeholder="display filter, as in Wireshark: tcp.port == 443 and ip.ttl < 5",
            suggester=CompletionSuggester(self.completions),
            select_on_focus=False,
            compact=True,
        )
        self._verdict = Static("", id="filter-verdict", markup=False)

    def compose(self) -> ComposeResult:
        """The sign, the filter, the verdict."""
        yield Static(" / ", id="filter-sign", markup=False)
        yield self._input
        yield self._verdict

    @property
    def language(self) -> FilterLanguage:
        """The language that filters are written in."""
        return self._language

    @property
    def in_force(self) -> str:
        """The filter that decides what is displayed, "" if none does."""
        return self.applied if self.enabled else ""

    def predicate(self) -> Predicate | None:
        """Return the filter in force as a predicate, None if all packets pass."""
        return self._language.predicate(self.in_force) if self.in_force else None

    def edit(self) -> None:
        """Go to the filter, all of it selected: typing replaces it, an arrow key keeps it."""
        self._input.focus()
        self._input.select_all()

    def mend(self) -> None:
        """Go to the filter with the cursor at its end."""
        self._input.focus()
        self._input.cursor_position = len(self._input.value)

    def apply(self, text: str) -> bool:
        """Put `text` in force; False, with the reason shown, if it is no filter."""
        self._input.value = text
        if self._language.mistake(text) is not None:
            self._judge()
            return False
        self.applied, self.enabled = text.strip(), True
        self._history.add(self.applied)
        self._counts = ""
        self._behind_since, self._stopped = math.inf, False
        self._judge()
        self.post_message(self.Applied())
        return True

    def toggle(self) -> None:
        """Switch the filter off, or on again."""
        if self.applied:
            self.enabled = not self.enabled
            self._judge()
            self.post_message(self.Applied())

    def cancel(self) -> None:
        """Go back to the filter in force and to the list."""
        self._input.value = self.applied
        self._judge()
        self.post_message(self.Left())

    def show_counts(self, displayed: int, total: int, progress: float) -> None:
        """Show how many of the packets pass, and how far a slow filter has got."""
        share = units.percentage(displayed, total)
        counts = f"{units.count(displayed)} of {units.count(total)} ({share})"
        if self._lags(progress):
            state = "stopped at" if self._stopped else "Esc stops ·"
            counts = f"{state} {progress:.0%} · {counts}"
        if counts != self._counts:
            self._counts = counts
            self._judge()

    def stop(self) -> bool:
        """Say that the filter stops where it is; False if nobody waits for it."""
        waiting = not self._stopped and self._waits
        self._stopped = self._stopped or waiting
        return waiting

    @property
    def _waits(self) -> bool:
        return time.monotonic() - self._behind_since > _PATIENCE

    def _lags(self, progress: float) -> bool:
        """Whether the filter has been behind for so long that a person wants to know."""
        now = time.monotonic()
        if progress >= 1:
            self._behind_since = math.inf
        else:
            self._behind_since = min(self._behind_since, now)
        return self._waits

    def _judge(self) -> None:
        text = self._input.value
        mistake = self._language.mistake(text)
        verdict = self._verdict
        edited = text.strip() != self.applied
        verdict.set_class(mistake is not None, "-wrong")
        verdict.set_class(mistake is None and bool(text.strip()) and self.enabled, "-right")
        if mistake is not None:
            verdict.update(printable(f"✘ column {mistake.column}: {mistake.message}"))
        elif edited:
            verdict.update("✔ Enter applies" if text.strip() else "Enter shows all")
        elif not self.applied:
            verdict.update("")
        else:
            verdict.update(f"✔ {self._counts}" if self.enabled else "○ off (! switches it on)")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Judge what is typed."""
        event.stop()
        self._judge()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Apply what was typed; a mistake stays on the screen with its place."""
        event.stop()
        if self.apply(event.value):
            self.post_message(self.Left())
        elif (mistake := self._language.mistake(event.value)) is not None:
            self.post_message(self.Refused(f"column {mistake.column}: {mistake.message}"))
        else:
            mistake = self._language.mistake(event.value)
            assert mistake is not None
            self._input.cursor_position = min(mistake.column - 1, len(event.value))

    def action_older(self) -> None:
        """Take the filter before from the history."""
        self._recall(-1)

    def action_newer(self) -> None:
        """Take the filter after from the history."""
        self._recall(1)

    def _recall(self, step: int) -> None:
        self._input.value = self._history.step(step)
        self._input.cursor_position = len(self._input.value)

    def completions(self, text: str) -> Sequence[str]:
        """Return what `text` may become: fields, then values seen in the capture."""
        return self._language.completions(text, self._seen)

    def action_complete(self, step: int) -> None:
        """Complete the word before the cursor; again: the next (1) or previous (-1) way."""
        value, at = self._input.value, self._input.cursor_position
        completed = self._cycle.next(value[:at], step)
        self._input.value = completed + value[at:]
        self._input.cursor_position = len(completed)
