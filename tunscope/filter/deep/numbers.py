"""Numbers of variable length (RFC 9000, 16)."""

from __future__ import annotations

from tunscope.filter.layers.dissection import take


def read_number(data: bytes, offset: int) -> tuple[int, int]:
    """Return the number at `offset` and where it ends; IndexError or CutShort past the end."""
    size = 1 << (data[offset] >> 6)
    number = int.from_bytes(take(data, offset, size))
    return number & ((1 << (8 * size - 2)) - 1), offset + size
