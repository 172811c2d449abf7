"""The packets somebody looks at: those that pass a display filter, in packet order or sorted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.index.filtering import FilterRun, Predicate
from tunscope.index.ordering import SortKey
from tunscope.index.selection import Selection
from tunscope.index.sorting import SortRun

if TYPE_CHECKING:
    from tunscope.index.capture import CaptureIndex
    from tunscope.index.matches import Numbers

#: A sorted list is sorted anew at most this often, in times of what the last sort took.
_SORT_SHARE: Final = 10


class View:
    """Rows 0, 1, 2 ... of packets of `index`. Belongs to one thread.

    What is asked stays the same from one `update` to the next, whatever the capture does.
    """

    def __init__(self, index: CaptureIndex) -> None:
        self.index: Final = index
        self._first = 0
        self._count = 0
        self._filter: FilterRun | None = None
        self._rows: Numbers | None = None
        self._key: SortKey | None = None
        self._descending = False
        self._sort: SortRun | None = None
        self._sorted: Numbers | None = None
        self._sort_due = 0.0
        self.generation = 0
        self.update()

    def __len__(self) -> int:
        """How many packets the view shows."""
        if self._sorted is not None:
            return len(self._sorted)
        return self._count - self._first if self._rows is None else len(self._rows)

    def number(self, row: int) -> int:
        """Return the packet number in `row`; IndexError if there is no such row."""
        if not 0 <= row < len(self):
            raise IndexError(row)
        rows = self._sorted if self._sorted is not None else self._rows
        return (self._first + row if rows is None else int(rows[row])) + 1

    def numbers(self, start: int, stop: int) -> list[int]:
        """Return the packet numbers in rows `start` to `stop`, as far as there are such rows."""
        stop = min(stop, len(self))
        rows = self._sorted if self._sorted is not None else self._rows
        if rows is None:
            return list(range(self._first + start + 1, self._first + stop + 1))
        return [number + 1 for number in rows[start:stop].tolist()]

    def row_of(self, number: int) -> int:
        """Return the row of packet `number`.

        If it is not shown, the row of the next higher number that is, which may be `len(self)`;
        in a sorted view, the row of the nearest number.
        """
        row = number - 1
        if self._sorted is not None:
            if not len(self._sorted):
                return 0
            return int(np.argmin(np.abs(self._sorted.astype(np.int64) - row)))
        if self._rows is None:
            return max(0, min(row, self._count) - self._first)
        return int(np.searchsorted(self._rows, max(row, 0)))

    def shows(self, number: int) -> bool:
        """Whether packet `number` is in the view."""
        row = self.row_of(number)
        return row < len(self) and self.number(row) == number

    def update(self) -> bool:
        """Take in what the index and the filter have found since; return whether rows changed."""
        before = (self._first, self._count, self._state())
        first, count = self.index.first_number - 1, self.index.count
        self._first, self._count = first, count
        if self._filter is not None:
            if self._filter.done[1] < count or self.index.complete:
                self._filter.wake()
            rows = self._filter.matches.rows
            self._rows = rows[np.searchsorted(rows, first) :] if first else rows
        self._update_order()
        changed = before != (self._first, self._count, self._state())
        self.generation += changed
        return changed

    # --- filter

    def set_filter(self, predicate: Predicate | None, near: int | None = None) -> None:
        """Show only packets that pass `predicate`, all of them if it is None.

        Packets near number `near` are looked at first, the newest if it is None. The rows come
        with later calls of `update`, as do those of packets that arrive later.
        """
        if self._filter is not None:
            self._filter.cancel()
        self._filter, self._rows = None, None
        if predicate is not None:
            start = self.index.count if near is None else near - 1
            self._filter = FilterRun(self.index, predicate, start)
        self._forget_order()
        self.generation += 1
        self.update()

    @property
    def filtered(self) -> bool:
        """Whether a filter is set."""
        return self._filter is not None

    @property
    def selection(self) -> Selection:
        """What passes the filter in force, for threads that count packets."""
        return Selection(self.index, self._filter)

    @property
    def progress(self) -> float:
        """How many of the packets the filter has looked at, 0 to 1; 1 without a filter."""
        return 1.0 if self._filter is None else self._filter.progress

    @property
    def error(self) -> Exception | None:
        """Why the filter or the sort ended early, if it did."""
        if self._filter is not None and self._filter.error is not None:
            return self._filter.error
        return None if self._sort is None else self._sort.error

    def wait(self, timeout: float) -> bool:
        """Give the filter and the sort `timeout` seconds to finish; return whether they have."""
        end = time.monotonic() + timeout
        done = self._filter is None or self._filter.wait(timeout)
        self.update()
        while done and self._key is not None and self._sort_is_stale():
            self._sort_due = 0.0
            self.update()
            if self._sort is not None:
                done = self._sort.wait(max(0.0, end - time.monotonic()))
            self.update()
        return done

    def cancel(self) -> None:
        """Stop filtering; the rows found so far stay."""
        if self._filter is not None:
            self._filter.cancel()

    # --- order

    def sort(self, key: SortKey | None, *, descending: bool = False) -> None:
        """Order the rows by `key` (see `ordering.SORT_KEYS`), by packet number if it is None.

        The order comes with a later `update`; new packets are sorted in from time to time.
        """
        self._key, self._descending = key, descending
        self._forget_order()
        self.generation += 1
        self.update()

    @property
    def sorting(self) -> bool:
        """Whether an order was asked for that is not there yet."""
        return self._key is not None and self._sorted is None

    def _forget_order(self) -> None:
        self._sort, self._sorted, self._sort_due = None, None, 0.0

    def _update_order(self) -> None:
        if self._key is None:
            return
        if self._sort is not None and self._sort.order is not None:
            self._sorted = self._sort.order
            self._sort_due = time.monotonic() + _SORT_SHARE * self._sort.took
            self._sort = None
        if self._sort_is_stale() and self._sort is None and time.monotonic() >= self._sort_due:
            rows = self._rows
            if rows is None:
                rows = np.arange(self._first, self._count, dtype=np.uint32)
            self._sort = SortRun(self.index, self._key, rows, descending=self._descending)

    def _sort_is_stale(self) -> bool:
        total = self._count - self._first if self._rows is None else len(self._rows)
        return self._sorted is None or len(self._sorted) != total

    def _state(self) -> tuple[int, int]:
        return (-1 if self._rows is None else len(self._rows), id(self._sorted))
