"""Running totals over the columns of a capture: what its properties are computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tunscope.columns.layout import RecordFlag

if TYPE_CHECKING:
    import numpy.typing as npt

    from tunscope.index.capture import CaptureIndex


class CaptureTotals:
    """Totals of the packets up to the last `update`, gone ones included.

    `octets` are bytes on the device, `captured` bytes in the file; `first_ns` and `last_ns` the
    earliest and latest time, None without any; `in_order` says whether no packet is earlier than
    the one before it. `by_interface` has the packets of each interface.
    """

    def __init__(self) -> None:
        self.packets = 0
        self.octets = 0
        self.captured = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.in_order = True
        self.by_interface: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._previous_ns: int | None = None

    def update(self, capture: CaptureIndex) -> None:
        """Take in the packets that have come since."""
        start = max(self.packets, capture.first_number - 1)
        stop = capture.count
        if stop <= start:
            return
        store = capture.store
        flags = store["flags"][start:stop]
        self.octets += int(store["origlen"][start:stop].sum(dtype=np.uint64))
        self.captured += int(store["caplen"][start:stop].sum(dtype=np.uint64))
        untimed = flags & np.uint8(RecordFlag.NO_TIMESTAMP) != 0
        times = store["ts_ns"][start:stop]
        if untimed.any():
            times = times[~untimed]
        if len(times):
            self._take_times(times)
        custom = flags & np.uint8(RecordFlag.CUSTOM_BLOCK) == np.uint8(RecordFlag.CUSTOM_BLOCK)
        interfaces = store["interface"][start:stop]
        counts = np.bincount(interfaces[~custom] if custom.any() else interfaces)
        grown = np.zeros(max(len(counts), len(self.by_interface)), np.int64)
        grown[: len(self.by_interface)] = self.by_interface
        grown[: len(counts)] += counts
        self.by_interface = grown
        self.packets = stop

    def _take_times(self, times: npt.NDArray[np.int64]) -> None:
        first, last = int(times.min()), int(times.max())
        self.first_ns = first if self.first_ns is None else min(self.first_ns, first)
        self.last_ns = last if self.last_ns is None else max(self.last_ns, last)
        if self._previous_ns is not None and int(times[0]) < self._previous_ns:
            self.in_order = False
        if len(times) > 1 and bool((times[1:] < times[:-1]).any()):
            self.in_order = False
        self._previous_ns = int(times[-1])
