"""Times that packets' relative times count from, as Wireshark chooses them.

The packet before a packet is the last one that is no custom block; before the first such packet
it is the capture's first, whatever that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import numpy.typing as npt

from tunscope.columns.layout import RecordFlag

if TYPE_CHECKING:
    from tunscope.columns.batch import Column, ColumnBatch

_CUSTOM: Final = int(RecordFlag.CUSTOM_BLOCK)
#: Rows looked at together for a packet that is no custom block.
_STEP: Final = 1 << 14


class Source(Protocol):
    """The part of an indexed capture that clocks read."""

    def batch(self, start: int, stop: int) -> ColumnBatch:
        """Return the columns of rows `start` to `stop`."""
        ...


@dataclass(frozen=True, slots=True)
class Clock:
    """Times that a run's relative times count from, in nanoseconds: of the capture's first
    packet, and of the packet before the run's first one."""

    first_ns: int
    previous_ns: int


def custom_blocks(batch: ColumnBatch) -> npt.NDArray[np.bool_]:
    """Return which rows are custom blocks."""
    custom: npt.NDArray[np.bool_] = (
        batch["flags"] & RecordFlag.CUSTOM_BLOCK == RecordFlag.CUSTOM_BLOCK
    )
    return custom


def clock_of(source: Source, batch: ColumnBatch) -> Clock:
    """Return the clock of a run of `source`."""
    if not batch.count:
        return Clock(0, 0)
    if not batch.start:
        first = int(batch["ts_ns"][0])
        return Clock(first, first)
    oldest = source.batch(0, 1)
    first = int(oldest["ts_ns"][0]) if oldest.count else int(batch["ts_ns"][0])
    stop, size = batch.start, 1
    while stop > 0:
        before = source.batch(max(0, stop - size), stop)
        packets = np.flatnonzero(~custom_blocks(before))
        if packets.size:
            return Clock(first, int(before["ts_ns"][packets[-1]]))
        stop, size = stop - size, _STEP
    return Clock(first, first)


def previous_times(batch: ColumnBatch, clock: Clock) -> Column:
    """Return for each row the time of the packet before it."""
    times, custom = batch["ts_ns"], custom_blocks(batch)
    if not custom.any():
        return np.concatenate(([np.int64(clock.previous_ns)], times[:-1]))
    packets = np.where(custom, -1, np.arange(batch.count))
    latest = np.concatenate(([-1], np.maximum.accumulate(packets)[:-1]))
    return np.where(latest < 0, np.int64(clock.previous_ns), times[latest])


def previous_time(batch: ColumnBatch, clock: Clock, row: int) -> int:
    """Return the time of the packet before `row`, an index into the batch."""
    times, flags = batch["ts_ns"], batch["flags"]
    for before in range(row - 1, -1, -1):
        if int(flags[before]) & _CUSTOM != _CUSTOM:
            return int(times[before])
    return clock.previous_ns
