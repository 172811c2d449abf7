"""Where a capture's bytes come from: a file, the segments of a spool, a copy of a stream."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from pathlib import Path
from typing import Final, Protocol

_SEGMENT: Final = re.compile(r"([0-9]{8})\.pcapng")
#: Segments kept open at a time.
_OPEN_SEGMENTS: Final = 16


class Source(Protocol):
    """Files with consecutive numbers that together are one capture; all but the last are whole.

    One thread calls `refresh` and `read`; `finish` may be called from any thread.
    """

    @property
    def name(self) -> str:
        """What to call the capture in messages."""

    @property
    def first(self) -> int:
        """Number of the oldest file that is still there."""

    @property
    def last(self) -> int:
        """Number of the newest file."""

    @property
    def finished(self) -> bool:
        """Whether nothing will be added any more."""

    @property
    def failure(self) -> str | None:
        """Why the capture ends before its end, if it does; told once `finished` is true."""

    @property
    def cut(self) -> bool:
        """Whether a compressed capture ends early, with nothing else wrong."""

    @property
    def size(self) -> int:
        """Bytes of all files that are there, as far as known; for progress only."""

    def refresh(self) -> None:
        """Look what is there now. OSError if the capture cannot be opened at all."""

    def length(self, number: int) -> int:
        """Return the bytes of one file. OSError if it is gone."""

    def read(self, number: int, offset: int, target: memoryview) -> int:
        """Fill `target` from a file and return the bytes read, 0 at its end. OSError if gone."""

    def close(self) -> None:
        """Close all files."""


class FileSource:
    """One regular file. With `growing` it may be added to until `finish` is called."""

    first: Final = 0
    last: Final = 0
    failure: Final = None
    cut: Final = False

    def __init__(self, path: str | os.PathLike[str], *, growing: bool = False) -> None:
        self.name: Final = os.fspath(path)
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.finished = not growing

    @property
    def size(self) -> int:
        """Bytes of the file now."""
        return self.length(0)

    def finish(self) -> None:
        """Say that nothing is added any more."""
        self.finished = True

    def refresh(self) -> None:
        """Nothing to look for: the file is open."""

    def length(self, number: int) -> int:
        """Return the bytes of the file; see `Source`."""
        return os.fstat(self._fd).st_size

    def read(self, number: int, offset: int, target: memoryview) -> int:
        """Read from the file; see `Source`."""
        return os.preadv(self._fd, [target], offset)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class SpoolSource:
    """The numbered segments of a spool's folder; the oldest may go, new ones come."""

    failure: Final = None
    cut: Final = False

    def __init__(self, folder: str | os.PathLike[str], *, growing: bool = True) -> None:
        self._folder: Final = Path(folder)
        self._fds: Final[dict[int, int]] = {}
        self._lock: Final = threading.Lock()
        self.name: Final = str(self._folder)
        self.finished = not growing
        self.first, self.last = 1, 0
        self.refresh()

    @property
    def size(self) -> int:
        """Bytes of all segments that are there."""
        total = 0
        for number in range(self.first, self.last + 1):
            with contextlib.suppress(OSError):
                total += self.length(number)
        return total

    def finish(self) -> None:
        """Say that the capture has ended."""
        self.finished = True

    def refresh(self) -> None:
        """List the folder; close segments that are gone, so that their space is given back."""
        names = (_SEGMENT.fullmatch(name) for name in os.listdir(self._folder))
        numbers = [int(match[1]) for match in names if match]
        if not numbers:
            return
        with self._lock:
            self.first, self.last = min(numbers), max(numbers)
            for number in [number for number in self._fds if number < self.first]:
                os.close(self._fds.pop(number))

    def length(self, number: int) -> int:
        """Return the bytes of one segment; see `Source`."""
        with self._lock:
            return os.fstat(self._open(number)).st_size

    def read(self, number: int, offset: int, target: memoryview) -> int:
        """Read from a segment; see `Source`."""
        with self._lock:
            fd = os.dup(self._open(number))
        try:
            return os.preadv(fd, [target], offset)
        finally:
            os.close(fd)

    def close(self) -> None:
        """Close all segments."""
        with self._lock:
            while self._fds:
                os.close(self._fds.popitem()[1])

    def _open(self, number: int) -> int:
        fd = self._fds.pop(number, None)
        if fd is None:
            while len(self._fds) >= _OPEN_SEGMENTS:
                os.close(self._fds.pop(next(iter(self._fds))))
            fd = os.open(self._folder / f"{number:08d}.pcapng", os.O_RDONLY | os.O_CLOEXEC)
        self._fds[number] = fd  # last in, last to be closed
        return fd
