"""One line to type into, in the place of the key line: a number, a file name, a command."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from tunscope.tui.completion import CompletionSuggester, Cycle, nothing
from tunscope.tui.keymap import PROMPT_KEYS

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tunscope.tui.completion import Completer
    from tunscope.tui.line_history import LineHistory


class PromptLine(Horizontal):
    """Asks for a line of text; invisible until `ask` is called.

    The answer comes as `Answered`, with the topic that was asked for; Esc gives `Cancelled`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*PROMPT_KEYS]
    DEFAULT_CSS = """
    PromptLine { height: 1; display: none; background: $panel; }
    PromptLine.-asking { display: block; }
    PromptLine > Static { width: auto; padding: 0 1; color: $text-accent; text-style: bold; }
    PromptLine > Input {
        width: 1fr; height: 1; border: none; padding: 0; background: $panel; color: $foreground;
    }
    """

    class Answered(Message):
        """A line was entered."""

        def __init__(self, topic: str, text: str) -> None:
            super().__init__()
            self.topic = topic
            self.text = text

    class Cancelled(Message):
        """The question was left without an answer."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._topic = ""
        self._cycle = Cycle(nothing)
        self._history: LineHistory | None = None
        self._answer = ""

    def compose(self) -> ComposeResult:
        """A label and an input."""
        yield Static("", markup=False)
        yield Input(select_on_focus=False, compact=True)

    @property
    def asking(self) -> bool:
        """Whether a question is open."""
        return self.has_class("-asking")

    def ask(
        self,
        topic: str,
        label: str,
        text: str = "",
        *,
        completer: Completer = nothing,
        history: LineHistory | None = None,
    ) -> None:
        """Ask for `topic` under `label`, with `text` to start from.

        Tab completes with `completer`; up and down go through `history`, which learns the answer.
        """
        self._topic = topic
        self._cycle = Cycle(completer)
        self._history = history
        self.query_one(Static).update(label)
        entry = self.query_one(Input)
        entry.suggester = None if completer is nothing else CompletionSuggester(completer)
        self._open(text)

    def ask_again(self) -> None:
        """Open the last question again, as it was answered: the answer was no good."""
        self._open(self._answer)

    def _open(self, text: str) -> None:
        self._set(text)
        self.add_class("-asking")
        self.query_one(Input).focus()

    @property
    def topic(self) -> str:
        """What is asked for now, "" if nothing is."""
        return self._topic if self.asking else ""

    def relabel(self, label: str) -> None:
        """Show another label before what is typed."""
        self.query_one(Static).update(label)

    def close(self) -> None:
        """Leave the question."""
        self.remove_class("-asking")

    def _set(self, text: str) -> None:
        entry = self.query_one(Input)
        entry.value = text
        entry.cursor_position = len(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Keep what is typed within the line."""
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand the answer out."""
        event.stop()
        self.close()
        if self._history is not None:
            self._history.add(event.value)
        self._answer = event.value
        self.post_message(self.Answered(self._topic, event.value))

    def cancel(self) -> None:
        """Leave the question without an answer."""
        self.close()
        if self._history is not None:
            self._history.add("")
        self.post_message(self.Cancelled())

    def action_complete(self, step: int) -> None:
        """Complete what is typed, or take the next (1) or previous (-1) candidate."""
        self._set(self._cycle.next(self.query_one(Input).value, step))

    def action_recall(self, step: int) -> None:
        """Take an older (-1) or newer (1) line."""
        if self._history is not None:
            self._set(self._history.step(step))
