"""A capture that cannot be read twice, or not in place: copied to a file without a name.

Pipes, standard input and compressed files are indexed while they arrive; their packets are read
again from the copy, which is gone when the last descriptor is closed.
"""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO, Final

from tunscope.capfile.byte_source import CompressedDataError, TruncatedDataError
from tunscope.capfile.compression import decompressed

_PIECE: Final = 1 << 18
#: Where large temporary files belong (hier(7)); /tmp is often held in memory.
_LARGE_TEMPORARY: Final = Path("/var/tmp")


class CopiedSource:
    """Copies `stream`, decompressed if it is gzip or zstd, in a thread of its own.

    Takes over the stream. `compressed_size` is the stream's length in bytes, None if nobody
    knows. OSError: there is no place for the copy.
    """

    first: Final = 0
    last: Final = 0

    def __init__(self, stream: BinaryIO, name: str, compressed_size: int | None = None) -> None:
        self.name: Final = name
        self.finished = False
        self.failure: str | None = None
        self.cut = False
        self._stream: Final = stream
        self._total: Final = compressed_size
        self._copied = 0
        self._consumed = 0
        self._stopping = False
        folder = _temporary_folder()
        copy = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115  (the thread's)
        self._fd = os.dup(copy.fileno())
        threading.Thread(target=self._run, args=(copy,), name="tunscope-copy", daemon=True).start()

    @property
    def size(self) -> int:
        """Bytes of the whole capture, estimated from what has been decompressed so far."""
        copied = self._copied
        if self.finished or self._total is None:
            return copied
        return copied * self._total // self._consumed if self._consumed else self._total

    def refresh(self) -> None:
        """Nothing to look for: the copy grows by itself."""

    def length(self, number: int) -> int:
        """Return the bytes copied so far; see `Source`."""
        return self._copied

    def read(self, number: int, offset: int, target: memoryview) -> int:
        """Read from the copy; see `Source`."""
        return os.preadv(self._fd, [target], offset)

    def close(self) -> None:
        """Stop copying, at the latest when the stream gives something again."""
        self._stopping = True
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _run(self, copy: BinaryIO) -> None:
        # The thread alone writes to the copy, so it is the one to close that descriptor.
        with copy, self._stream:
            try:
                self._copy(copy)
            except TruncatedDataError:
                self.cut = True
            except CompressedDataError as error:
                self.failure = str(error)
            except OSError as error:
                self.failure = f"cannot be copied: {error.strerror or error}"
            finally:
                self.finished = True

    def _copy(self, copy: BinaryIO) -> None:
        source = decompressed(self._stream)
        read = getattr(source, "read1", source.read)
        while not self._stopping and (piece := read(_PIECE)):
            view = memoryview(piece)
            while view:
                view = view[copy.write(view) :]
            if self._total is not None:
                self._consumed = self._stream.tell()
            self._copied += len(piece)


def _temporary_folder() -> str:
    if "TMPDIR" not in os.environ and os.access(_LARGE_TEMPORARY, os.W_OK | os.X_OK):
        return str(_LARGE_TEMPORARY)
    return tempfile.gettempdir()
