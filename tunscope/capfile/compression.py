"""gzip and zstd around a capture: recognised by content, decompressed as a stream.

Memory stays bounded whatever the compressed data claims: a gzip stream is asked for a piece at a
time, a zstd stream is fed block by block, and no block of it gives more than 128 KiB.
"""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from tunscope.capfile.byte_source import ByteSource, CompressedDataError, TruncatedDataError
from tunscope.capfile.zstd_frames import ZSTD_MAGIC, ZstandardFrames, is_skippable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP_MAGIC: Final = b"\x1f\x8b"

_PIECE: Final = 1 << 18
_BUFFER: Final = 1 << 18
_GZIP_WBITS: Final = 31


class _Decompressor(Protocol):
    """A pull decompressor."""

    def next_piece(self) -> bytes:
        """Return some bytes, empty only at the end; CompressedDataError, TruncatedDataError."""


def decompressed(stream: BinaryIO) -> BinaryIO:
    """Return a stream of what `stream` holds, decompressed if it is gzip or zstd.

    What is neither comes through as it is. Reading gives what has arrived, so that a live pipe
    is not held up. Damage raises CompressedDataError and an early end TruncatedDataError, both
    after all that could be decompressed was read. Closing the result does not close `stream`.
    """
    source = ByteSource(stream)
    head = source.take(len(ZSTD_MAGIC))
    source.put_back(head)
    decompressor: _Decompressor
    if head.startswith(GZIP_MAGIC):
        decompressor = _Gzip(source)
    elif head == ZSTD_MAGIC or is_skippable(head):
        decompressor = ZstandardFrames(source)
    else:
        decompressor = source
    return io.BufferedReader(_Pulled(decompressor), _BUFFER)


class _Gzip:
    """Members of a gzip file one after the other (RFC 1952); what follows the last is ignored."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._inflate = zlib.decompressobj(_GZIP_WBITS)
        self._input = b""
        #: The last piece was as long as it may be: zlib may hold more of it back.
        self._more = False

    def next_piece(self) -> bytes:
        while True:
            if self._inflate.eof and not self._next_member():
                return b""
            if not self._input and not self._more:
                self._input = self._source.next_piece()
                if not self._input:
                    raise TruncatedDataError("the gzip data ends early")
            try:
                piece = self._inflate.decompress(self._input, _PIECE)
            except zlib.error as error:
                raise CompressedDataError(f"damaged gzip data ({error})") from error
            self._input = self._inflate.unconsumed_tail
            self._more = len(piece) == _PIECE
            if piece:
                return piece

    def _next_member(self) -> bool:
        self._source.put_back(self._inflate.unused_data)
        head = self._source.take(len(GZIP_MAGIC))
        self._source.put_back(head)
        if head != GZIP_MAGIC:
            return False
        self._inflate = zlib.decompressobj(_GZIP_WBITS)
        self._input = b""
        return True


class _Pulled(io.RawIOBase):
    """A raw stream of what a decompressor gives; an error comes after the bytes before it."""

    def __init__(self, decompressor: _Decompressor) -> None:
        super().__init__()
        self._decompressor = decompressor
        self._pending = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        if not self._pending:
            self._pending = memoryview(self._decompressor.next_piece())
        target = memoryview(buffer).cast("B")
        count = min(len(target), len(self._pending))
        target[:count] = self._pending[:count]
        self._pending = self._pending[count:]
        return count
