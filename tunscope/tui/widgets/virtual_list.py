"""A list of any length of which only the visible lines exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.message import Message
from textual.strip import Strip

from tunscope.tui.bound_keys import keys_of
from tunscope.tui.keymap import LIST_KEYS
from tunscope.tui.text import LineBuilder
from tunscope.tui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    from collections.abc import Hashable

    from rich.style import Style
    from textual import events
    from textual.binding import BindingType

_CACHED_STRIPS = 2000
_WHEEL_LINES = 3
_WHEEL_CELLS = 8
#: More cells than any text has.
_ENDLESS = 1 << 24
_LONGEST_COUNT = 12


class VirtualList(LineWidget, can_focus=True):
    """Rows with a cursor, their own top index, a self-drawn scrollbar and a strip cache.

    A subclass says how many rows there are (`row_count`), paints one (`paint_row`), and names
    what a painted row depends on besides width, selection and theme (`row_key`). No row is ever
    an object of this widget, so that moving costs the same in ten rows and in ten million.
    """

    HEADING_LINES: ClassVar[int] = 0
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS]

    class CursorMoved(Message):
        """The cursor stands on another row now."""

        def __init__(self, sender: VirtualList) -> None:
            super().__init__()
            self.list = sender

        @property
        def control(self) -> VirtualList:
            """The list it is about."""
            return self.list

    class RowChosen(CursorMoved):
        """Enter or a double click on the row under the cursor."""

    class CountTyped(CursorMoved):
        """The count typed before a command changed (`typed_count`)."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.cursor = 0
        self.top = 0
        #: Cells of every row that are out of sight on the left (see `action_scroll`).
        self.left = 0
        self.typed_count = ""
        self._prefixed = False
        self._strips: dict[Hashable, Strip] = {}
        self._thumb_grip: int | None = None
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

    def row_of_number(self, number: int) -> int:
        """Return the row that a typed number means, here the number-th row."""
        return number - 1

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

    # --- moving

    def move_to(self, row: int) -> None:
        """Put the cursor on `row`, or on the nearest there is, and scroll it into view."""
        old_cursor, old_top = self.cursor, self.top
        self.cursor = max(0, min(row, self.row_count - 1))
        self._show_cursor()
        if self.top != old_top:
            self.refresh(self.extent.region)
        elif self.cursor != old_cursor:
            self.repaint_lines((self.line_of(old_cursor), self.line_of(self.cursor)))
        if self.cursor != old_cursor:
            self.cursor_moved(old_cursor)
            self.post_message(self.CursorMoved(self))

    def cursor_moved(self, old_row: int) -> None:
        """Hook for a subclass: the cursor left `old_row`."""

    def _show_cursor(self) -> None:
        body = self.body_height
        if not self.top - body <= self.cursor < self.top + 2 * body:
            self.top = self.cursor - body // 2  # a leap: show what is around
        elif self.cursor < self.top:
            self.top = self.cursor
        elif self.cursor >= self.top + body:
            self.top = self.cursor - body + 1
        self.top = max(0, min(self.top, self.row_count - body))

    def scroll_lines(self, lines: int) -> None:
        """Scroll without the cursor, which only follows to stay on the screen."""
        self._scroll_top_to(self.top + lines)

    def _scroll_top_to(self, top: int) -> None:
        body = self.body_height
        new_top = max(0, min(top, self.row_count - body))
        if new_top == self.top:
            return
        self.top = new_top
        self.refresh(self.extent.region)
        self.move_to(max(new_top, min(self.cursor, new_top + body - 1)))

    # --- sideways

    def action_scroll(self, cells: int) -> None:
        """Scroll sideways, to the left with fewer than 0 cells."""
        self.scroll_sideways(cells)

    def scroll_sideways(self, cells: int) -> None:
        """Scroll as far as the widest row on the screen has something to show."""
        widest = max((self._cells_of(row) for row in self.visible_rows), default=0)
        most = max(0, widest - self.extent.width + 1)
        left = max(0, min(self.left + cells, most))
        if left != self.left:
            self.left = left
            self.refresh(self.extent.region)

    def _cells_of(self, row: int) -> int:
        line = LineBuilder(_ENDLESS)
        self.paint_row(row, line, selected=False)
        return line.used + line.passed

    def take_count(self) -> int | None:
        """Return the count typed before this command, and forget it."""
        text, self.typed_count, self._prefixed = self.typed_count, "", False
        if text:
            self.post_message(self.CountTyped(self))
        return int(text) if text else None

    def action_move(self, rows: int) -> None:
        """Move by `rows`, or by as many times as the typed count says."""
        self.move_to(self.cursor + rows * (self.take_count() or 1))

    def action_page(self, pages: int) -> None:
        """Move by pages, the cursor keeping its line on the screen."""
        self._page(pages * self.body_height)

    def action_half_page(self, halves: int) -> None:
        """Move by half pages."""
        self._page(halves * max(1, self.body_height // 2))

    def _page(self, rows: int) -> None:
        self.take_count()
        top = max(0, min(self.top + rows, self.row_count - self.body_height))
        if top != self.top:
            self.top = top
            self.refresh(self.extent.region)
        self.move_to(self.cursor + rows)

    def action_first(self) -> None:
        """Go to the first row."""
        self.take_count()
        self.move_to(0)

    def action_last(self) -> None:
        """Go to the last row."""
        self.take_count()
        self.move_to(self.row_count - 1)

    def action_prefix(self) -> None:
        """Go to the first row, or to the typed number, at the second `g`."""
        if not self._prefixed:
            self._prefixed = True
            return
        number = self.take_count()
        self.move_to(0 if number is None else self.row_of_number(number))

    def action_goto_typed(self) -> None:
        """Go to the typed number, or to the last row."""
        number = self.take_count()
        if number is None:
            self.action_last()
        else:
            self.move_to(self.row_of_number(number))

    def action_choose(self) -> None:
        """Tell that the row under the cursor is chosen."""
        if self.row_count:
            self.post_message(self.RowChosen(self))

    # --- events

    def on_key(self, event: events.Key) -> None:
        """Collect the digits of a count; any key but a second `g` drops a waiting `g`."""
        digit = event.character if event.character in set("0123456789") else None
        if digit is not None and (self.typed_count or digit != "0"):
            self.typed_count = (self.typed_count + digit)[-_LONGEST_COUNT:]
            self.post_message(self.CountTyped(self))
            event.stop()
        elif event.key == "escape" and (self.typed_count or self._prefixed):
            self.take_count()
            event.stop()
        elif self._prefixed and event.key not in keys_of(self.app, "list.prefix"):
            self._prefixed = False

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Put the cursor on the clicked row, or grip the scrollbar."""
        line = event.y - self.HEADING_LINES
        if event.x == self.extent.width - 1 and self.row_count > self.body_height and line >= 0:
            thumb = self.thumb()
            self._thumb_grip = line - thumb.start if line in thumb else len(thumb) // 2
            self.capture_mouse()
            self._drag_thumb(line)
        elif line < 0:
            self.heading_clicked(event.x)
        elif self.top + line < self.row_count:
            self.clicked(self.top + line, event.x)

    def clicked(self, row: int, x: int) -> None:
        """React to a click on `row` at column `x`."""
        del x
        self.move_to(row)

    def heading_clicked(self, x: int) -> None:
        """React to a click on the heading at column `x`."""

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the scrollbar."""
        if self._thumb_grip is not None:
            self._drag_thumb(event.y - self.HEADING_LINES)

    def on_mouse_up(self) -> None:
        """Let the scrollbar go."""
        if self._thumb_grip is not None:
            self._thumb_grip = None
            self.release_mouse()

    def _drag_thumb(self, line: int) -> None:
        body, rows = self.body_height, self.row_count
        start = line - (self._thumb_grip or 0)
        room = max(1, body - len(self.thumb()))
        self._scroll_top_to(start * (rows - body) // room)

    def on_click(self, event: events.Click) -> None:
        """Choose the row at a double click."""
        if event.chain == 2 and event.y >= self.HEADING_LINES and event.x < self.extent.width - 1:
            self.action_choose()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down by a few lines, with Shift to the right."""
        event.stop()
        if event.shift:
            self.scroll_sideways(_WHEEL_CELLS)
        else:
            self.scroll_lines(_WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up by a few lines, with Shift to the left."""
        event.stop()
        if event.shift:
            self.scroll_sideways(-_WHEEL_CELLS)
        else:
            self.scroll_lines(-_WHEEL_LINES)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        """Scroll to the right with a wheel that can."""
        event.stop()
        self.scroll_sideways(_WHEEL_CELLS)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        """Scroll to the left."""
        event.stop()
        self.scroll_sideways(-_WHEEL_CELLS)

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._show_cursor()

    def on_focus(self) -> None:
        """Show the cursor as that of the focused list."""
        self._repaint_focus()

    def on_blur(self) -> None:
        """Show the cursor as that of a list in the background."""
        self._repaint_focus()

    def _repaint_focus(self) -> None:
        self.repaint_lines((*range(self.HEADING_LINES), self.line_of(self.cursor)))
