"""Where a damaged capture goes on: the next thing that looks like a whole block or record."""

from __future__ import annotations

import re
import struct
from typing import Final

from tunscope.capfile.blocks import BYTE_ORDER_MAGIC, BlockType
from tunscope.capfile.options import ByteOrder
from tunscope.capfile.pcap_header import PcapFormat
from tunscope.capfile.window import Window

#: A block larger than this is not looked for: the search must not hold much of the file.
_MAX_BLOCK: Final = 1 << 20
_MAX_TOTAL: Final = 1 << 28
_SECTION: Final = int(BlockType.SECTION_HEADER)
#: The least length of the blocks that are looked for.
_LEAST: Final = {
    int(BlockType.INTERFACE_DESCRIPTION): 20,
    int(BlockType.PACKET): 32,
    int(BlockType.SIMPLE_PACKET): 16,
    int(BlockType.NAME_RESOLUTION): 16,
    int(BlockType.INTERFACE_STATISTICS): 24,
    int(BlockType.ENHANCED_PACKET): 32,
}
_SECTION_START: Final = rb"\x0a\x0d\x0d\x0a....(?:\x1a\x2b\x3c\x4d|\x4d\x3c\x2b\x1a)"
_SEARCHES: Final = {
    "<": re.compile(_SECTION_START + rb"|[\x01-\x06]\0\0\0...\0", re.DOTALL),
    ">": re.compile(_SECTION_START + rb"|\0\0\0[\x01-\x06]\0...", re.DOTALL),
}
#: As many bytes as the longest of those matches has.
_PATTERN: Final = 12
#: A record within this many seconds of the last good one is plausible.
_MAX_STEP: Final = 30 * 86_400
_RECORD: Final = 16


def find_block(window: Window, order: ByteOrder, interfaces: int) -> bool:
    """Move the window to the next plausible block of a section, at least one byte on.

    Plausible: a known type whose length at the start stands at its end again, followed by the
    end of the file or by something with a possible length; a packet has to name one of the
    section's `interfaces`. False, with the window at the end, if there is none.
    """
    window.position += min(1, window.buffered)
    search = _SEARCHES[order]
    while window.has(_PATTERN):
        found = search.search(window.data, window.position)
        if found is None:
            window.position = len(window.data) - _PATTERN + 1
            continue
        window.position = found.start()
        if _is_block(window, order, interfaces):
            return True
        window.position += 1
    window.drop_buffered()
    return False


def _is_block(window: Window, order: ByteOrder, interfaces: int) -> bool:
    head: tuple[int, int] = struct.unpack_from(f"{order}II", window.data, window.position)
    kind, total = head
    least = _LEAST.get(kind, 0)
    if kind == _SECTION:
        magic = window.data[window.position + 8 : window.position + 12]
        order = "<" if magic == BYTE_ORDER_MAGIC.to_bytes(4, "little") else ">"
        (total,) = struct.unpack_from(f"{order}I", window.data, window.position + 4)
        least = 28
    if not least or total % 4 or not least <= total <= _MAX_BLOCK or not window.has(total):
        return False
    end = window.position + total
    (trailer,) = struct.unpack_from(f"{order}I", window.data, end - 4)
    if trailer != total:
        return False
    if kind == BlockType.ENHANCED_PACKET:
        # Interface and captured length; the timestamp stands between them.
        number, caplen = struct.unpack_from(f"{order}I8xI", window.data, window.position + 8)
        if number >= interfaces or caplen > total - 32:
            return False
    if not window.has(total + 8):
        return window.buffered == total
    end = window.position + total
    following: tuple[int, int] = struct.unpack_from(f"{order}II", window.data, end)
    return following[0] == _SECTION or 12 <= following[1] <= _MAX_TOTAL


def find_record(window: Window, form: PcapFormat, last_seconds: int | None) -> bool:
    """Move the window to the next plausible packet record of a pcap file, at least a byte on.

    Plausible: lengths and fraction that a packet can have, a time near `last_seconds`, and the
    same behind it, or the end of the file. False, with the window at the end, if there is none.
    """
    window.position += min(1, window.buffered)
    search = _time_pattern(form.order, last_seconds)
    while window.has(_RECORD):
        found = search.search(window.data, window.position)
        if found is None:
            window.position = len(window.data) - _RECORD + 1
            continue
        window.position = found.start()
        size = window.has(_RECORD) and _record_length(window, form, 0, last_seconds)
        if size and window.has(size):
            if window.buffered == size and not window.has(size + 1):
                return True
            if window.has(size + _RECORD) and _record_length(window, form, size, last_seconds):
                return True
        window.position += 1
    window.drop_buffered()
    return False


def _time_pattern(order: ByteOrder, last_seconds: int | None) -> re.Pattern[bytes]:
    """Return what matches the seconds near `last_seconds`, at any byte, as far as a byte tells."""
    if last_seconds is None:
        return re.compile(rb"....", re.DOTALL)
    low = max(0, last_seconds - _MAX_STEP) >> 24
    high = min(0xFFFFFFFF, last_seconds + _MAX_STEP) >> 24
    top = b"[" + re.escape(bytes([low])) + b"-" + re.escape(bytes([high])) + b"]"
    return re.compile(top + b"..." if order == ">" else b"..." + top, re.DOTALL)


def _record_length(window: Window, form: PcapFormat, place: int, last_seconds: int | None) -> int:
    """Return the length of the record `place` bytes on, 0 if there is no plausible one."""
    seconds, fraction, caplen, origlen = struct.unpack_from(
        f"{form.order}4I", window.data, window.position + place
    )
    if form.lengths == "origlen":
        caplen, origlen = origlen, caplen
    limit = min(form.max_caplen, form.interface.snaplen or form.max_caplen)
    plausible = (
        0 < caplen <= limit
        and caplen <= origlen <= _MAX_BLOCK
        and fraction < 10**form.interface.tsresol
        and (last_seconds is None or abs(seconds - last_seconds) <= _MAX_STEP)
    )
    return form.record_size + caplen if plausible else 0
