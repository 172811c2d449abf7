"""Bytes of a stream as they arrive."""

from __future__ import annotations

import io
import select
from collections.abc import Callable
from typing import BinaryIO, Final

#: Bytes asked of the stream at a time.
READ_SIZE: Final = 1 << 16


class CompressedDataError(ValueError):
    """Compressed data that is damaged, or that asks for more memory than it may have."""


class TruncatedDataError(EOFError):
    """Compressed data ends early; everything before the cut has been delivered."""


class ByteSource:
    """Bytes of a stream as they come, with some put back in front."""

    def __init__(self, stream: BinaryIO) -> None:
        # A buffered stream's read1 and a raw one's read return once anything is there.
        self._read: Callable[[int], bytes | None] = (
            stream.read1 if isinstance(stream, io.BufferedIOBase) else stream.read
        )
        self._stream = stream
        self._front = b""

    def put_back(self, data: bytes) -> None:
        """Give `data` out again before anything else."""
        self._front = data + self._front

    def next_piece(self) -> bytes:
        """Return what has arrived, waiting for something; empty only at the end."""
        if self._front:
            piece, self._front = self._front, b""
            return piece
        arrived = self._read(READ_SIZE)
        while arrived is None:  # a nonblocking descriptor with nothing to read yet
            select.select([self._stream], [], [])
            arrived = self._read(READ_SIZE)
        return arrived

    def take(self, count: int) -> bytes:
        """Return `count` bytes, fewer only at the end."""
        pieces: list[bytes] = []
        have = 0
        while have < count and (piece := self.next_piece()):
            pieces.append(piece)
            have += len(piece)
        data = b"".join(pieces)
        self.put_back(data[count:])
        return data[:count]
