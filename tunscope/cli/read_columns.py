"""The columns of the packet list as texts, in Wireshark's default order and under its names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tunscope.cli.read_packets import ReadPacket
from tunscope.summary.model import Summary

PREFIX: Final = "_ws.col."


@dataclass(frozen=True, slots=True)
class Columns:
    """What the packet list shows of one packet."""

    packet: ReadPacket
    time: str
    summary: Summary


_TEXTS: Final[dict[str, Callable[[Columns], str]]] = {
    "No.": lambda columns: str(columns.packet.number),
    "Time": lambda columns: columns.time,
    "Source": lambda columns: columns.summary.source,
    "Destination": lambda columns: columns.summary.destination,
    "Protocol": lambda columns: columns.summary.protocol,
    "Length": lambda columns: str(columns.packet.record.origlen),
    "Info": lambda columns: columns.summary.info,
}
#: Column titles as fields of `-e`.
COLUMN_FIELDS: Final = tuple(PREFIX + title for title in _TEXTS)
#: What Wireshark calls them since version 4.4.
_RENAMED: Final = {
    "number": "No.",
    "def_src": "Source",
    "def_dst": "Destination",
    "packet_length": "Length",
}
_BY_NAME: Final = {
    **{title.lower(): text for title, text in _TEXTS.items()},
    **{name: _TEXTS[title] for name, title in _RENAMED.items()},
}


def column_text(name: str) -> Callable[[Columns], str] | None:
    """Return what makes the text of a `_ws.col.` field, None if there is no such column."""
    return _BY_NAME.get(name.removeprefix(PREFIX).lower()) if name.startswith(PREFIX) else None


def text_line(columns: Columns) -> str:
    """Return the packet's line, laid out as tshark's: number, time and addresses padded."""
    packet, summary = columns.packet, columns.summary
    return (
        f"{packet.number:>5} {columns.time:>10} {summary.source:>12} → {summary.destination:<12} "
        f"{summary.protocol} {packet.record.origlen} {summary.info}\n"
    )
