"""Packet bytes as lines of offset, hex and text."""

from __future__ import annotations

from collections.abc import Iterator

from tunscope.packet.printable import printable_ascii

#: Bytes after which a wider gap helps the eye to count.
_GROUP = 8


def hexdump_lines(data: bytes | bytearray | memoryview, width: int = 16) -> Iterator[str]:
    """Yield one line for each `width` bytes: ``0000  45 00 00 84 ...  40 06   E...@.``.

    The offset has four hex digits, or as many as the last one needs; a gap of two spaces stands
    after each eight bytes, and the text column starts at the same place in every line.
    """
    if width < 1:
        raise ValueError(f"a hex dump line holds at least one byte, not {width}")
    view = memoryview(data)
    digits = max(4, len(f"{max(len(view) - 1, 0):x}"))
    hex_width = 3 * width - 1 + (width - 1) // _GROUP
    for offset in range(0, len(view), width):
        row = view[offset : offset + width]
        groups = (row[start : start + _GROUP].hex(" ") for start in range(0, len(row), _GROUP))
        yield f"{offset:0{digits}x}  {'  '.join(groups):<{hex_width}}   {printable_ascii(row)}"
