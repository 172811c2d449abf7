"""The packet list: its order, marks, columns and colours, painted when they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.message import Message

from tunscope.packet.printable import printable
from tunscope.tui.keymap import TABLE_KEYS
from tunscope.tui.widgets.following_list import FollowingList

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from textual.binding import BindingType

    from tunscope.tui.table_columns import Column
    from tunscope.tui.text import LineBuilder
    from tunscope.tui.time_format import TimeFormat

_HIDDEN: Final = "the filter hides every packet"


class PacketTable(FollowingList):
    """A packet a row, its columns as wide as their texts, sorted by one of them or by number."""

    HEADING_LINES: ClassVar[int] = 1
    BINDINGS: ClassVar[list[BindingType]] = [*TABLE_KEYS]

    class SortRefused(Message):
        """There are too many rows for an order by this column."""

        def __init__(self, column: str, most: int) -> None:
            super().__init__()
            self.column = column
            self.most = most

    # --- order

    def heading_clicked(self, x: int) -> None:
        """Sort by the clicked column."""
        column = self.painter.column_at(x, self.extent.width)
        if column is not None:
            self.sort_by(column.id)

    def sort_by(self, column: str) -> None:
        """Sort by a column: upwards, downwards the second time, by number the third time.

        A column that has no order is left alone.
        """
        from tunscope.tui.column_sorting import is_sortable

        painter = self.painter
        if not is_sortable(column):
            return
        if column != painter.sorted_by:
            painter.sorted_by, painter.descending = column, False
        elif not painter.descending:
            painter.descending = True
        else:
            painter.sorted_by = ""
        self._sort()

    def reverse_order(self) -> None:
        """Sort the other way round."""
        self.painter.descending = not self.painter.descending
        self._sort()

    def step_sort_column(self, step: int) -> None:
        """Sort by the next column that can be sorted by; past the last one by none."""
        from tunscope.tui.column_sorting import is_sortable

        layout = self.painter.layout(self.extent.width)
        ids = ["", *(c.id for c, _ in layout.columns if is_sortable(c.id))]
        index = ids.index(self.painter.sorted_by) if self.painter.sorted_by in ids else 0
        self.painter.sorted_by = ids[(index + step) % len(ids)]
        self._sort()

    def _sort(self) -> None:
        from tunscope.tui.column_sorting import MOST_READ, reads_packets, sort_key

        painter = self.painter
        column = painter.sorted_by
        if column and reads_packets(column) and len(self.view) > MOST_READ:
            painter.sorted_by = ""
            self.post_message(self.SortRefused(column, MOST_READ))
        self.set_following(False)
        key = sort_key(painter.sorted_by) if painter.sorted_by else None
        self.view.sort(key, descending=painter.descending and key is not None)
        self.reload()

    # --- marks

    def toggle_mark(self) -> None:
        """Mark the packet under the cursor, or take its mark away."""
        number = self.selected_number
        if number is not None:
            self.painter.marks ^= {number}
            self.repaint_lines((self.line_of(self.cursor),))

    def packet_changed(self, number: int) -> None:
        """Paint packet `number` anew: something else is said of it."""
        self.painter.forget_packet(number)
        self.forget_painted()

    def step_mark(self, step: int) -> bool:
        """Go to the next (1) or previous (-1) marked row, round the end; False without marks."""
        shown = (n for n in self.painter.marks if self.view.shows(n))
        rows = sorted(self.row_of_number(number) for number in shown)
        if not rows:
            return False
        ahead = [row for row in rows if (row - self.cursor) * step > 0]
        if ahead:
            self.move_to(ahead[0] if step > 0 else ahead[-1])
        else:
            self.move_to(rows[0] if step > 0 else rows[-1])
        return True

    # --- painting

    def set_time_format(self, time_format: TimeFormat, reference: int | None) -> None:
        """Count the Time column from something else; `reference` is a packet number."""
        self.painter.time_format, self.painter.reference = time_format, reference
        self.painter.forget_widths()
        self.forget_painted()

    def show_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns; an order by a column that goes ends."""
        self.painter.show_columns(columns)
        sorted_by = self.painter.sorted_by
        if sorted_by and not any(column.id == sorted_by for column in columns):
            self.painter.sorted_by = ""
            self._sort()
        self.painter.left = 0
        self._prepared = None
        self.forget_painted()

    def toggle_colouring(self) -> bool:
        """Switch the colouring rules off, or on again; return which it is."""
        colouring = self.painter.colouring
        colouring.enabled = not colouring.enabled
        self._prepared = None
        self.forget_painted()
        return colouring.enabled

    def scroll_sideways(self, cells: int) -> None:
        """Scroll the columns; marks and numbers stay in sight."""
        self.painter.scroll(cells, self.extent.width)
        self.forget_painted()

    def row_key(self, row: int) -> Hashable:
        """Return the number, how it is marked, and the previous one, from which Δ is counted."""
        number = self.view.number(row)
        previous = self.view.number(row - 1) if row else 0
        painter = self.painter
        marked, rough = number in painter.marks, painter.is_rough(number)
        rule = painter.colouring.rule(number)
        return (number, previous, marked, rough, painter.late(number), rule)

    def paint_heading(self, y: int, line: LineBuilder) -> None:
        """Paint the column titles, after fitting the columns to what is on the screen."""
        del y
        if self.painter.measure(self.visible_rows, self.extent.width):
            self._strips.clear()
        self.painter.paint_heading(line, self.extent.width, self.palette)

    def paint_row(self, row: int, line: LineBuilder, *, selected: bool) -> None:
        """Paint one packet."""
        style = self.row_style(selected=True) if selected else None
        self.painter.paint(row, line, self.extent.width, self.palette, style)

    def paint_blank(self, y: int, line: LineBuilder) -> None:
        """Say in an empty list what is being waited for, or that packets are hidden."""
        if not self._shown and y == 1:
            hidden = self.view.filtered and self.view.index.count
            line.add("  ", self.palette.text)
            line.add(_HIDDEN if hidden else printable(self.hint), self.palette.muted)
