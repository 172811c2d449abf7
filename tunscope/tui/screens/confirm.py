"""A question with one answer that does it, and Esc."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.widgets import Static

from tunscope.packet.printable import printable
from tunscope.tui.dialog_keys import CONFIRM_KEYS
from tunscope.tui.screens.keyed import BoxScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType


class ConfirmScreen(BoxScreen[bool]):
    """Asks before something is lost; nothing but `y` says yes."""

    NAMESPACES = frozenset({"confirm"})
    BINDINGS: ClassVar[list[BindingType]] = [*CONFIRM_KEYS]
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
            labels = {"confirm.yes": self._deed}
            yield self.key_line("confirm.yes", "confirm.no", labels=labels)

    def action_answer(self, answer: bool) -> None:
        """Answer."""
        self.dismiss(answer)
