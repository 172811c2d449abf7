"""The lines of a followed stream: side, packet, and text, hex dump or hex digits."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tunscope.packet.printable import printable_ascii
from tunscope.tui import units
from tunscope.tui.stream_layout import Form, shown_text
from tunscope.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from collections.abc import Hashable

    from rich.style import Style

    from tunscope.tui.followed import StreamPage
    from tunscope.tui.text import LineBuilder

ARROWS: Final = ("→", "←")
#: Marker, side and blank; then the packet's number and two blanks where there is room for them.
_MARGIN: Final = 4
_NUMBER: Final = 10
_ROOM_FOR_NUMBERS: Final = 90
_HEX_LINE: Final = 16
#: Cells of a hex dump of 16 bytes: offset, hex, text.
_HEX_CELLS: Final = 8 + 2 + 49 + 2 + 16
_LEAST: Final = 16


class StreamView(VirtualList):
    """Shows a `StreamPage`; `found` are the bytes that a search found."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.page: StreamPage | None = None
        self.found = range(0)
        self.waiting = ""
        self._generation = 0

    def show(self, page: StreamPage) -> None:
        """Show another page; the cursor stays on its byte."""
        before = self.page
        self.page = page
        self._generation += 1
        if before is not None and before.choice != page.choice:
            self._stay(before, page)
        self.forget_painted()
        self.move_to(self.cursor)

    def _stay(self, before: StreamPage, page: StreamPage) -> None:
        """Keep the place when lines are cut otherwise."""
        same_side = before.choice.side == page.choice.side
        if same_side and len(page.lines) and self.cursor < len(before.lines):
            self.move_to(page.lines.at(int(before.lines.start[self.cursor])))
        elif not same_side:
            self.found = range(0)
            self.move_to(0)

    def show_found(self, found: range) -> None:
        """Highlight bytes and go to them."""
        self.found = found
        self._generation += 1
        self.forget_painted()
        if self.page is not None and found:
            self.move_to(self.page.lines.at(found.start))

    def line_bytes(self, form: Form) -> int:
        """Return how many bytes a line can show."""
        room = self.extent.width - self._margin - 1
        if form is Form.TEXT:
            return max(_LEAST, room)
        if form is Form.RAW:
            return max(_LEAST, room // 2)
        return _HEX_LINE if room >= _HEX_CELLS else _HEX_LINE // 2

    @property
    def _margin(self) -> int:
        return _MARGIN + (_NUMBER if self.extent.width >= _ROOM_FOR_NUMBERS else 0)

    @property
    def row_count(self) -> int:
        """Lines of the stream."""
        return 0 if self.page is None else len(self.page.lines)

    def row_key(self, row: int) -> Hashable:
        """Return the line and which page it is of."""
        return (row, self._generation)

    def packet_at(self, row: int) -> int | None:
        """Return the number of the packet that brought the first byte of a line."""
        if self.page is None or not 0 <= row < self.row_count:
            return None
        return int(self.page.octets.table.row[self.page.lines.piece[row]]) + 1

    def paint_row(self, row: int, line: LineBuilder, *, selected: bool) -> None:
        """Paint one line."""
        page, styles = self.page, self.palette
        assert page is not None
        table, piece = page.octets.table, int(page.lines.piece[row])
        way = int(table.way[piece])
        base = self.row_style(selected=True) if selected else None
        side = base or (styles.primary, styles.accent)[way]
        line.add("▌" if selected else " ", base or styles.text)
        line.add(f"{ARROWS[way]} ", side)
        if self.extent.width >= _ROOM_FOR_NUMBERS:
            number = self.packet_at(row)
            shown = "" if row and number == self.packet_at(row - 1) else f"{number}"
            line.add(f"{shown:>{_NUMBER - 2}}  ", base or styles.muted)
        missing = int(table.missing[piece])
        if missing:
            plural = "s" * (missing != 1)
            line.add(f"⋯ {units.count(missing)} byte{plural} missing ⋯", base or styles.warning)
            return
        start = int(page.lines.start[row])
        stop = start + int(page.lines.length[row])
        if page.choice.form is Form.HEX:
            self._paint_dump(line, start, stop, piece, side, base)
            return
        for begin, end in self._cut(start, stop):
            data = page.octets.read(begin, end)
            text = data.hex() if page.choice.form is Form.RAW else shown_text(data)
            line.add(text, styles.match if begin in self.found else side)

    def _cut(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Cut the bytes of a line at the edges of what was found."""
        inside = (edge for edge in (self.found.start, self.found.stop) if start < edge < stop)
        edges = [start, *sorted(set(inside)), stop]
        return list(pairwise(edges))

    def _paint_dump(
        self, line: LineBuilder, start: int, stop: int, piece: int, side: Style, base: Style | None
    ) -> None:
        page, styles = self.page, self.palette
        assert page is not None
        offset = int(page.places[piece]) + start - page.octets.start_of(piece)
        line.add(f"{offset:08x}  ", base or styles.muted)
        data = page.octets.read(start, stop)
        width = page.choice.width
        for place in range(width):
            gap = "  " if place == width // 2 - 1 and width == _HEX_LINE else " "
            if place >= len(data):
                line.add("  " + gap, side)
                continue
            line.add(f"{data[place]:02x}", styles.match if start + place in self.found else side)
            line.add(gap, side)
        line.add(" ", side)
        for begin, end in self._cut(start, stop):
            text = printable_ascii(data[begin - start : end - start])
            line.add(text, styles.match if begin in self.found else side)

    def paint_blank(self, y: int, line: LineBuilder) -> None:
        """Say in an empty stream that nothing was said."""
        if not self.row_count and y == 1:
            line.add(f"  {self.waiting}", self.palette.muted)
