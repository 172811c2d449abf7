"""Bytes that can be typed over: a nibble at a time, what was changed underlined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style
from textual.message import Message

from tunscope.tui.widgets.hex_view import HexView

if TYPE_CHECKING:
    from textual import events

_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
_UNDERLINED = Style(underline=True, bold=True)


class HexEditor(HexView):
    """Typing a hex digit overwrites half a byte, pasting bytes as many as there are.

    `BytesTyped` tells what they are to become.
    """

    class BytesTyped(Message):
        """Bytes `start` to `end` are to become `data`."""

        def __init__(self, start: int, end: int, data: bytes) -> None:
            super().__init__()
            self.start = start
            self.end = end
            self.data = data

    class PasteRefused(Message):
        """What was pasted are no bytes in hex."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._changed: frozenset[int] = frozenset()
        self._second_digit = False

    def replace(self, data: bytes, changed: frozenset[int]) -> None:
        """Show other bytes with the cursor where it is; `changed` are underlined."""
        if (data, changed) != (self.data, self._changed):
            self.data, self._changed = data, changed
            self.byte_offset = max(0, min(self.byte_offset, len(data) - 1))
            self.move_to(self.byte_offset // self.line_bytes)
            self._repaint()

    def _select(self, offset: int) -> None:
        self._second_digit = False
        super()._select(offset)

    def takes_key(self, event: events.Key) -> bool:
        """Take hex digits as what the byte becomes."""
        if event.character is None or event.character not in _HEX_DIGITS or not self.data:
            return super().takes_key(event)
        at, digit = self.byte_offset, int(event.character, 16)
        byte = self.data[at]
        second = self._second_digit
        byte = (byte & 0xF0 | digit) if second else (byte & 0x0F | digit << 4)
        self.post_message(self.BytesTyped(at, at + 1, bytes((byte,))))
        if second:
            self._select(at + 1)
        self._second_digit = not second
        return True

    def on_paste(self, event: events.Paste) -> None:
        """Take hex digits in pairs, with or without blanks or colons between, from here on."""
        event.stop()
        try:
            data = bytes.fromhex(event.text.replace(":", " "))
        except ValueError:
            self.post_message(self.PasteRefused())
            return
        at = self.byte_offset
        data = data[: len(self.data) - at]
        if data:
            self.post_message(self.BytesTyped(at, at + len(data), data))

    def _byte_style(self, offset: int) -> Style:
        style = super()._byte_style(offset)
        return style + _UNDERLINED if offset in self._changed else style
