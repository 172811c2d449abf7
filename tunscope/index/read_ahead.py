"""Chunks of a source, the next one read and looked through while the one before is decoded."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from tunscope.columns.buffer import CHUNK, ChunkBuffer

if TYPE_CHECKING:
    from tunscope.index.source import Source

Place = tuple[int, int]


class ReadAhead:
    """Belongs to one thread, and reads in a second one; both are busy with large arrays only.

    A chunk that was read ahead is what the file held then. That is right for a file that is
    only added to: what was appended since is read with the chunk after.
    """

    def __init__(self, source: Source, size: int = CHUNK) -> None:
        self._source: Final = source
        self._buffer = ChunkBuffer(size)
        self._spare: ChunkBuffer | None = None
        self._executor: ThreadPoolExecutor | None = None
        self._pending: tuple[Place, Future[int]] | None = None

    @property
    def size(self) -> int:
        """Bytes that a chunk has at most."""
        return self._buffer.size

    def chunk(self, segment: int, position: int) -> tuple[ChunkBuffer, int]:
        """Return the bytes of a segment from `position` on, and how many there are.

        They stay valid until the next call. OSError: cannot be read.
        """
        pending, self._pending = self._pending, None
        if pending is not None:
            place, future = pending
            read = future.result()
            if place == (segment, position) and read and self._spare is not None:
                self._buffer, self._spare = self._spare, self._buffer
                return self._buffer, read
        return self._buffer, self._load(self._buffer, segment, position)

    def prefetch(self, segment: int, position: int, *, likely_blocks: bool) -> None:
        """Begin to read the next chunk; with `likely_blocks`, also look for blocks in it."""
        if self._spare is None or self._spare.size != self._buffer.size:
            self._spare = ChunkBuffer(self._buffer.size)
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="tunscope-read")
        load = self._load_and_scan if likely_blocks else self._load
        future = self._executor.submit(load, self._spare, segment, position)
        self._pending = ((segment, position), future)

    def enlarge(self, size: int) -> None:
        """Make room for a block of `size` bytes."""
        self._buffer, self._spare = ChunkBuffer(size), None

    def close(self) -> None:
        """End the second thread."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
            self._executor = None

    def _load(self, buffer: ChunkBuffer, segment: int, position: int) -> int:
        buffer.chains = None
        return self._source.read(segment, position, buffer.target)

    def _load_and_scan(self, buffer: ChunkBuffer, segment: int, position: int) -> int:
        read = self._load(buffer, segment, position)
        buffer.scan(read)
        return read
