"""Intervals, axes and the numbers on them. Pure."""

from __future__ import annotations

from typing import Final

from tunscope.index.statistics.io_series import Window

_SECOND: Final = 1_000_000_000
#: Intervals to choose from, in nanoseconds: 1 µs to 500 ms in steps of 1, 2, 5, then clock times.
INTERVALS: Final[tuple[int, ...]] = (
    *(step * int(10**power) for power in range(3, 9) for step in (1, 2, 5)),
    *(
        seconds * _SECOND
        for seconds in (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400,
                        28800, 86400, 7 * 86400, 30 * 86400)
    ),
)  # fmt: skip
#: Those that a whole capture may be fitted into: closer together, so that it fills the screen.
_FITTING: Final[tuple[int, ...]] = tuple(
    sorted(
        {
            *INTERVALS,
            *(
                tenths * int(10**power)
                for power in range(2, 8)
                for tenths in (15, 25, 30, 40, 60, 80)
            ),
        }
    )
)
_UNITS: Final[tuple[tuple[int, str], ...]] = (
    (86400 * _SECOND, "d"),
    (3600 * _SECOND, "h"),
    (60 * _SECOND, "min"),
    (_SECOND, "s"),
    (1_000_000, "ms"),
    (1000, "µs"),
)


def interval_text(interval_ns: int) -> str:
    """Return an interval as people say it: ``20 ms``, ``1 s``, ``10 min``."""
    for size, name in _UNITS:
        if interval_ns >= size and interval_ns % size == 0:
            return f"{interval_ns // size} {name}"
    return f"{interval_ns} ns"


def stepped(interval_ns: int, step: int) -> int:
    """Return the next shorter (-1) or longer (1) interval, the same at either end."""
    if step < 0:
        return max((i for i in INTERVALS if i < interval_ns), default=interval_ns)
    return min((i for i in INTERVALS if i > interval_ns), default=interval_ns)


def whole(earliest_ns: int, latest_ns: int, origin_ns: int, buckets: int) -> Window:
    """Return the window that shows everything; intervals begin at whole ones from the origin."""
    for interval in _FITTING:
        start = aligned(earliest_ns, origin_ns, interval)
        if latest_ns < start + interval * buckets:
            break
    return Window(start, interval, buckets)


def aligned(ts_ns: int, origin_ns: int, interval_ns: int) -> int:
    """Return the beginning of the interval that holds a time, counted from the origin."""
    return origin_ns + (ts_ns - origin_ns) // interval_ns * interval_ns


def ceiling(value: float) -> int:
    """Return the least of 1, 2, 3, 4, 5, 6, 8, 10, 20 ... that is not below `value`."""
    step = 1
    while True:
        for factor in (1, 2, 3, 4, 5, 6, 8):
            if factor * step >= value:
                return factor * step
        step *= 10


def axis_text(value: float) -> str:
    """Return a number of at most six characters: ``850``, ``1,200``, ``20 k``, ``1.5 M``."""
    if value < 10_000:
        return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    for size, name in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            scaled = value / size
            return f"{scaled:.0f} {name}" if scaled == int(scaled) else f"{scaled:.1f} {name}"
    return f"{value:,.0f}"


def time_text(ns: int, interval_ns: int) -> str:
    """Return a time since the origin in seconds, as exact as intervals of `interval_ns` need."""
    digits = 0
    while digits < 6 and interval_ns * 10**digits % _SECOND:
        digits += 1
    return f"{ns / _SECOND:,.{digits}f}"
