"""When each packet of a replay is due, in nanoseconds after its start. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from tunscope.errors import UsageError

_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Timing:
    """How fast packets follow each other.

    By default as in the capture: `speed` 2 halves every gap, and no gap is longer than
    `max_gap_ns` of the capture's time. `pps` packets or `mbps` megabits (10^6) of packet bytes a
    second, evenly, or `topspeed`, take no notice of the capture's times.
    """

    speed: float = 1.0
    pps: float | None = None
    mbps: float | None = None
    topspeed: bool = False
    max_gap_ns: int | None = None

    def check(self) -> None:
        """Raise UsageError for what cannot be meant: two speeds at once, or one out of reason."""
        chosen = [
            option
            for option, given in (
                ("--speed", self.speed != 1.0),
                ("--pps", self.pps is not None),
                ("--mbps", self.mbps is not None),
                ("--topspeed", self.topspeed),
            )
            if given
        ]
        if len(chosen) > 1:
            raise UsageError(" and ".join(chosen), "are two speeds at once", "choose one")
        for option, value in (("--speed", self.speed), ("--pps", self.pps), ("--mbps", self.mbps)):
            if value is not None and not (math.isfinite(value) and 1e-6 <= value <= 1e9):
                raise UsageError(f"{option} {value:g}", "is not between 0.000001 and 1000000000")
        if self.max_gap_ns is not None and (self.max_gap_ns < 0 or chosen not in ([], ["--speed"])):
            why = "shortens gaps of the capture, which the other option does not use"
            raise UsageError("--max-gap", "is negative" if self.max_gap_ns < 0 else why)


class Schedule:
    """Gives packet after packet the time at which it is due.

    Every time is worked out from the start, never from the packet before, so that no rounding adds
    up. Times never go back: a packet stamped earlier than the one before is due together with it.
    """

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._packets = 0
        self._bytes = 0
        self._virtual_ns = 0
        self._latest_ns: int | None = None

    def due(self, ts_ns: int | None, size: int) -> int:
        """Return when the next packet is due; `ts_ns` is its time in the capture, None if untold.

        `size` is what is sent of it, in bytes.
        """
        due = self._now(ts_ns)
        self._packets += 1
        self._bytes += size
        return due

    @property
    def period(self) -> int:
        """How long one pass takes: when the first packet of the next one is due.

        At an even rate that is one step after the last packet, otherwise together with it.
        """
        if self._timing.pps is None and self._timing.mbps is None:
            return self._now(None)
        return self._even_ns()

    def _now(self, ts_ns: int | None) -> int:
        timing = self._timing
        if timing.topspeed:
            return 0
        if timing.pps is not None or timing.mbps is not None:
            return self._even_ns()
        if ts_ns is not None:
            if self._latest_ns is None:
                self._latest_ns = ts_ns
            gap = max(0, ts_ns - self._latest_ns)
            self._latest_ns = max(ts_ns, self._latest_ns)
            self._virtual_ns += gap if timing.max_gap_ns is None else min(gap, timing.max_gap_ns)
        return self._virtual_ns if timing.speed == 1.0 else round(self._virtual_ns / timing.speed)

    def _even_ns(self) -> int:
        if self._timing.pps is not None:
            return round(self._packets * _SECOND_NS / self._timing.pps)
        assert self._timing.mbps is not None, "one of the two even rates"
        return round(self._bytes * 8000 / self._timing.mbps)
