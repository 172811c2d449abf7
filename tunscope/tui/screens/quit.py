"""The question before packets would be lost."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.widgets import Static

from tunscope.tui.dialog_keys import QUIT_KEYS
from tunscope.tui.screens.keyed import PanelScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType


class QuitChoice(Enum):
    """What to do with a capture that is in no file of its own."""

    SAVE = "save"
    DISCARD = "discard"
    CANCEL = "cancel"


class QuitScreen(PanelScreen[QuitChoice]):
    """Save, discard or cancel; nothing is lost by a slip of a finger on Enter or Esc."""

    NAMESPACES = frozenset({"quit"})
    BINDINGS: ClassVar[list[BindingType]] = [*QUIT_KEYS]
    DEFAULT_CSS = "QuitScreen > Vertical { border-left: thick $warning; }"

    def __init__(self, loss: str, deed: str = "Save and quit") -> None:
        """`loss` is one sentence about what would be lost, `deed` what saving is called."""
        super().__init__()
        self._loss = loss
        self._deed = deed

    def compose(self) -> ComposeResult:
        """The question and its answers."""
        with Vertical():
            yield Static(self._loss, markup=False)
            labels = {"quit.save": self._deed}
            yield self.key_line("quit.save", "quit.discard", "quit.cancel", labels=labels)

    def action_choose(self, choice: str) -> None:
        """Answer."""
        self.dismiss(QuitChoice(choice))
