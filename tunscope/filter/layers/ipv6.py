"""IPv6 (RFC 8200): the fixed header. Extension headers are dissected beside it."""

from __future__ import annotations

import socket
from typing import Final

from tunscope.filter.layers.dissection import (
    ERROR,
    MALFORMED_GROUP,
    NOTE,
    PROTOCOL_GROUP,
    WARN,
    Dissection,
    Network,
    Octets,
    take,
    u16,
    u32,
)
from tunscope.filter.layers.ipv6_addresses import add_embedded
from tunscope.filter.layers.registry import dissect_data, dissector_or_data, takes

_HEADER: Final = 40
_NO_NEXT: Final = 59
_HOP_BY_HOP: Final = 0
_JUMBO: Final = 0xC2


@takes("ethertype", 0x86DD)
@takes("ip.proto", 41)
@takes("ppp", 0x57)
def dissect_ipv6(dissection: Dissection, octets: Octets) -> None:
    """Dissect an IPv6 header and what it carries."""
    wanted = dissection.begin("ipv6", octets, _HEADER)
    data = octets.data
    version = data[0] >> 4
    if wanted:
        dissection.add("ipv6.version", version)
    if wanted or "ip" in dissection.wanted:
        dissection.add("ip.version", version)
    if version != 6:
        if wanted:
            message = f"Bogus IPv6 version ({version}, must be 6)"
            dissection.expert("ipv6.bogus_ipv6_version", ERROR, PROTOCOL_GROUP, message)
        return
    if wanted:
        _add_first(dissection, u32(data, 0))
        dissection.add("ipv6.plen", u16(data, 4))
    length, following = u16(data, 4), data[6]
    dissection.network = Network(
        6,
        b"",
        b"",
        following,
        length,
        data[7] if len(data) > 7 else 0,
        fragment=False,
        quoted=dissection.network.quoted_inside,
    )
    whole = octets.reported >= _HEADER
    if wanted and not whole:
        message = f"IPv6 header must be exactly {_HEADER} bytes"
        dissection.expert("ipv6.invalid_header", ERROR, MALFORMED_GROUP, message)
    if length or following != _HOP_BY_HOP:
        if (
            wanted
            and whole
            and length + _HEADER > octets.reported
            and not dissection.network.quoted
        ):
            room = octets.reported - _HEADER
            message = f"IPv6 payload length exceeds framing length ({room} bytes)"
            dissection.expert("ipv6.plen_exceeds_framing", WARN, PROTOCOL_GROUP, message)
        if wanted and not length and following != _NO_NEXT:
            message = "IPv6 payload length equals 0 (maybe because of "
            message += '"TCP segmentation offload" (TSO))'
            dissection.expert("ipv6.plen_zero", NOTE, PROTOCOL_GROUP, message)
        octets.trim(length + _HEADER)
        data = octets.data
    if wanted:
        dissection.add("ipv6.nxt", following)
        dissection.add("ipv6.hlim", data[7])
    source = dissection.network.source = take(data, 8, 16)
    if wanted:
        _add_address(dissection, "src", source)
    destination = dissection.network.destination = take(data, 24, 16)
    if wanted:
        _add_address(dissection, "dst", destination)
        add_embedded(dissection, "src", source)
        add_embedded(dissection, "dst", destination)
    dissect_following(dissection, following, octets.rest(_HEADER))


def dissect_following(dissection: Dissection, following: int, octets: Octets) -> None:
    """Dissect what next-header number `following` announces."""
    if following == _NO_NEXT:
        dissect_data(dissection, octets)
        return
    dissector_or_data("ip.proto", following)(dissection, octets)


def _add_first(dissection: Dissection, word: int) -> None:
    add = dissection.add
    add("ipv6.tclass", word >> 20 & 0xFF)
    add("ipv6.tclass.dscp", word >> 22 & 0x3F)
    add("ipv6.tclass.ecn", word >> 20 & 3)
    add("ipv6.flow", word & 0xFFFFF)


def _add_address(dissection: Dissection, side: str, address: bytes) -> None:
    text = socket.inet_ntop(socket.AF_INET6, address)
    dissection.add_all((f"ipv6.{side}", "ipv6.addr"), address)
    dissection.add_all((f"ipv6.{side}_host", "ipv6.host"), text)
