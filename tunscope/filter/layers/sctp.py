"""SCTP (RFC 9260): the common header and the chunks' heads."""

from __future__ import annotations

from tunscope.filter.layers.dissection import Dissection, Octets, u16, u32
from tunscope.filter.layers.registry import takes


@takes("ip.proto", 132)
def dissect_sctp(dissection: Dissection, octets: Octets) -> None:
    """Dissect the common header and each chunk's type, flags and length."""
    data = octets.data
    if not dissection.begin("sctp", octets):
        return
    add = dissection.add
    source, destination = u16(data, 0), u16(data, 2)
    add("sctp.srcport", source)
    add("sctp.dstport", destination)
    add("sctp.verification_tag", u32(data, 4))
    add("sctp.port", source)
    add("sctp.port", destination)
    add("sctp.checksum", u32(data, 8))
    add("sctp.checksum.status", 2)
    offset = 12
    while offset + 4 <= len(data):
        kind, length = data[offset], u16(data, offset + 2)
        add("sctp.chunk_type", kind)
        add("sctp.chunk_bit_1", kind >> 7)
        add("sctp.chunk_bit_2", kind >> 6 & 1)
        add("sctp.chunk_flags", data[offset + 1])
        add("sctp.chunk_length", length)
        if length < 4:
            return
        offset += (length + 3) & ~3
