"""A short list to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical

from tunscope.packet.printable import printable
from tunscope.tui.dialog_keys import CHOICE_KEYS
from tunscope.tui.screens.keyed import BoxScreen
from tunscope.tui.screens.pager import LineList, PagerLine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

_NAME_CELLS = 28
_MOST_LINES = 16
_PREVIEW = 400


class ChoiceScreen(BoxScreen[int]):
    """Ends with the index of the chosen pair of name and text, None after Esc."""

    NAMESPACES = frozenset({"choice"})
    BINDINGS: ClassVar[list[BindingType]] = [*CHOICE_KEYS]
    DEFAULT_CSS = """
    ChoiceScreen { align: center middle; background: $background 60%; }
    ChoiceScreen > Vertical {
        width: 84; max-width: 96%; height: auto; max-height: 90%; background: $background;
    }
    """

    def __init__(self, title: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        lines = [
            PagerLine(
                (
                    (f" {name:<{_NAME_CELLS}}", "strong"),
                    (printable(text[:_PREVIEW].replace("\n", " ⏎ ")), "muted"),
                )
            )
            for name, text in choices
        ]
        self._list = LineList(title, lines)
        self._list.styles.height = 1 + min(len(lines), _MOST_LINES)

    def compose(self) -> ComposeResult:
        """The list and its keys."""
        with Vertical():
            yield self._list
            yield self.key_line("list.choose", "choice.close")

    def on_mount(self) -> None:
        """Make the list obey the keys."""
        self._list.focus()

    def on_virtual_list_row_chosen(self) -> None:
        """End with the row under the cursor."""
        self.dismiss(self._list.cursor)

    def action_close(self) -> None:
        """Choose nothing."""
        self.dismiss(None)
