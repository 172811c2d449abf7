"""A box over the screen with lines to read: help, messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from tunscope.tui.widgets.key_line import KeyLine
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


class Pager(ModalScreen[None]):
    """Shows lines in a list until Esc or q."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "Close", show=False, id="pager.close"),
    ]
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
            yield KeyLine((("Esc", "Close", "close"),))

    def on_mount(self) -> None:
        """Make the list obey the keys."""
        self._list.focus()

    def show_lines(self, lines: Sequence[PagerLine]) -> None:
        """Show other lines."""
        self._list.show(lines)

    def on_key_line_pressed(self, event: KeyLine.Pressed) -> None:
        """Close from the mouse."""
        del event
        self.action_close()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)
