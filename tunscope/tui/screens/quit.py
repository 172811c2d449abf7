"""The question before packets would be lost."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Final

from textual.containers import Vertical
from textual.widgets import Static

from tunscope.tui.dialog_keys import QUIT_KEYS
from tunscope.tui.screens.keyed import PanelScreen

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

#: A capture that goes on is counted this often meanwhile (seconds).
_PAUSE: Final = 0.25


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

    def __init__(self, loss: Callable[[], str], deed: str = "Save and quit") -> None:
        """`loss` tells in a sentence what would be lost now, `deed` is what saving is called."""
        super().__init__()
        self._loss = loss
        self._deed = deed
        self._told = ""
        self._sentence = Static("", markup=False)

    def compose(self) -> ComposeResult:
        """The question and its answers."""
        with Vertical():
            yield self._sentence
            labels = {"quit.save": self._deed}
            yield self.key_line("quit.save", "quit.discard", "quit.cancel", labels=labels)

    def on_mount(self) -> None:
        """Tell at once, and anew while packets come."""
        self.set_interval(_PAUSE, self._tell)
        self._tell()

    def _tell(self) -> None:
        loss = self._loss()
        if loss != self._told:
            self._told = loss
            self._sentence.update(loss)

    def action_choose(self, choice: str) -> None:
        """Answer."""
        self.dismiss(QuitChoice(choice))
