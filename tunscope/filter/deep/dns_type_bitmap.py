"""Which types of records a name has, as bitmaps (RFC 4034, 4.1.2)."""

from __future__ import annotations

from tunscope.filter.layers.dissection import Dissection, take


def add_types(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """Note the types whose bits are set in the windows from `offset` to `stop`."""
    while offset + 2 <= stop:
        window, size = message[offset], message[offset + 1]
        for place, octet in enumerate(take(message, offset + 2, size)):
            for bit in range(8):
                if octet & 0x80 >> bit:
                    dissection.add("dns.resp.type", window << 8 | place << 3 | bit)
        offset += 2 + size
