"""One packet as one line of text, for `--print` and plain reading."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tunscope.packet.record import PacketRecord
    from tunscope.summary.model import Summary

_SECOND = 1_000_000_000


def packet_line(number: int, record: PacketRecord, summary: Summary, time: str) -> str:
    """Return number, time, direction, addresses, protocol, length and info of one packet.

    `time` is the text of the time column, as `relative_time` or `clock_time` make it. Frames
    without an IP header show source and destination MAC address and the EtherType, as
    `00:00:5e:00:53:01 → ff:ff:ff:ff:ff:ff ARP 0x0806 42 Who has ...`.
    """
    direction = record.direction.arrow
    link = ""
    if summary.ethertype and summary.source == summary.mac_source:
        link = f" {summary.ethertype}"
    source, destination = summary.source or "-", summary.destination or "-"
    return (
        f"{number:>5} {time} {direction} {source} → {destination} "
        f"{summary.protocol}{link} {record.origlen} {summary.info}"
    ).rstrip()


def relative_time(ts_ns: int, start_ns: int) -> str:
    """Return seconds since `start_ns` with nine decimals, negative if earlier."""
    difference = ts_ns - start_ns
    seconds, fraction = divmod(abs(difference), _SECOND)
    return f"{'-' if difference < 0 else ''}{seconds}.{fraction:09d}"


def clock_time(ts_ns: int) -> str:
    """Return the local time of day with nine decimals, as tcpdump shows it."""
    seconds, fraction = divmod(ts_ns, _SECOND)
    try:
        local = datetime.fromtimestamp(seconds, UTC).astimezone()
    except (OverflowError, ValueError, OSError):
        return f"{seconds}.{fraction:09d}"  # beyond year 9999
    return f"{local:%H:%M:%S}.{fraction:09d}"
