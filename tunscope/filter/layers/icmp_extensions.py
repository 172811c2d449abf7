"""Extensions of ICMP errors (RFC 4884): MPLS label stacks (RFC 4950), interfaces (RFC 5837)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import Dissection, Octets, take, u16, u24
from tunscope.packet.checksum import internet_checksum

_MPLS: Final = 1


def dissect_extensions(dissection: Dissection, octets: Octets) -> None:
    """Note an extension structure: header and objects."""
    data = octets.data
    add = dissection.add
    add("icmp.ext", None)
    add("icmp.ext.version", data[0] >> 4)
    add("icmp.ext.res", u16(data, 0) & 0xFFF)
    add("icmp.ext.checksum", u16(data, 2))
    add("icmp.ext.checksum.status", int(internet_checksum(data) == 0))
    offset = 4
    while offset + 4 <= len(data):
        length = u16(data, offset)
        kind, subtype = data[offset + 2], data[offset + 3]
        add("icmp.ext.length", length)
        add("icmp.ext.class", kind)
        add("icmp.ext.ctype", subtype)
        if length < 4 or offset + length > len(data):
            break
        body = take(data, offset + 4, length - 4)
        if kind == _MPLS and subtype == 1:
            _add_labels(dissection, body)
        elif body:
            add("icmp.ext.data", body)
        offset += length


def _add_labels(dissection: Dissection, body: bytes) -> None:
    for offset in range(0, len(body) - 3, 4):
        entry = u24(body, offset)
        dissection.add("icmp.mpls.label", entry >> 4)
        dissection.add("icmp.mpls.exp", entry >> 1 & 7)
        dissection.add("icmp.mpls.s", entry & 1)
        dissection.add("icmp.mpls.ttl", body[offset + 3])
