"""Looks for a packet from the cursor on, round the end of the list, on a thread of its own."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tunscope.tui.search import Matcher


@dataclass(frozen=True, slots=True)
class Found:
    """The packet that was found, None if there is none; `wrapped` past the end of the list."""

    number: int | None
    wrapped: bool = False


class Finder:
    """One search through `numbers`, beginning behind place `start` in the direction `step`.

    `done` is told what came of it, on the thread, unless the search is cancelled. The packet at
    `start` comes last.
    """

    def __init__(
        self,
        matches: Matcher,
        numbers: Sequence[int],
        start: int,
        step: int,
        done: Callable[[Finder, Found], object],
    ) -> None:
        self.looked_at = 0
        self.total = len(numbers)
        self._matches = matches
        self._numbers = numbers
        self._start = start
        self.step = step
        self._done = done
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="find", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Stop soon, and tell nobody."""
        self._cancelled.set()

    @property
    def progress(self) -> float:
        """How much of the list has been looked at, 0 to 1."""
        return self.looked_at / self.total if self.total else 1.0

    def _run(self) -> None:
        start, total = self._start, self.total
        if self.step > 0:
            ahead, behind = range(start + 1, total), range(start + 1)
        else:
            ahead, behind = range(start - 1, -1, -1), range(total - 1, start - 1, -1)
        for place in chain(ahead, behind):
            if self._cancelled.is_set():
                return
            number = self._numbers[place]
            if self._matches(number):
                self._done(self, Found(number, wrapped=place in behind))
                return
            self.looked_at += 1
        self._done(self, Found(None))
