"""A stretch of a capture in memory, moved forward over a stream of any length."""

from __future__ import annotations

from typing import BinaryIO, Final

from tunscope.capfile.byte_source import CompressedDataError, TruncatedDataError

_CHUNK: Final = 1 << 18


class Window:
    """The bytes from `position` on, as far as they were asked for.

    `data[position:]` is what is buffered. Memory grows with the bytes asked for *and there*,
    never with a length that the stream does not live up to. `cut` says that a compressed stream
    ended early. A stream that fails raises once the bytes before that are used up:
    CompressedDataError, OSError.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self.data = b""
        self.position = 0
        self.cut = False
        self._start = 0
        self._ended = False
        self._failure: CompressedDataError | OSError | None = None
        # What has arrived comes at once, so that packets of a live pipe are not held back.
        self._read = stream.read1 if hasattr(stream, "read1") else stream.read

    @property
    def offset(self) -> int:
        """Place of `position` in the stream."""
        return self._start + self.position

    @property
    def end(self) -> int:
        """Place in the stream of the first byte that is not buffered."""
        return self._start + len(self.data)

    @property
    def buffered(self) -> int:
        """How many bytes are there from `position` on."""
        return len(self.data) - self.position

    def has(self, count: int) -> bool:
        """Buffer at least `count` bytes; False if the stream ends before."""
        missing = count + self.position - len(self.data)
        if missing <= 0:
            return True
        pieces = [self.data[self.position :]]
        while missing > 0 and not self._ended:
            piece = self._next_piece()
            pieces.append(piece)
            missing -= len(piece)
        self._start += self.position
        self.position = 0
        self.data = b"".join(pieces)
        if missing > 0 and self._failure is not None:
            raise self._failure
        return missing <= 0

    def skip(self, count: int) -> bool:
        """Move on by `count` bytes without keeping them; False if the stream ends before."""
        while count > 0 and self.has(1):
            step = min(count, self.buffered)
            self.position += step
            count -= step
        return count == 0

    def drop_buffered(self) -> None:
        """Move on behind everything that is buffered."""
        self.position = len(self.data)

    def _next_piece(self) -> bytes:
        piece = b""
        try:
            piece = self._read(_CHUNK)
        except TruncatedDataError:
            self.cut = True
        except (CompressedDataError, OSError) as error:
            self._failure = error
        if not piece:
            self._ended = True
        return piece
