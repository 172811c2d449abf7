"""The time column, in the formats of tshark's `-t`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from tunscope.capfile.blocks import InterfaceDescription
from tunscope.cli.read_packets import ReadPacket

#: What `-t` takes, and what it shows.
TIME_FORMATS: Final = {
    "a": "time of day",
    "ad": "date and time of day",
    "d": "seconds since the packet before",
    "dd": "seconds since the packet shown before",
    "e": "seconds since 1970",
    "r": "seconds since the first packet",
    "u": "time of day, UTC",
    "ud": "date and time of day, UTC",
}
_SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class TimeColumn:
    """Texts of the time column in one of `TIME_FORMATS`.

    As many decimals are shown as the packet's interface has: `interfaces` is what records index,
    and may still grow.
    """

    def __init__(self, kind: str, interfaces: Sequence[InterfaceDescription]) -> None:
        self._kind: Final = kind
        self._interfaces: Final = interfaces
        self._zone: Final[tzinfo | None] = UTC if kind.startswith("u") else None
        self._dated: Final = kind in {"ad", "ud"}

    def text(self, packet: ReadPacket) -> str:
        """Return the time of one packet, "" where the file tells none."""
        if not packet.record.timed:
            return ""
        ts_ns = packet.record.ts_ns
        digits = self._digits(packet.record.interface)
        match self._kind:
            case "r":
                return _seconds(ts_ns - packet.first_ns, digits)
            case "d":
                return _seconds(ts_ns - packet.previous_ns, digits)
            case "dd":
                return _seconds(ts_ns - packet.shown_ns, digits)
            case "e":
                return _seconds(ts_ns, digits)
        return self._clock(ts_ns, digits)

    def _digits(self, interface: int) -> int:
        """Return how many decimals tell the interface's resolution, as tshark rounds it."""
        if interface >= len(self._interfaces):
            return 9
        tsresol = self._interfaces[interface].tsresol
        per_second = 2 ** (tsresol & 0x7F) if tsresol & 0x80 else 10**tsresol
        for digits in (9, 6, 3, 2, 1):
            if per_second >= 10**digits:
                return digits
        return 0

    def _clock(self, ts_ns: int, digits: int) -> str:
        seconds, fraction = divmod(ts_ns, _SECOND)
        try:
            moment = (_EPOCH + timedelta(seconds=seconds)).astimezone(self._zone)
        except (OverflowError, ValueError, OSError):
            return _seconds(ts_ns, digits)  # beyond the calendar
        clock = f"{moment:%H:%M:%S}"
        if digits:
            clock += f".{f'{fraction:09d}'[:digits]}"
        return f"{moment.year:04d}-{moment:%m-%d} {clock}" if self._dated else clock


def _seconds(nanoseconds: int, digits: int) -> str:
    sign = "-" if nanoseconds < 0 else ""
    seconds, fraction = divmod(abs(nanoseconds), _SECOND)
    return f"{sign}{seconds}.{f'{fraction:09d}'[:digits]}" if digits else f"{sign}{seconds}"
