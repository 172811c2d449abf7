"""AH (RFC 4302), ESP (RFC 4303) and IPComp (RFC 3173), as far as they can be read."""

from __future__ import annotations

import zlib
from typing import Final

from tunscope.filter.layers.dissection import Dissection, Octets, take, u16, u32
from tunscope.filter.layers.ipv6 import dissect_following
from tunscope.filter.layers.registry import dissect_data, takes

#: No IP packet is larger: what a compressed payload may grow to.
_LARGEST_PACKET: Final = 65535


@takes("ip.proto", 51)
def dissect_ah(dissection: Dissection, octets: Octets) -> None:
    """Dissect an authentication header and what it authenticates."""
    data = octets.data
    size = (data[1] + 2) * 4 if len(data) > 1 else 0
    if dissection.begin("ah", octets, size):
        dissection.add("ah.next_header", data[0])
        dissection.add("ah.length", data[1])
        dissection.add("ah.reserved", take(data, 2, 2))
        dissection.add("ah.spi", u32(data, 4))
        dissection.add("ah.sequence", u32(data, 8))
        if size > 12:
            dissection.add("ah.icv", take(data, 12, size - 12))
    take(data, 0, size)
    dissect_following(dissection, data[0], octets.rest(size))


@takes("ip.proto", 50)
def dissect_esp(dissection: Dissection, octets: Octets) -> None:
    """Dissect an ESP header; the rest is encrypted."""
    if dissection.begin("esp", octets):
        dissection.add("esp.spi", u32(octets.data, 0))
        dissection.add("esp.sequence", u32(octets.data, 4))


@takes("ip.proto", 108)
def dissect_ipcomp(dissection: Dissection, octets: Octets) -> None:
    """Dissect an IPComp header; the rest is compressed."""
    if dissection.begin("ipcomp", octets, 4):
        dissection.add("ipcomp.next_header", octets.data[0])
        dissection.add("ipcomp.flags", octets.data[1])
        dissection.add("ipcomp.cpi", u16(octets.data, 2))
    payload = octets.rest(4)
    dissect_data(dissection, payload)
    try:
        plain = zlib.decompressobj(-zlib.MAX_WBITS).decompress(payload.data, _LARGEST_PACKET)
    except zlib.error:
        return
    if plain:
        dissect_following(dissection, octets.data[0], Octets(plain, len(plain)))


@takes("udp.port", 4500)
def dissect_encapsulated(dissection: Dissection, octets: Octets) -> None:
    """Dissect what NAT traversal puts into UDP (RFC 3948): keepalives, IKE, ESP."""
    dissection.begin("udpencap", octets)
    data = octets.data
    if data[:1] == b"\xff" and octets.reported == 1:
        return
    if u32(data, 0) == 0:
        dissection.begin("isakmp", octets.rest(4))
        return
    dissect_esp(dissection, octets)
