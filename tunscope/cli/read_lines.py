"""Lines on stdout that come at once, and end without a word when nobody reads any more."""

from __future__ import annotations

import sys
import time
from typing import BinaryIO, Final

#: Bytes and seconds that lines may wait for more lines.
_ENOUGH: Final = 1 << 15
_PATIENCE: Final = 0.05


class LineOutput:
    """Text for `stream`, UTF-8.

    With `eager` every line is written at once: for packets that come as they happen, or a person
    who watches. Without, lines are gathered for a moment, of which `tick` keeps track.
    BrokenPipeError comes through.
    """

    def __init__(self, stream: BinaryIO, *, eager: bool) -> None:
        self._stream: Final = stream
        self._eager: Final = eager
        self._waiting: list[str] = []
        self._size = 0
        self._due = 0.0

    def write(self, text: str) -> None:
        """Add text, which brings its own line ends."""
        if self._eager:
            self._stream.write(text.encode("utf-8", "backslashreplace"))
            self._stream.flush()
            return
        if not self._waiting:
            self._due = time.monotonic() + _PATIENCE
        self._waiting.append(text)
        self._size += len(text)
        if self._size >= _ENOUGH:
            self.flush()

    def tick(self) -> None:
        """Write lines that have waited long enough."""
        if self._waiting and time.monotonic() >= self._due:
            self.flush()

    def flush(self) -> None:
        """Write all lines."""
        text = "".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        if text:
            self._stream.write(text.encode("utf-8", "backslashreplace"))
            self._stream.flush()


def standard_output(*, eager: bool) -> LineOutput:
    """Return stdout as LineOutput."""
    return LineOutput(sys.stdout.buffer, eager=eager or sys.stdout.isatty())
