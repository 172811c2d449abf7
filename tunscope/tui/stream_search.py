"""Looking for bytes in a stream, on a thread of its own, round its end."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tunscope.errors import TunscopeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunscope.index.following.octets import StreamBytes

_WINDOW: Final = 1 << 20


def pattern_of(text: str) -> re.Pattern[bytes]:
    """Return what to look for: bytes after ``x:``, else text in any case. UsageError if neither."""
    if text.startswith("x:"):
        try:
            wanted = bytes.fromhex(re.sub(r"[:.\-]", " ", text[2:]))
        except ValueError:
            wanted = b""
        if not wanted:
            raise UsageError(f"search {text}", "not hex bytes", "x:0d:0a, x:0d0a")
        return re.compile(re.escape(wanted))
    return re.compile(re.escape(text.encode("utf-8", "surrogateescape")), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Match:
    """The bytes found; `wrapped` past the end of the stream."""

    start: int
    stop: int
    wrapped: bool


class StreamSearch:
    """One search in `octets` from byte `start` on, forwards (`step` 1) or backwards (-1)."""

    def __init__(
        self, octets: StreamBytes, pattern: re.Pattern[bytes], start: int, step: int
    ) -> None:
        self.match: Match | None = None
        #: Why it could not be looked through to the end, "" if it could.
        self.failure = ""
        self.done = False
        self._octets: Final = octets
        self._pattern: Final = pattern
        self._start: Final = start
        self._step: Final = step
        # A match that begins in one window may end in the next.
        self._longest: Final = len(pattern.pattern)
        self._cancelled: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="stream-search", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Stop soon, finding nothing."""
        self._cancelled.set()

    def _run(self) -> None:
        try:
            self._look()
        except (OSError, LookupError, TunscopeError) as error:
            self.failure = getattr(error, "strerror", None) or str(error)
        finally:
            self.done = True

    def _look(self) -> None:
        for start, stop, wrapped in self._windows():
            if self._cancelled.is_set():
                break
            data = self._octets.read(start, stop + self._longest)
            found = [m for m in self._pattern.finditer(data) if start + m.start() < stop]
            if found:
                match = found[0] if self._step > 0 else found[-1]
                self.match = Match(start + match.start(), start + match.end(), wrapped)
                break

    def _windows(self) -> Iterator[tuple[int, int, bool]]:
        """Yield the windows in which a match may begin, in the order to look at them."""
        total, place = len(self._octets), self._start
        if self._step > 0:
            for wrapped, low, high in ((False, place, total), (True, 0, place)):
                for start in range(low, high, _WINDOW):
                    yield start, min(start + _WINDOW, high), wrapped
        else:
            for wrapped, low, high in ((False, 0, place), (True, place, total)):
                for stop in range(high, low, -_WINDOW):
                    yield max(low, stop - _WINDOW), stop, wrapped
