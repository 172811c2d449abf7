"""The bytes of a stream to a file, on a thread of its own."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tunscope.errors import TunscopeError

if TYPE_CHECKING:
    from pathlib import Path

    from tunscope.index.following.octets import StreamBytes

_WINDOW: Final = 1 << 20


class StreamSaving:
    """Writes all of `octets` to `path`, which appears under its name when it is whole."""

    def __init__(self, octets: StreamBytes, path: Path) -> None:
        self.path: Final = path
        self.total: Final = len(octets)
        self.written = 0
        self.done = False
        #: Why nothing was saved, "" if all was.
        self.failure = ""
        self._octets: Final = octets
        self._cancelled: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="stream-save", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Stop soon, and leave no file."""
        self._cancelled.set()

    @property
    def progress(self) -> float:
        """How much is written, 0 to 1."""
        return self.written / self.total if self.total else 1.0

    def _run(self) -> None:
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        try:
            with part.open("xb") as stream:
                while self.written < self.total and not self._cancelled.is_set():
                    data = self._octets.read(self.written, self.written + _WINDOW)
                    stream.write(data)
                    self.written += len(data)
            if self._cancelled.is_set():
                self.failure = "cancelled, nothing was saved"
            else:
                part.replace(self.path)
        except (OSError, LookupError, TunscopeError) as error:
            self.failure = getattr(error, "strerror", None) or str(error)
        finally:
            if self.failure:
                with suppress(OSError):
                    part.unlink()
            self.done = True
