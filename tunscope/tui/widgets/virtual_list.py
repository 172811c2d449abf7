"""A list of any length with a cursor, for keys and the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from tunscope.tui.bound_keys import keys_of
from tunscope.tui.keymap import LIST_KEYS
from tunscope.tui.widgets.painted_rows import PaintedRows

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType

_WHEEL_LINES = 3
_WHEEL_CELLS = 8
_LONGEST_COUNT = 12


class VirtualList(PaintedRows, can_focus=True):
    """Rows that the cursor is moved over, with counts as in vi, and scrolled both ways.

    A subclass says what the rows are, see `PaintedRows`.
    """

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
        self.typed_count = ""
        self._prefixed = False
        self._thumb_grip: int | None = None

    def row_of_number(self, number: int) -> int:
        """Return the row that a typed number means, here the number-th row."""
        return number - 1

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
        widest = max((self.cells_of(row) for row in self.visible_rows), default=0)
        most = max(0, widest - self.extent.width + 1)
        left = max(0, min(self.left + cells, most))
        if left != self.left:
            self.left = left
            self.refresh(self.extent.region)

    # --- keys

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
        if number is None:
            self.action_first()
        else:
            self.move_to(self.row_of_number(number))

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

    def on_key(self, event: events.Key) -> None:
        """Let keys go up to what they are bound to."""
        if self.takes_key(event):
            event.stop()

    def takes_key(self, event: events.Key) -> bool:
        """Do what a key does here whatever it is bound to; return whether that is all.

        The digits of a count are collected; any key but a second `g` drops a waiting `g`.
        """
        digit = event.character if event.character in set("0123456789") else None
        if digit is not None and (self.typed_count or digit != "0"):
            self.typed_count = (self.typed_count + digit)[-_LONGEST_COUNT:]
            self.post_message(self.CountTyped(self))
            return True
        if event.key == "escape" and (self.typed_count or self._prefixed):
            self.take_count()
            return True
        if self._prefixed and event.key not in keys_of(self.app, "list.prefix"):
            self._prefixed = False
        return False

    # --- the mouse

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
