"""Times in filters: dates in ISO 8601 or Wireshark's older style, offsets in seconds."""

from __future__ import annotations

import calendar
import re
import time
from typing import Final

_NANOSECONDS: Final = 10**9
_ISO: Final = re.compile(
    r"\s*(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[T ]\s*(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?)?)?"
    r"(Z| *UTC|[+-]\d{2}:?\d{2})?\s*"
)
_LEGACY: Final = re.compile(
    r"\s*([A-Z][a-z]{2}) +(\d{1,2}), *(\d{4}) +(\d{1,2}):(\d{1,2}):(\d{1,2})"
    r"(?:[.,](\d+))?( *UTC)?\s*"
)
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_RELATIVE: Final = re.compile(r"(\d+)(?:\.(\d*).*)?")
#: Seconds beyond what a 64-bit number of nanoseconds holds are cut to it.
_MOST_SECONDS: Final = 2**63 // _NANOSECONDS


def parse_absolute_time(text: str) -> int | None:
    """Return nanoseconds since 1970 in UTC, None if `text` is no date and time.

    Without a zone, local time is meant. Days past the end of a month run into the next one.
    """
    if iso := _ISO.fullmatch(text):
        numbers = [int(part or 0) for part in iso.groups()[:6]]
        fraction, zone = iso.group(7), iso.group(8) or ""
    elif (legacy := _LEGACY.fullmatch(text)) and legacy.group(1) in _MONTHS:
        month, day, year, *clock = legacy.groups()[:6]
        numbers = [int(year), _MONTHS.index(month) + 1, int(day), *map(int, clock)]
        fraction, zone = legacy.group(7), legacy.group(8) or ""
    else:
        return None
    year, month, day, hour, minute, second = numbers
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 62):
        return None
    moment = (year, month, day, hour, minute, second, 0, 0, -1)
    try:
        seconds = calendar.timegm(moment) if zone else int(time.mktime(moment))
    except (OverflowError, ValueError):
        return None
    if zone[:1] in ("+", "-"):
        digits = zone.replace(":", "")
        offset = int(digits[1:3]) * 3600 + int(digits[3:5]) * 60
        seconds -= offset if zone.startswith("+") else -offset
    return seconds * _NANOSECONDS + _fraction(fraction)


def parse_relative_time(text: str) -> int | None:
    """Return nanoseconds for a number of seconds (`1`, `1.5`), None if `text` is none."""
    match = _RELATIVE.fullmatch(text)
    if match is None:
        return None
    seconds = min(int(match.group(1)), _MOST_SECONDS) if len(match.group(1)) < 25 else -1
    return seconds * _NANOSECONDS + int((match.group(2) or "")[:9].ljust(9, "0"))


def _fraction(digits: str | None) -> int:
    """Return nanoseconds for digits behind the point; more than nine of them count as none."""
    return int(digits.ljust(9, "0")) if digits and len(digits) <= 9 else 0
