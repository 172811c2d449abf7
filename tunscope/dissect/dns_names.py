"""Domain names on the wire (RFC 1035, 3.1 and 4.1.4)."""

from __future__ import annotations

from typing import Final

from tunscope.dissect.window import Malformed, Window

_MAX_NAME: Final = 1024
_MAX_POINTERS: Final = 128


def read_name(window: Window, offset: int) -> tuple[bytes, int, int]:
    """Return the name at `offset`, dotted, where it ends, and how many labels it has.

    The root's name is ``<Root>``. Compression pointers are followed a bounded number of times,
    and a name longer than any real one is malformed.
    """
    labels: list[bytes] = []
    end = -1
    total = pointers = 0
    while True:
        size = window.u8(offset)
        kind = size & 0xC0
        if kind == 0xC0:
            target = window.u16(offset) & 0x3FFF
            if end < 0:
                end = offset + 2
            pointers += 1
            if pointers > _MAX_POINTERS:
                return b"<Name contains a pointer that loops>", end, 1
            offset = target
            continue
        if kind:
            raise Malformed
        offset += 1
        if size == 0:
            break
        labels.append(window.take(offset, size))
        offset += size
        total += size + 1
        if total > _MAX_NAME:
            raise Malformed
    return b".".join(labels) or b"<Root>", offset if end < 0 else end, len(labels)
