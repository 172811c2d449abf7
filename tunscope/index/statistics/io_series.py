"""Packets and bytes in equal intervals of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.columns.layout import RecordFlag

if TYPE_CHECKING:
    from tunscope.columns.batch import ColumnBatch, Rows
    from tunscope.index.statistics.counts import Numbers

#: What `first` holds of an interval without packets.
NO_ROW: Final = -1
_LAST: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Window:
    """`buckets` intervals of `interval_ns` nanoseconds, the first of which begins at `start_ns`."""

    start_ns: int
    interval_ns: int
    buckets: int

    @property
    def stop_ns(self) -> int:
        """Where the last interval ends."""
        return self.start_ns + self.interval_ns * self.buckets

    def bucket(self, ts_ns: int) -> int:
        """Return the interval of a time; it may lie outside the window."""
        return (ts_ns - self.start_ns) // self.interval_ns


@dataclass(frozen=True, slots=True)
class IoCounts:
    """One number an interval: packets, their bytes on the device, row of the earliest in file."""

    window: Window
    packets: Numbers
    octets: Numbers
    first: Numbers


class IoTally:
    """Counts the packets of `window`; a `gathering.Tally`. Packets without a time do not count."""

    def __init__(self, window: Window) -> None:
        self.window: Final = window
        self._packets: Final = np.zeros(window.buckets, np.int64)
        self._octets: Final = np.zeros(window.buckets, np.int64)
        self._first: Final = np.full(window.buckets, _LAST, np.int64)

    def add(self, batch: ColumnBatch, rows: Rows) -> None:
        """Count the packets `rows` of `batch`."""
        window = self.window
        all_times = batch["ts_ns"]
        if int(all_times.max()) < window.start_ns or int(all_times.min()) >= window.stop_ns:
            return
        times = all_times[rows]
        inside = (times >= window.start_ns) & (times < window.stop_ns)
        inside &= batch["flags"][rows] & RecordFlag.NO_TIMESTAMP == 0
        rows, times = rows[inside], times[inside]
        if not len(rows):
            return
        buckets = (times - window.start_ns) // window.interval_ns
        size = window.buckets
        self._packets[:] += np.bincount(buckets, minlength=size)
        # Exact: a piece has far less than 2**53 bytes.
        octets = np.bincount(buckets, batch["origlen"][rows], minlength=size)
        self._octets[:] += octets.astype(np.int64)
        np.minimum.at(self._first, buckets, rows + batch.start)

    def counts(self) -> IoCounts:
        """Return what has been counted so far."""
        first = np.where(self._first == _LAST, NO_ROW, self._first)
        return IoCounts(self.window, self._packets.copy(), self._octets.copy(), first)
