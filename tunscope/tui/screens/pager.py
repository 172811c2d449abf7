"""A box over the screen with lines to read: help, messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical

from tunscope.tui.dialog_keys import PAGER_KEYS
from tunscope.tui.screens.keyed import BoxScreen
from tunscope.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tunscope.tui.text import LineBuilder


@dataclass(frozen=True, slots=True)
class PagerLine:
    """One line: pieces of printable text, each with the name of a `Palette` style."""

    pieces: tuple[tuple[str, str], ...] = ()


class LineList(VirtualList):
    """Lines to read."""

    HEADING_LINES: ClassVar[int] = 1

    def __init__(self, title: str, lines: Sequence[PagerLine], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = title
        self._lines = lines

    def show(self, lines: Sequence[PagerLine]) -> None:
        """Show other lines; the cursor stays where it is."""
        if lines != self._lines:
            self._lines = lines
            self.move_to(self.cursor)
            self.forget_painted()

    @property
    def row_count(self) -> int:
        """Number of lines."""
        return len(self._lines)

    def paint_heading(self, y: int, line: LineBuilder) -> None:
        """Paint the title."""
        del y
        line.add(f" {self._title}", self.palette.head_active)

    def paint_row(self, row: int, line: LineBuilder, *, selected: bool) -> None:
        """Paint one line."""
        base = self.row_style(selected=True) if selected else None
        line.add("▌" if selected else " ", base or self.palette.text)
        line.hide(self.left)
        for text, style in self._lines[row].pieces:
            line.add(text, base or getattr(self.palette, style))


class Pager(BoxScreen[None]):
    """Shows lines in a list until Esc or q."""

    NAMESPACES = frozenset({"pager"})
    #: Ids of the actions on the last line.
    SHOWN_KEYS: ClassVar[tuple[str, ...]] = ("pager.close",)
    BINDINGS: ClassVar[list[BindingType]] = [*PAGER_KEYS]
    DEFAULT_CSS = """
    Pager { align: center middle; background: $background 60%; }
    Pager > Vertical { width: 84; max-width: 96%; height: 86%; background: $background; }
    Pager LineList { height: 1fr; }
    """

    def __init__(self, title: str, lines: Sequence[PagerLine]) -> None:
        super().__init__()
        self._list = LineList(title, lines)

    def compose(self) -> ComposeResult:
        """The list and its keys."""
        with Vertical():
            yield self._list
            yield self.key_line(*self.SHOWN_KEYS)

    def on_mount(self) -> None:
        """Make the list obey the keys."""
        self._list.focus()

    def show_lines(self, lines: Sequence[PagerLine]) -> None:
        """Show other lines."""
        self._list.show(lines)

    def action_scroll(self, cells: int) -> None:
        """Scroll the lines sideways."""
        self._list.scroll_sideways(cells)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)
