"""Multicast Listener Discovery, both versions (RFC 2710, RFC 3810)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import Dissection, Octets, take, u16

_QUERY, _REPORT, _DONE, _REPORT_2 = 130, 131, 132, 143
TYPES: Final = frozenset({_QUERY, _REPORT, _DONE, _REPORT_2})
#: Length from which a query is version 2.
_QUERY_2_LENGTH: Final = 28


def add_message(dissection: Dissection, kind: int, octets: Octets) -> None:
    """Note the fields of an MLD message."""
    data = octets.data
    add = dissection.add
    if kind == _REPORT_2:
        _add_report(dissection, data)
        return
    newer = kind == _QUERY and octets.reported >= _QUERY_2_LENGTH
    delay = "maximum_response_code" if newer else "maximum_response_delay"
    add(f"icmpv6.mld.{delay}", u16(data, 4))
    add("icmpv6.reserved", take(data, 6, 2))
    add("icmpv6.mld.multicast_address", take(data, 8, 16))
    if newer:
        flags = data[24]
        add("icmpv6.mld.flag", flags)
        add("icmpv6.mld.flag.s", flags >> 3 & 1)
        add("icmpv6.mld.flag.qrv", flags & 7)
        add("icmpv6.mld.flag.reserved", flags >> 4)
        add("icmpv6.mld.qqi", data[25])
        sources = u16(data, 26)
        add("icmpv6.mld.nb_sources", sources)
        for number in range(sources):
            add("icmpv6.mld.source_address", take(data, 28 + number * 16, 16))


def _add_report(dissection: Dissection, data: bytes) -> None:
    add = dissection.add
    add("icmpv6.reserved", take(data, 4, 2))
    records = u16(data, 6)
    add("icmpv6.mldr.nb_mcast_records", records)
    offset = 8
    for _ in range(records):
        add("icmpv6.mldr.mar", None)
        add("icmpv6.mldr.mar.record_type", data[offset])
        words = data[offset + 1]
        add("icmpv6.mldr.mar.aux_data_len", words)
        sources = u16(data, offset + 2)
        add("icmpv6.mldr.mar.nb_sources", sources)
        add("icmpv6.mldr.mar.multicast_address", take(data, offset + 4, 16))
        offset += 20
        for _ in range(sources):
            add("icmpv6.mldr.mar.source_address", take(data, offset, 16))
            offset += 16
        if words:
            add("icmpv6.mldr.mar.auxiliary_data", take(data, offset, words * 4))
            offset += words * 4
