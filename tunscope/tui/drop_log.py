"""When packets were lost: noted while a capture runs, and read from what the file says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from tunscope.capfile.blocks import InterfaceStatistics
    from tunscope.index.statistics.io_series import Window

#: Losses that are remembered; beyond that neighbours are added up.
_MOST: Final = 4096


class DropLog:
    """Losses by the time of the newest packet when each was noticed."""

    def __init__(self) -> None:
        self._total = 0
        self._lost: list[tuple[int, int]] = []

    def note(self, dropped: int, ts_ns: int) -> None:
        """Take note of the running total of losses at time `ts_ns`."""
        if dropped > self._total:
            self._lost.append((ts_ns, dropped - self._total))
            self._total = dropped
            if len(self._lost) > _MOST:
                self._lost = [
                    (one[0], one[1] + other[1])
                    for one, other in zip(self._lost[::2], self._lost[1::2], strict=False)
                ] + self._lost[len(self._lost) // 2 * 2 :]

    def add_statistics(self, statistics: Iterable[InterfaceStatistics]) -> None:
        """Take in what interface statistics blocks say, if nothing was noted."""
        if self._lost:
            return
        before: dict[int, int] = {}
        for block in statistics:
            lost = (block.osdrop or 0) + (block.ifdrop or 0)
            if lost > before.get(block.interface, 0):
                self._lost.append((block.ts_ns, lost - before.get(block.interface, 0)))
                before[block.interface] = lost

    def in_window(self, window: Window) -> npt.NDArray[np.int64]:
        """Return the losses in each interval."""
        found = np.zeros(window.buckets, np.int64)
        for ts_ns, lost in self._lost:
            bucket = window.bucket(ts_ns)
            if 0 <= bucket < window.buckets:
                found[bucket] += lost
        return found
