"""zstd data, fed to the decompressor block by block: no block gives more than 128 KiB."""

from __future__ import annotations

from typing import Final

from tunscope.capfile.byte_source import (
    READ_SIZE,
    ByteSource,
    CompressedDataError,
    TruncatedDataError,
)
from tunscope.errors import TunscopeError

ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"

_SKIPPABLE_MAGIC: Final = b"\x2a\x4d\x18"
_MAX_FRAME_HEADER: Final = 18
_MAX_BLOCK: Final = 1 << 17
#: What zstd itself takes without being asked for more; level 22 writes windows of this size.
_MAX_WINDOW: Final = 1 << 27


def is_skippable(magic: bytes) -> bool:
    """Whether a frame of this magic holds nothing for the reader (RFC 8878, section 3.1.2)."""
    return magic[1:] == _SKIPPABLE_MAGIC and magic[0] & 0xF0 == 0x50


class ZstandardFrames:
    """Frames of a zstd file one after the other (RFC 8878)."""

    def __init__(self, source: ByteSource) -> None:
        """Raise TunscopeError if the zstandard package is missing."""
        try:
            import zstandard
        except ImportError as error:
            raise TunscopeError("zstd", "Python's zstandard package is not installed") from error
        self._source = source
        self._zstandard = zstandard
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
        self._frame = self._decompressor.decompressobj()
        self._in_frame = False
        self._checksum = False
        self._error: CompressedDataError | TruncatedDataError | None = None

    def next_piece(self) -> bytes:
        """Return some bytes, empty only at the end; CompressedDataError, TruncatedDataError."""
        while True:
            if self._error is not None:
                raise self._error
            if not self._in_frame and not self._next_frame():
                return b""
            piece = self._next_block()
            if piece:
                return piece

    def _next_frame(self) -> bool:
        """Feed the header of the next frame; False if there is none."""
        magic = self._source.take(len(ZSTD_MAGIC))
        while is_skippable(magic):
            self._skip(int.from_bytes(self._exactly(4), "little"))
            magic = self._source.take(len(ZSTD_MAGIC))
        if not magic:
            return False
        if magic != ZSTD_MAGIC:
            if ZSTD_MAGIC.startswith(magic):
                raise TruncatedDataError("the zstd data ends early")
            raise CompressedDataError("damaged zstd data (no frame where one has to begin)")
        header = magic + self._source.take(_MAX_FRAME_HEADER - len(magic))
        try:
            size = self._zstandard.frame_header_size(header)
        except self._zstandard.ZstdError as error:
            if len(header) < _MAX_FRAME_HEADER:
                raise TruncatedDataError("the zstd data ends early") from error
            raise CompressedDataError(f"damaged zstd data ({error})") from error
        self._source.put_back(header[size:])
        self._frame = self._decompressor.decompressobj()
        self._in_frame = True
        self._checksum = bool(header[4] & 4)
        self._feed(header[:size])
        return True

    def _next_block(self) -> bytes:
        """Feed the next block; return what comes out."""
        head = self._exactly(3)
        value = int.from_bytes(head, "little")
        last, kind, size = value & 1, value >> 1 & 3, value >> 3
        if size > _MAX_BLOCK:
            raise CompressedDataError(f"damaged zstd data (a block of {size} bytes)")
        # A block of one repeated byte (1) stores that byte; the others store `size` bytes.
        piece = self._feed(head + self._exactly(1 if kind == 1 else size))
        if last:
            self._in_frame = False
            piece += self._end_frame()
        return piece

    def _end_frame(self) -> bytes:
        """Feed the checksum; what is wrong with it is told after the bytes before it."""
        try:
            return self._feed(self._exactly(4)) if self._checksum else b""
        except (CompressedDataError, TruncatedDataError) as error:
            self._error = error
            return b""

    def _feed(self, data: bytes) -> bytes:
        try:
            return self._frame.decompress(data)
        except (self._zstandard.ZstdError, MemoryError) as error:
            raise CompressedDataError(f"damaged zstd data ({error})") from error

    def _exactly(self, count: int) -> bytes:
        data = self._source.take(count)
        if len(data) < count:
            raise TruncatedDataError("the zstd data ends early")
        return data

    def _skip(self, count: int) -> None:
        while count:
            step = min(count, READ_SIZE)
            self._exactly(step)
            count -= step
