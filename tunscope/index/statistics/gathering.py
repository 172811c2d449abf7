"""A statistic at work: from the oldest packet on, in a thread of its own, until it is cancelled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from tunscope.columns.batch import ColumnBatch, Rows
    from tunscope.index.selection import Selection

Result = TypeVar("Result")

#: Rows of a piece, and bounds for later ones: their size follows the time they take.
_FIRST_PIECE: Final = 1 << 12
_MIN_PIECE: Final = 1 << 8
_MAX_PIECE: Final = 1 << 16
_SHORT: Final = 0.008
_LONG: Final = 0.03
#: Seconds between results while there is more to come.
_SHOW: Final = 0.15
#: So many times as long as the last one took, if that is more.
_DIGEST_SHARE: Final = 4


class Tally(Protocol):
    """Something that counts packets; pieces come in file order, each packet once."""

    def add(self, batch: ColumnBatch, rows: Rows) -> None:
        """Count the packets `rows` of `batch` (0 is its first one; ascending)."""


class Gathering(Generic[Result]):
    """Feeds `tally` with the packets of `selection`; `digest` makes of it what is shown.

    Both run on the thread of the gathering. `result` is what `digest` returned last, None before
    the first time; `generation` grows with each result.
    """

    def __init__(self, selection: Selection, tally: Tally, digest: Callable[[], Result]) -> None:
        self._selection: Final = selection
        self._index: Final = selection.index
        self._tally: Final = tally
        self._digest: Final = digest
        self._cancelled: Final = threading.Event()
        self._wake: Final = threading.Event()
        self._asked = False
        #: Whether packets were counted that the result does not tell of.
        self._stale = False
        self._first = self._next = self._index.first_number - 1
        self._size = _FIRST_PIECE
        self.result: Result | None = None
        self.generation = 0
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="tunscope-statistics", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Tell that there may be more packets."""
        if self._next < self._index.count:
            self._selection.wake()
            self._wake.set()

    def refresh(self) -> None:
        """Have the result made anew: what `digest` goes by has changed."""
        self._asked = True
        self._wake.set()

    def cancel(self) -> None:
        """End after the piece at hand; the last result stays."""
        self._cancelled.set()
        self._wake.set()

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._cancelled.is_set()

    @property
    def progress(self) -> float:
        """How many of the packets have been looked at, 0 to 1."""
        count = self._index.count
        if count <= self._first:
            return 1.0
        return min(1.0, (self._next - self._first) / (count - self._first))

    @property
    def caught_up(self) -> bool:
        """Whether the result is that of all packets there are."""
        return self.error is not None or (
            self._next >= self._index.count
            and self.result is not None
            and not (self._asked or self._stale)
        )

    def _run(self) -> None:
        due = 0.0
        try:
            while not self._cancelled.is_set():
                self._wake.clear()
                self._next = max(self._next, self._index.first_number - 1)
                stop = min(self._selection.known_until(self._next), self._next + self._size)
                more = stop > self._next
                if more:
                    self._stale = True
                    self._piece(stop)
                if self._asked or self.result is None or self._is_due(due):
                    due = self._show()
                elif not more or self._next >= self._index.count:
                    self._rest(due)
        except Exception as error:  # noqa: BLE001  (shown by the screen; a thread has no caller)
            self.error = error

    def _is_due(self, due: float) -> bool:
        return self._stale and time.monotonic() >= due

    def _show(self) -> float:
        """Make the result; return when the next one is due."""
        self._stale = True  # until the result is there
        self._asked = False
        began = time.monotonic()
        self.result = self._digest()
        self.generation += 1
        self._stale = False
        now = time.monotonic()
        return now + max(_SHOW, _DIGEST_SHARE * (now - began))

    def _rest(self, due: float) -> None:
        """Wait for something to do."""
        if self._selection.error is not None:
            self.error = self._selection.error
        if self._stale:
            self._wake.wait(max(0.0, due - time.monotonic()))
        elif self._next < self._index.count and self.error is None:
            self._wake.wait(_LONG)  # a filter that is still at work tells nobody how far it is
        else:
            self._wake.wait()

    def _piece(self, stop: int) -> None:
        began = time.thread_time()  # what others take is no reason for smaller pieces
        batch = self._index.batch(self._next, stop)
        rows = self._selection.rows(batch.start, stop) - batch.start
        if len(rows):
            self._tally.add(batch, rows)
        self._next = stop
        took = time.thread_time() - began
        if took < _SHORT:
            self._size = min(2 * self._size, _MAX_PIECE)
        elif took > _LONG:
            self._size = max(self._size // 2, _MIN_PIECE)
