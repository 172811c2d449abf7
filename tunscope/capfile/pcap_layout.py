"""Which layout the packet records of a pcap file have, where its magic leaves that open.

Patched libpcaps of 1999 and some Nokia devices write more fields into every record under a magic
that others use too; only the first records can tell. The idea is Wireshark's: read the first
three in every layout, and count what looks wrong.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Final

from tunscope.capfile.packet_limits import MAX_CAPLEN
from tunscope.capfile.pcap_header import (
    MODIFIED,
    PATCHED_RECORD,
    RECORD_FIELDS,
    PcapFormat,
)
from tunscope.capfile.window import Window

_STANDARD: Final = RECORD_FIELDS
#: With interface index, protocol and packet type.
_PATCHED: Final = PATCHED_RECORD
#: The same and five bytes more (patch of 1999-09-15).
_PATCHED_SMP: Final = 28
_NOKIA: Final = 20

_RECORDS: Final = 3
_MAX_ORIGLEN: Final = 128 << 20
_MAX_INTERFACE: Final = 10_000
_ONE_DAY: Final = 86_400
_LINUX_PROTOCOLS: Final = frozenset({0x0060, 0x0200, 0x0400, *range(0x0018)})


def choose_layout(window: Window, form: PcapFormat) -> PcapFormat:
    """Return `form` with the record size that suits the records at the window's position best.

    A file of the standard magic is standard unless that does not work and another layout does
    without a flaw: one cut short must not be mistaken for something rare.
    """
    if form.magic == MODIFIED:
        flaws = {size: _flaws(window, form, size) for size in (_PATCHED, _PATCHED_SMP)}
        return replace(form, record_size=min(flaws, key=lambda size: flaws[size]))
    if _flaws(window, form, _STANDARD):
        for size in (_PATCHED, _NOKIA):
            if not _flaws(window, form, size):
                return replace(form, record_size=size)
    return form


def _flaws(window: Window, form: PcapFormat, record_size: int) -> int:
    """Count what looks wrong with the first records if their headers have this size."""
    flaws, place = 0, 0
    first: int | None = None
    for _ in range(_RECORDS):
        if not window.has(place + record_size):
            # The file ends: in a whole record's place, or cut short, which is no flaw of the
            # standard layout but makes another one implausible.
            return flaws + (record_size != _STANDARD and window.buffered > place)
        start = window.position + place
        fields: tuple[int, int, int, int] = struct.unpack_from(
            f"{form.order}4I", window.data, start
        )
        seconds, fraction, caplen, origlen = fields
        first = seconds if first is None else first
        flaws += fraction >= 1_000_000
        flaws += caplen > form.interface.snaplen > 0
        flaws += origlen > _MAX_ORIGLEN
        flaws += caplen > origlen
        if record_size != _STANDARD:
            flaws += not caplen
            flaws += abs(seconds - first) > _ONE_DAY
            flaws += _extra_flaws(window.data[start : start + record_size], form)
        if caplen > MAX_CAPLEN:
            return flaws + 1
        place += record_size + caplen
    return flaws


def _extra_flaws(header: bytes, form: PcapFormat) -> int:
    if len(header) == _NOKIA:
        (signature,) = struct.unpack_from(f"{form.order}I", header, RECORD_FIELDS)
        plain = (
            signature & 0x0FFF00F0 == 0x0FBF0000
            and signature >> 28 in (0x9, 0xB)
            and signature >> 12 & 0xF in (0xB, 0xD)
            and signature >> 8 & 0xF in (0x6, 0x9)
            and signature & 0xF in (0x1, 0x2)
        )
        return not plain
    fields: tuple[int, int, int] = struct.unpack_from(f"{form.order}IHB", header, RECORD_FIELDS)
    interface, protocol, packet_type = fields
    known = protocol >= 0x0600 or protocol in _LINUX_PROTOCOLS
    return (interface > _MAX_INTERFACE) + (not known) + (packet_type > 4)
