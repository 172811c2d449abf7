"""Timestamps of capture files to nanoseconds, for whole columns at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Ticks = npt.NDArray[np.uint64]
Nanoseconds = npt.NDArray[np.int64]

_SECOND: Final = 1_000_000_000
_MIN: Final = -(1 << 63)
_MAX: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Resolution:
    """How an interface counts time: `if_tsresol` (the option's byte) and `if_tsoffset` (s)."""

    tsresol: int = 9
    tsoffset: int = 0

    def nanoseconds(self, ticks: int) -> int:
        """Return the time of one packet, rounded down, saturated to 64 bits."""
        exponent = self.tsresol & 0x7F
        if self.tsresol & 0x80:
            value = ticks * _SECOND >> exponent
        elif exponent <= 9:
            value = int(ticks * 10 ** (9 - exponent))
        else:
            value = int(ticks // 10 ** (exponent - 9))
        return max(_MIN, min(_MAX, value + self.tsoffset * _SECOND))

    def column(self, ticks: Ticks) -> Nanoseconds:
        """Return the times of many packets; the same values as `nanoseconds` gives."""
        if not len(ticks):
            return np.zeros(0, np.int64)
        exponent = self.tsresol & 0x7F
        factor = 10 ** (9 - exponent) if exponent <= 9 else 1
        largest = int(ticks.max()) * factor + abs(self.tsoffset) * _SECOND
        if self.tsresol & 0x80 or largest > _MAX:
            return self._exact(ticks, exponent)
        if exponent > 9:
            divisor = 10 ** (exponent - 9)
            if divisor > _MAX:
                return np.full(len(ticks), self.nanoseconds(0))
            times = (ticks // np.uint64(divisor)).view(np.int64)
        elif factor == 1:
            times = ticks.view(np.int64)
        else:
            times = (ticks * np.uint64(factor)).view(np.int64)
        return times + self.tsoffset * _SECOND if self.tsoffset else times

    def _exact(self, ticks: Ticks, exponent: int) -> Nanoseconds:
        """Powers of two whose fraction fits 34 bits stay vectorised, all else goes one by one."""
        if self.tsresol & 0x80 and exponent <= 34:
            seconds = ticks >> np.uint64(exponent)
            if (int(seconds.max()) + abs(self.tsoffset) + 1) * _SECOND <= _MAX:
                fraction = ticks & np.uint64((1 << exponent) - 1)
                below = fraction * np.uint64(_SECOND) >> np.uint64(exponent)
                times = (seconds * np.uint64(_SECOND) + below).view(np.int64)
                return times + self.tsoffset * _SECOND
        return np.array([self.nanoseconds(int(tick)) for tick in ticks], np.int64)
