"""Packets and bits per second out of running totals, with a short history. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """Traffic now: packets and bits per second, and packets in each of the last seconds."""

    packets: float = 0.0
    bits: float = 0.0
    history: tuple[float, ...] = ()


class RateMeter:
    """Turns totals, sampled at any pace, into a rate over whole `interval`s.

    `add` takes the time in seconds and the running totals; it returns whether `rate` changed,
    so that a caller paints once an interval only. The first sample is the base line: what was
    there before it is not traffic.
    """

    def __init__(self, interval: float = 1.0, history: int = 10) -> None:
        self._interval = interval
        self._history: deque[float] = deque([0.0] * history, maxlen=history)
        self._base: tuple[float, int, int] | None = None
        self.rate = Rate(history=tuple(self._history))

    def add(self, now: float, packets: int, octets: int) -> bool:
        """Take in the totals at `now`."""
        if self._base is None:
            self._base = (now, packets, octets)
            return False
        then, packets_then, octets_then = self._base
        elapsed = now - then
        if elapsed < self._interval:
            return False
        per_second = max(0, packets - packets_then) / elapsed
        bits = 8 * max(0, octets - octets_then) / elapsed
        # A stall of the screen must not stretch the history: every passed interval gets a bar.
        for _ in range(min(int(elapsed / self._interval), len(self._history))):
            self._history.append(per_second)
        self._base = (now, packets, octets)
        new = Rate(per_second, bits, tuple(self._history))
        changed = new != self.rate
        self.rate = new
        return changed
