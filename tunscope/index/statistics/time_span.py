"""From when to when the packets of a growing capture are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.columns.layout import RecordFlag

if TYPE_CHECKING:
    from tunscope.index.capture import CaptureIndex

#: Rows looked at in one call.
_AT_ONCE: Final = 1 << 20


class TimeSpan:
    """The time of the first packet that has one, the earliest and the latest, in nanoseconds.

    None where no packet has a time. Belongs to one thread.
    """

    def __init__(self, index: CaptureIndex) -> None:
        self.origin: int | None = None
        self.earliest: int | None = None
        self.latest: int | None = None
        self._index: Final = index
        self._next = index.first_number - 1

    def update(self) -> bool:
        """Take in new packets, many but not all at once; return whether there are more."""
        start = max(self._next, self._index.first_number - 1)
        stop = min(start + _AT_ONCE, self._index.count)
        if start < stop:
            store = self._index.store
            times, flags = store["ts_ns"][start:stop], store["flags"][start:stop]
            untimed = flags & RecordFlag.NO_TIMESTAMP != 0
            if untimed.any():
                times = times[~untimed]
            if len(times):
                self._take(int(times[0]), int(np.min(times)), int(np.max(times)))
            self._next = stop
        return self._next < self._index.count

    def _take(self, first: int, earliest: int, latest: int) -> None:
        if self.origin is None or self.earliest is None or self.latest is None:
            self.origin, self.earliest, self.latest = first, earliest, latest
        else:
            self.earliest = min(self.earliest, earliest)
            self.latest = max(self.latest, latest)
