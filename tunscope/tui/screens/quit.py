"""The question before packets would be lost."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.widgets import Static

from tunscope.tui.dialog_keys import QUIT_KEYS
from tunscope.tui.screens.keyed import BoxScreen

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType


class QuitChoice(Enum):
    """What to do with a capture that is in no file of its own."""

    SAVE = "save"
    DISCARD = "discard"
    CANCEL = "cancel"


class QuitScreen(BoxScreen[QuitChoice]):
    """Save, discard or cancel; nothing is lost by a slip of a finger on Enter or Esc."""

    NAMESPACES = frozenset({"quit"})
    BINDINGS: ClassVar[list[BindingType]] = [*QUIT_KEYS]
    DEFAULT_CSS = """
    QuitScreen { align: center middle; background: $background 60%; }
    QuitScreen > Vertical {
        width: 58; max-width: 96%; height: auto; padding: 1 2 0 2; background: $panel;
        border-left: thick $warning;
    }
    QuitScreen Static { background: $panel; color: $foreground; }
    QuitScreen KeyLine { margin: 1 0; }
    """

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
