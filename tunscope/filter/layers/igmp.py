"""IGMP versions 1 to 3 (RFC 1112, RFC 2236, RFC 3376)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import (
    CHECKSUM_GROUP,
    WARN,
    Dissection,
    Octets,
    take,
    u16,
    u32,
)
from tunscope.filter.layers.registry import takes
from tunscope.packet.checksum import internet_checksum

_QUERY, _REPORT_1, _REPORT_2, _LEAVE, _REPORT_3 = 0x11, 0x12, 0x16, 0x17, 0x22
_QUERY_3_LENGTH: Final = 12


@takes("ip.proto", 2)
def dissect_igmp(dissection: Dissection, octets: Octets) -> None:
    """Dissect an IGMP message."""
    data = octets.data
    if not dissection.begin("igmp", octets):
        return
    kind = data[0]
    version = _version(kind, octets)
    add = dissection.add
    add("igmp.version", version)
    add("igmp.type", kind)
    if version == 1:
        if octets.reported > 1:
            add("igmp.reserved", take(data, 1, 1))
    elif kind == _QUERY and version == 3 and data[1] & 0x80:
        add("igmp.max_resp", ((data[1] & 15) | 16) << ((data[1] >> 4 & 7) + 3))
        add("igmp.max_resp.exp", data[1] >> 4 & 7)
        add("igmp.max_resp.mant", data[1] & 15)
    elif kind == _REPORT_3:
        add("igmp.reserved", take(data, 1, 1))
    else:
        add("igmp.max_resp", data[1])
    add("igmp.checksum", u16(data, 2))
    _check(dissection, octets)
    if kind == _REPORT_3:
        _add_records(dissection, data)
        return
    add("igmp.maddr", u32(data, 4))
    if kind == _QUERY and version == 3:
        _add_query(dissection, data)


def _version(kind: int, octets: Octets) -> int:
    if kind == _REPORT_1:
        return 1
    if kind == _QUERY:
        if octets.reported >= _QUERY_3_LENGTH:
            return 3
        return 2 if octets.data[1] else 1
    return 3 if kind == _REPORT_3 else 2


def _check(dissection: Dissection, octets: Octets) -> None:
    if dissection.network.fragment or len(octets.data) < octets.reported:
        dissection.add("igmp.checksum.status", 2)
        return
    good = internet_checksum(octets.data) == 0
    dissection.add("igmp.checksum.status", int(good))
    if not good:
        dissection.expert("igmp.bad_checksum", WARN, CHECKSUM_GROUP, "Bad checksum")


def _add_query(dissection: Dissection, data: bytes) -> None:
    add = dissection.add
    add("igmp.s", data[8] >> 3 & 1)
    add("igmp.qrv", data[8] & 7)
    add("igmp.qqic", data[9])
    sources = u16(data, 10)
    add("igmp.num_src", sources)
    for number in range(sources):
        add("igmp.saddr", u32(data, 12 + number * 4))


def _add_records(dissection: Dissection, data: bytes) -> None:
    add = dissection.add
    add("igmp.reserved", take(data, 4, 2))
    records = u16(data, 6)
    add("igmp.num_grp_recs", records)
    offset = 8
    for _ in range(records):
        add("igmp.record_type", data[offset])
        words = data[offset + 1]
        add("igmp.aux_data_len", words)
        sources = u16(data, offset + 2)
        add("igmp.num_src", sources)
        add("igmp.maddr", u32(data, offset + 4))
        offset += 8
        for _ in range(sources):
            add("igmp.saddr", u32(data, offset))
            offset += 4
        if words:
            add("igmp.aux_data", take(data, offset, words * 4))
            offset += words * 4
