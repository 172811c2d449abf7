"""A display filter at work: from the packets somebody looks at outwards, in a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tunscope.index.matches import MatchList, Numbers

if TYPE_CHECKING:
    from tunscope.index.capture import CaptureIndex

#: Says for rows `start` to `stop` of the packet table (packet numbers less 1) which pass.
Predicate = Callable[["CaptureIndex", int, int], npt.NDArray[np.bool_]]

#: Rows of the first piece, and bounds for later ones: their size follows the time they take. Of
#: the largest, a few columns at a time fit into the processor's cache: twice that takes 3 times
#: as long a packet.
_FIRST_PIECE: Final = 1 << 14
_MIN_PIECE: Final = 1 << 8
_MAX_PIECE: Final = 1 << 16
_SHORT: Final = 0.01
_LONG: Final = 0.05


class FilterRun:
    """Applies a predicate to all packets, and to new ones as they come, until cancelled.

    The piece around row `near` comes first, then the pieces on both sides in turn, so that what
    is on the screen is right at once. `matches` is right for the rows in `done` at any time.
    """

    def __init__(self, index: CaptureIndex, predicate: Predicate, near: int) -> None:
        self._index: Final = index
        self._predicate: Final = predicate
        self._first = index.first_number - 1
        near = max(self._first, min(near, index.count))
        self._low = self._high = near
        self._size = _FIRST_PIECE
        self._cancelled: Final = threading.Event()
        self._wake: Final = threading.Event()
        self._caught_up: Final = threading.Condition()
        self.matches: Final = MatchList(near, index.store.capacity)
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="tunscope-filter", daemon=True)
        self._thread.start()

    @property
    def done(self) -> tuple[int, int]:
        """The rows that have been looked at, from and to."""
        return self._low, self._high

    @property
    def progress(self) -> float:
        """How many of the packets have been looked at, 0 to 1."""
        first, count = self._index.first_number - 1, self._index.count
        low, high = self.done
        if count <= first:
            return 1.0
        return max(0.0, min(1.0, (high - max(low, first)) / (count - first)))

    def wake(self) -> None:
        """Tell the run that there may be new packets."""
        self._wake.set()

    def wait(self, timeout: float) -> bool:
        """Wait until every packet was looked at; False if that takes longer than `timeout` s."""
        with self._caught_up:
            return self._caught_up.wait_for(self._is_caught_up, timeout)

    def cancel(self) -> None:
        """End the run after the piece at hand."""
        self._cancelled.set()
        self._wake.set()

    def _is_caught_up(self) -> bool:
        low, high = self.done
        return self.error is not None or (
            low <= self._index.first_number - 1 and high >= self._index.count
        )

    def _run(self) -> None:
        forward = True
        while not self._cancelled.is_set():
            self._wake.clear()
            complete = self._index.complete  # asked before the count: no packet comes after it
            first, count = self._index.first_number - 1, self._index.count
            ahead, behind = self._high < count, self._low > first
            if not ahead and not behind:
                with self._caught_up:
                    self._caught_up.notify_all()
                if complete:
                    return
                self._wake.wait()
                continue
            forward = ahead and (forward or not behind)
            try:
                self._piece(forward=forward, first=first, count=count)
            except Exception as error:  # noqa: BLE001  (shown by the view; a thread has no caller)
                self.error = error
                with self._caught_up:
                    self._caught_up.notify_all()
                return
            forward = not forward

    def _piece(self, *, forward: bool, first: int, count: int) -> None:
        began = time.perf_counter()
        if forward:
            start, stop = max(self._high, first), min(self._high + self._size, count)
        else:
            start, stop = max(self._low - self._size, first), self._low
        if start < stop:
            rows = self._passing(start, stop)
            if forward:
                self.matches.extend(rows)
            else:
                self.matches.extend_left(rows)
        if forward:
            self._high = max(stop, self._high)
        else:
            self._low = start
        took = time.perf_counter() - began
        if took < _SHORT:
            self._size = min(2 * self._size, _MAX_PIECE)
        elif took > _LONG:
            self._size = max(self._size // 2, _MIN_PIECE)

    def _passing(self, start: int, stop: int) -> Numbers:
        passing = self._predicate(self._index, start, stop)
        return (np.flatnonzero(passing) + start).astype(np.uint32)
