"""The bytes of the selected packet in hex and ASCII, with a byte cursor and a highlight."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.message import Message

from tunscope.packet.printable import printable_ascii
from tunscope.tui.keymap import HEX_KEYS
from tunscope.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from collections.abc import Hashable

    from rich.style import Style
    from textual.binding import BindingType

    from tunscope.tui.text import LineBuilder

_GROUP = 8
#: Widths at which a line of 16 bytes fits, the marker and the scrollbar included.
_WIDE_LINE = 73


class HexView(VirtualList):
    """Lines of 16 bytes (8 in a narrow pane); `highlight` is the selected field's range.

    The cursor is a byte: `byte_offset`. Rows are lines of bytes.
    """

    HEADING_LINES: ClassVar[int] = 1
    BINDINGS: ClassVar[list[BindingType]] = [*HEX_KEYS]

    class ByteSelected(Message):
        """The person moved the byte cursor to `offset`."""

        def __init__(self, offset: int) -> None:
            super().__init__()
            self.offset = offset

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.data = b""
        self.byte_offset = 0
        self.highlight = range(0)
        self._generation = 0

    @property
    def line_bytes(self) -> int:
        """Bytes on a line."""
        return 16 if self.extent.width >= _WIDE_LINE else 8

    @property
    def row_count(self) -> int:
        """Lines of bytes."""
        return -(-len(self.data) // self.line_bytes)

    def show(self, data: bytes) -> None:
        """Show another packet."""
        self.data = data
        self.byte_offset = 0
        self.highlight = range(0)
        self._repaint()
        self.move_to(0)

    def set_highlight(self, start: int, stop: int) -> None:
        """Highlight the bytes `start` to `stop` (exclusive) of a field."""
        self.highlight = range(max(0, start), min(stop, len(self.data)))
        self._repaint()

    def go_to_highlight(self) -> None:
        """Put the byte cursor on the first highlighted byte and scroll to it."""
        if self.highlight:
            self.byte_offset = self.highlight.start
            self.move_to(self.byte_offset // self.line_bytes)

    def _repaint(self) -> None:
        self._generation += 1
        self.forget_painted()

    def _select(self, offset: int) -> None:
        if self.data:
            self.byte_offset = max(0, min(offset, len(self.data) - 1))
            self.move_to(self.byte_offset // self.line_bytes)
            self._repaint()
            self.post_message(self.ByteSelected(self.byte_offset))

    def action_step(self, count: int) -> None:
        """Move the byte cursor."""
        self._select(self.byte_offset + count * (self.take_count() or 1))

    def action_move(self, rows: int) -> None:
        """Move the byte cursor by lines."""
        self._select(self.byte_offset + rows * self.line_bytes * (self.take_count() or 1))

    def action_first(self) -> None:
        """Go to the first byte."""
        self.take_count()
        self._select(0)

    def action_last(self) -> None:
        """Go to the last byte."""
        self.take_count()
        self._select(len(self.data) - 1)

    def row_of_number(self, number: int) -> int:
        """A typed number is a byte offset here."""
        return number // self.line_bytes

    def clicked(self, row: int, x: int) -> None:
        """Select the clicked byte, in the hex or in the text part."""
        width = self.line_bytes
        text_start = self._text_start()
        if x >= text_start:
            column = x - text_start
        else:
            cell = x - self._hex_start()
            groups_before = max(0, cell) // (3 * _GROUP + 1)
            column = (max(0, cell) - groups_before) // 3
        self._select(row * width + min(column, width - 1))

    def on_resize(self) -> None:
        """Keep the selected byte in view when the lines get longer or shorter."""
        self.cursor = self.byte_offset // self.line_bytes
        super().on_resize()
        self._repaint()

    # --- painting

    def _hex_start(self) -> int:
        return 1 + max(4, len(f"{max(len(self.data) - 1, 0):x}")) + 2

    def _text_start(self) -> int:
        width = self.line_bytes
        return self._hex_start() + 3 * width - 1 + (width - 1) // _GROUP + 2

    def row_key(self, row: int) -> Hashable:
        """Lines are painted for this packet and this selection only."""
        return (self._generation, row)

    def paint_heading(self, y: int, line: LineBuilder) -> None:
        """Paint the pane's title and which bytes are highlighted."""
        del y
        styles = self.palette
        self.paint_title("Bytes", line)
        if self.highlight:
            first, last = self.highlight.start, self.highlight.stop - 1
            place = f"byte {first}" if first == last else f"bytes {first}-{last}"
            line.add(f"  {place} of {len(self.data)}", styles.head)
        elif self.data:
            line.add(f"  {len(self.data)} byte{'s' * (len(self.data) != 1)}", styles.head)

    def paint_row(self, row: int, line: LineBuilder, *, selected: bool) -> None:
        """Paint the bytes of one line."""
        styles = self.palette
        width = self.line_bytes
        start = row * width
        data = self.data[start : start + width]
        digits = self._hex_start() - 3
        line.add("▌" if selected and self.has_focus else " ", styles.text)
        line.add(f"{start:0{digits}x}  ", styles.muted)
        for index, byte in enumerate(data):
            if index and index % _GROUP == 0:
                line.add(" ", self._gap_style(start + index))
            line.add(f"{byte:02x}", self._byte_style(start + index))
            line.add(
                " ",
                self._gap_style(start + index + 1) if index % width < width - 1 else styles.text,
            )
        line.add(" " * max(0, self._text_start() - line.used), styles.text)
        for index, character in enumerate(printable_ascii(data)):
            line.add(character, self._byte_style(start + index))

    def _byte_style(self, offset: int) -> Style:
        styles = self.palette
        if offset == self.byte_offset and self.has_focus:
            return styles.badge
        return styles.match if offset in self.highlight else styles.text

    def _gap_style(self, offset: int) -> Style:
        """A gap is highlighted when the bytes on both of its sides are."""
        inside = offset in self.highlight and offset - 1 in self.highlight
        return self.palette.match if inside else self.palette.text

    def row_style(self, *, selected: bool) -> Style:
        """The line of the cursor looks like the others: the byte is what is selected."""
        del selected
        return self.palette.text
