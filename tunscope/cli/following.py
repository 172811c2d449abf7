"""Read a capture while the engine still writes it, as one stream that ends when the engine does."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

_POLL_SECONDS: Final = 0.05


class Growing(Protocol):
    """The files of a growing capture, oldest first."""

    def current(self) -> int:
        """Return the descriptor to read now."""

    def has_next(self) -> bool:
        """Whether there is another file already: nothing is added to the current one then."""

    def advance(self) -> None:
        """Go to the next file."""


class GrowingFile:
    """One file that grows."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def current(self) -> int:
        """The file."""
        return self._fd

    def has_next(self) -> bool:
        """There is no other."""
        return False

    def advance(self) -> None:
        """Never happens."""


class GrowingSegments:
    """The segments of a spool; each is removed once it has been read."""

    def __init__(self, segments: Callable[[], list[Path]]) -> None:
        self._segments = segments
        self._path = segments()[0]
        self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)

    def current(self) -> int:
        """The segment being read."""
        return self._fd

    def has_next(self) -> bool:
        """Whether a later segment has something in it."""
        return bool(self._later())

    def advance(self) -> None:
        """Go on in the next segment; one that was dropped meanwhile is passed over."""
        os.close(self._fd)
        self._path.unlink(missing_ok=True)
        self._path = self._later()[0]
        self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)

    def _later(self) -> list[Path]:
        return [path for path in self._segments() if path > self._path and path.stat().st_size]


class FollowedCapture(io.RawIOBase):
    """The bytes of `files` as they come; the end of the stream once `end` was set and all is read.

    What is read is also written to descriptor `copy_to`, if one is given.
    """

    def __init__(self, files: Growing, end: threading.Event, copy_to: int | None = None) -> None:
        super().__init__()
        self._files = files
        self._end = end
        self._copy_to = copy_to
        self._offset = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed: any buffer
        """Wait for bytes; return how many came, 0 at the end."""
        while True:
            # asked first: what is there then is all there will be in this file
            ended, has_next = self._end.is_set(), self._files.has_next()
            count = os.preadv(self._files.current(), [buffer], self._offset)
            if count:
                self._offset += count
                self._copy(buffer[:count])
                return count
            if has_next:
                self._files.advance()
                self._offset = 0
            elif ended:
                return 0
            else:
                time.sleep(_POLL_SECONDS)

    def _copy(self, data: memoryview) -> None:
        while self._copy_to is not None and data:
            data = data[os.write(self._copy_to, data) :]
