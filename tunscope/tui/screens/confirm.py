"""A question with one answer that does it, and Esc."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.widgets import Static

from tunscope.packet.printable import printable
from tunscope.tui.dialog_keys import CONFIRM_KEYS
from tunscope.tui.screens.keyed import PanelScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType


class ConfirmScreen(PanelScreen[bool]):
    """Asks before something is lost; nothing but `y` says yes."""

    NAMESPACES = frozenset({"confirm"})
    BINDINGS: ClassVar[list[BindingType]] = [*CONFIRM_KEYS]
    DEFAULT_CSS = "ConfirmScreen > Vertical { border-left: thick $warning; }"

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
