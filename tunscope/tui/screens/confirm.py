"""A question with one answer that does it, and Esc."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from tunscope.packet.printable import printable
from tunscope.tui.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType


class ConfirmScreen(ModalScreen[bool]):
    """Asks before something is lost; nothing but `y` says yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", show=False, id="confirm.yes"),
        Binding("escape,n,q", "answer(False)", "No", show=False, id="confirm.no"),
    ]
    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; background: $background 60%; }
    ConfirmScreen > Vertical {
        width: 58; max-width: 96%; height: auto; padding: 1 2 0 2; background: $panel;
        border-left: thick $warning;
    }
    ConfirmScreen Static { background: $panel; color: $foreground; }
    ConfirmScreen KeyLine { margin: 1 0; }
    """

    def __init__(self, question: str, deed: str) -> None:
        super().__init__()
        self._question = question
        self._deed = deed

    def compose(self) -> ComposeResult:
        """The question and its answers."""
        with Vertical():
            yield Static(printable(self._question), markup=False)
            yield KeyLine((("y", self._deed, "yes"), ("Esc", "Cancel", "no")))

    def on_key_line_pressed(self, event: KeyLine.Pressed) -> None:
        """Answer from the mouse."""
        self.action_answer(event.action == "yes")

    def action_answer(self, answer: bool) -> None:
        """Answer."""
        self.dismiss(answer)
