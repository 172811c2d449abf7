"""Timestamps of capture files to nanoseconds, for whole columns at once."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.capfile.timestamps import MAX_NS, MIN_NS, SECOND_NS, Clock

Ticks = npt.NDArray[np.uint64]
Nanoseconds = npt.NDArray[np.int64]

#: Binary fractions of a second up to this many bits can be multiplied within 64 bits.
_MAX_BITS: Final = 34
_BINARY: Final = 0x80


def nanoseconds(clock: Clock, ticks: Ticks) -> Nanoseconds:
    """Return what `clock.nanoseconds` says for every number of ticks."""
    if not len(ticks):
        return np.zeros(0, np.int64)
    exponent = clock.tsresol & 0x7F
    shift = clock.tsoffset * SECOND_NS
    largest = int(ticks.max())
    if clock.nanoseconds(largest) >= MAX_NS or shift < MIN_NS:
        return _one_by_one(clock, ticks)
    if clock.tsresol & _BINARY:
        if exponent > _MAX_BITS:
            return _one_by_one(clock, ticks)
        times = (ticks >> np.uint64(exponent)) * np.uint64(SECOND_NS)
        fraction = ticks & np.uint64((1 << exponent) - 1)
        times += fraction * np.uint64(SECOND_NS) >> np.uint64(exponent)
    elif exponent <= 9:
        times = ticks * np.uint64(10 ** (9 - exponent)) if exponent < 9 else ticks
    elif exponent <= 28:
        times = ticks // np.uint64(10 ** (exponent - 9))
    else:
        times = np.zeros(len(ticks), np.uint64)  # 64 bits of ticks are less than one
    nanoseconds = times.view(np.int64)
    return nanoseconds + shift if shift else nanoseconds


def _one_by_one(clock: Clock, ticks: Ticks) -> Nanoseconds:
    return np.array([clock.nanoseconds(tick) for tick in ticks.tolist()], np.int64)
