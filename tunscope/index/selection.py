"""The packets that pass a filter, asked for in file order by any thread while they are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from tunscope.columns.batch import Rows
    from tunscope.index.capture import CaptureIndex
    from tunscope.index.filtering import FilterRun


class Selection:
    """What passes `run`, all packets of `index` if it is None."""

    def __init__(self, index: CaptureIndex, run: FilterRun | None = None) -> None:
        self.index: Final = index
        self._run: Final = run

    @property
    def error(self) -> Exception | None:
        """Why the filter ended early, if it did."""
        return None if self._run is None else self._run.error

    def known_until(self, start: int) -> int:
        """Return the row up to which it is known, from row `start` on, which packets pass."""
        if self._run is None:
            return self.index.count
        low, high = self._run.done
        if low > max(start, self.index.first_number - 1):
            return start  # the filter works its way back from what is on the screen
        return max(start, high)

    def rows(self, start: int, stop: int) -> Rows:
        """Return the rows from `start` to `stop`, which must be known, that pass; ascending."""
        if self._run is None:
            return np.arange(start, stop)
        found = self._run.matches.rows
        first, last = np.searchsorted(found, (start, stop))
        return found[first:last].astype(np.intp)

    def wake(self) -> None:
        """Have new packets looked at."""
        if self._run is not None:
            self._run.wake()
