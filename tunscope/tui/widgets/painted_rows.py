"""Rows of any number, of which only the visible lines exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.strip import Strip

from tunscope.tui.text import LineBuilder
from tunscope.tui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    from collections.abc import Hashable

    from rich.style import Style

_CACHED_STRIPS = 2000
#: More cells than any text has.
_ENDLESS = 1 << 24


class PaintedRows(LineWidget):
    """Rows from `top` on, one of them under the cursor, a self-drawn scrollbar and a strip cache.

    A subclass says how many rows there are (`row_count`), paints one (`paint_row`), and names
    what a painted row depends on besides width, selection and theme (`row_key`). No row is ever
    an object of this widget, so that moving costs the same in ten rows and in ten million.
    """

    HEADING_LINES: ClassVar[int] = 0

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.cursor = 0
        self.top = 0
        #: Cells of every row that are out of sight on the left.
        self.left = 0
        self._strips: dict[Hashable, Strip] = {}
        self._frame_thumb = range(0)
        self._frame_focus = False
        self._frame_overlay = ""

    # --- what a subclass answers

    @property
    def row_count(self) -> int:
        """Number of rows."""
        raise NotImplementedError

    def paint_row(self, row: int, line: LineBuilder, *, selected: bool) -> None:
        """Add the pieces of `row` to `line`; it is padded with the row's style."""
        raise NotImplementedError

    def row_key(self, row: int) -> Hashable:
        """Return what the looks of `row` depend on."""
        return row

    def paint_heading(self, y: int, line: LineBuilder) -> None:
        """Add the pieces of heading line `y`, 0 <= y < HEADING_LINES."""

    def paint_blank(self, y: int, line: LineBuilder) -> None:
        """Add the pieces of body line `y` below the last row."""

    def overlay(self) -> str:
        """Return a short text to lay over the end of the last body line, "" for none."""
        return ""

    # --- geometry

    @property
    def body_height(self) -> int:
        """Lines that can show rows."""
        return max(1, self.extent.height - self.HEADING_LINES)

    @property
    def visible_rows(self) -> range:
        """Rows on the screen now."""
        return range(self.top, min(self.row_count, self.top + self.body_height))

    def line_of(self, row: int) -> int:
        """Return the widget line on which `row` stands (which may be outside)."""
        return row - self.top + self.HEADING_LINES

    def thumb(self) -> range:
        """Body lines that the scrollbar's thumb covers; none when every row is visible."""
        body, rows = self.body_height, self.row_count
        if rows <= body:
            return range(0)
        length = max(1, body * body // rows)
        start = self.top * (body - length) // (rows - body)
        return range(start, start + length)

    # --- painting

    def row_style(self, *, selected: bool) -> Style:
        """Return the base style of a row."""
        styles = self.palette
        if not selected:
            return styles.text
        return styles.cursor if self.has_focus else styles.cursor_blurred

    def begin_frame(self) -> None:
        """Find out once what every line needs."""
        self._frame_thumb = self.thumb()
        self._frame_focus = self.has_focus
        self._frame_overlay = self.overlay()

    def paint_line(self, y: int) -> Strip:
        """Return line `y`: a heading, a row with its piece of scrollbar, or a blank."""
        width = self.extent.width
        body_line = y - self.HEADING_LINES
        if body_line < 0:
            line = LineBuilder(width)
            self.paint_heading(y, line)
            return line.strip(self.palette.head)
        row = self.top + body_line
        if row >= self.row_count:
            line = LineBuilder(width)
            self.paint_blank(body_line, line)
            return line.strip(self.palette.text)
        overlay = self._frame_overlay if body_line == self.body_height - 1 else ""
        on_thumb = body_line in self._frame_thumb
        selected = row == self.cursor
        focus = selected and self._frame_focus
        generation = self.style_generation
        look = (selected, focus, on_thumb, overlay, generation)
        key = (self.row_key(row), width, self.left, look)
        strip = self._strips.get(key)
        if strip is None:
            if len(self._strips) >= _CACHED_STRIPS:
                self._strips.clear()
            strip = self._paint_row(row, width, selected, on_thumb, overlay)
            self._strips[key] = strip
        return strip

    def paint_title(self, title: str, line: LineBuilder) -> None:
        """Add a pane's title to its heading; that of the focused pane is bold and marked."""
        styles = self.palette
        line.add("▌" if self.has_focus else " ", styles.head_active)
        if self.left:
            line.add("‹ ", styles.head_active)
        line.add(title, styles.head_active if self.has_focus else styles.head)

    def _paint_row(
        self, row: int, width: int, selected: bool, on_thumb: bool, overlay: str
    ) -> Strip:
        styles = self.palette
        line = LineBuilder(max(0, width - 1 - len(overlay)))
        self.paint_row(row, line, selected=selected)
        line.fill(self.row_style(selected=selected))
        line.extend(len(overlay) + 1)
        line.add(overlay, styles.badge)
        if on_thumb:
            line.add("█", styles.thumb)
        elif self.row_count > self.body_height:
            line.add("│", styles.track)
        return line.strip(styles.text)

    def forget_painted(self) -> None:
        """Drop every cached strip and repaint: something all rows depend on has changed."""
        self._strips.clear()
        self.refresh(self.extent.region)

    def notify_style_update(self) -> None:
        """Drop strips painted with the old theme."""
        super().notify_style_update()
        self._strips.clear()

    def cells_of(self, row: int) -> int:
        """Return how wide a row is, with what does not fit."""
        line = LineBuilder(_ENDLESS)
        self.paint_row(row, line, selected=False)
        return line.used + line.passed

    def on_focus(self) -> None:
        """Show the cursor as that of the focused list."""
        self._repaint_focus()

    def on_blur(self) -> None:
        """Show the cursor as that of a list in the background."""
        self._repaint_focus()

    def _repaint_focus(self) -> None:
        self.repaint_lines((*range(self.HEADING_LINES), self.line_of(self.cursor)))
