"""Address space reserved in advance, so that arrays in it grow without copying.

Memory is taken page by page as it is written to. Private pages where one process does all: shared
ones cost two to three times as much when first touched, which is a third of the time of indexing.
"""

from __future__ import annotations

import ctypes
import mmap
from typing import Final

#: Who sees what is written: this process, or those forked from it too.
PRIVATE: Final = mmap.MAP_PRIVATE
SHARED: Final = mmap.MAP_SHARED
#: Not in `mmap` before Python 3.13; the value of all architectures with generic mman flags.
_MAP_NORESERVE: Final = getattr(mmap, "MAP_NORESERVE", 0x4000)
#: Linux 5.14: fault pages in without touching their contents.
_MADV_POPULATE_WRITE: Final = 23
#: madvise(2); unlike that of `mmap` it lets other threads go on meanwhile.
_madvise: Final = ctypes.CDLL(None).madvise
_madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
#: Where huge pages begin to pay: what the last one wastes is small against what is before it.
HUGE_FROM: Final = 16 << 20
_HUGE: Final = 2 << 20
#: How much less is tried where there is no room.
_FEWER: Final = 8


def reserve(width: int, rows: int, least: int, sharing: int = PRIVATE) -> tuple[mmap.mmap, int]:
    """Reserve room for `rows` times `width` bytes; return it and the rows it has room for.

    Where the process may not have as much address space (`ulimit -v`, strict overcommit) it is
    less, a part of what is left, but for `least` rows; MemoryError if even that is not there.
    """
    flags = sharing | mmap.MAP_ANONYMOUS | _MAP_NORESERVE
    wanted = rows
    while True:
        try:
            memory = mmap.mmap(-1, width * rows, flags=flags)
        except OSError as error:
            if rows <= least:
                raise MemoryError(f"no address space for {width * rows} bytes") from error
            rows = max(rows // _FEWER, least)
        else:
            if rows in {wanted, least}:
                return memory, rows
            # Others need room as well.
            memory.close()
            rows = wanted = max(rows // _FEWER, least)


class Region:
    """A part of reserved memory that is filled from its start on."""

    def __init__(self, memory: mmap.mmap, start: int) -> None:
        """Begin at byte `start` of `memory`, a multiple of the page size."""
        self._memory: Final = memory
        self._start: Final = start
        self._address: Final = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        self._ready = 0
        self._kept = 0

    def prepare(self, size: int) -> None:
        """Have at least the first `size` bytes ready to be written to."""
        size = _pages(size)
        if size <= self._ready:
            return
        start = self._address + self._start + self._ready
        # A kernel that knows neither faults pages in one by one.
        if size > HUGE_FROM:
            size = (size + _HUGE - 1) // _HUGE * _HUGE
            _madvise(start, size - self._ready, mmap.MADV_HUGEPAGE)
        _madvise(start, size - self._ready, _MADV_POPULATE_WRITE)
        self._ready = size

    def discard(self, size: int) -> None:
        """Give back the first `size` bytes, as far as they are whole pages; they read as zero."""
        size = size // mmap.PAGESIZE * mmap.PAGESIZE
        if size > self._kept:
            self._memory.madvise(mmap.MADV_DONTNEED, self._start + self._kept, size - self._kept)
            self._kept = size


def _pages(size: int) -> int:
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
