"""An output that holds whole pcapng blocks, also when a write failed. Standard library only."""

from __future__ import annotations

import fcntl
import os
import select
import stat
from collections.abc import Sequence


class BlockOutput:
    """Takes blocks in order, and waits for a slow reader.

    Where `write` raises OSError (ENOSPC: the disk is full; EPIPE: the reader went away), a regular
    file ends with the last block that went whole. What it held before, as in ``>> FILE``, stays.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._is_file = stat.S_ISREG(os.fstat(fd).st_mode)
        self._end = _position(fd) if self._is_file else 0

    def write(self, blocks: Sequence[bytes]) -> None:
        """Write all of `blocks`."""
        view = memoryview(b"".join(blocks))
        written = 0
        while written < len(view):
            try:
                written += os.write(self._fd, view[written:])
            except BlockingIOError:
                select.select([], [self._fd], [])
            except OSError:
                self._cut(blocks, written)
                raise
        self._end += written

    def _cut(self, blocks: Sequence[bytes], written: int) -> None:
        """Keep those of `blocks` that are within the first `written` bytes of them."""
        if not self._is_file:
            return
        whole = 0
        for block in blocks:
            if whole + len(block) > written:
                break
            whole += len(block)
        self._end += whole
        os.ftruncate(self._fd, self._end)
        os.lseek(self._fd, self._end, os.SEEK_SET)


def _position(fd: int) -> int:
    """Return the place in a regular file where the next byte goes."""
    if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND:
        return os.fstat(fd).st_size
    return os.lseek(fd, 0, os.SEEK_CUR)
