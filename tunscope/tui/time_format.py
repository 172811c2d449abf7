"""The Time column: since the start, time of day, since the previous, since a reference. Pure."""

from __future__ import annotations

import time
from enum import Enum


class TimeFormat(Enum):
    """What the Time column counts from; the value is what the screen calls it."""

    START = "since the first packet"
    ABSOLUTE = "time of day"
    DELTA = "since the previous displayed packet"
    REFERENCE = "since the reference packet"

    def following(self) -> TimeFormat:
        """Return the next format in the order of the `t` key."""
        members = list(TimeFormat)
        return members[(members.index(self) + 1) % len(members)]


def seconds(nanoseconds: int, digits: int = 6) -> str:
    """Return a difference in seconds with `digits` decimals, truncated as Wireshark does."""
    sign = "-" if nanoseconds < 0 else ""
    whole, fraction = divmod(abs(nanoseconds), 1_000_000_000)
    return f"{sign}{whole}.{fraction:09d}"[: len(sign) + len(str(whole)) + 1 + digits]


def time_of_day(ts_ns: int) -> str:
    """Return ``HH:MM:SS.ffffff`` in local time for nanoseconds since 1970."""
    whole, fraction = divmod(ts_ns, 1_000_000_000)
    try:
        clock = time.strftime("%H:%M:%S", time.localtime(whole))
    except (OverflowError, ValueError, OSError):
        return seconds(ts_ns)  # a timestamp no calendar has
    return f"{clock}.{fraction // 1000:06d}"


def date_and_time(ts_ns: int) -> str:
    """Return ``YYYY-mm-dd HH:MM:SS.nnnnnnnnn`` in local time for nanoseconds since 1970."""
    whole, fraction = divmod(ts_ns, 1_000_000_000)
    try:
        day = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(whole))
    except (OverflowError, ValueError, OSError):
        return seconds(ts_ns, 9)
    return f"{day}.{fraction:09d}"
