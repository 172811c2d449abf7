"""The extension headers of IPv6 (RFC 8200, RFC 8754, RFC 6554)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import (
    DEPRECATED_GROUP,
    ERROR,
    NOTE,
    PROTOCOL_GROUP,
    Dissection,
    Octets,
    take,
    u16,
    u32,
)
from tunscope.filter.layers.ipv6 import dissect_following
from tunscope.filter.layers.ipv6_options import Fixed, dissect_options, home_address
from tunscope.filter.layers.registry import dissect_data, takes

_IPV6: Final = "ipv6"
#: Types of routing headers whose last address is where the packet goes in the end.
_SOURCE_ROUTE, _HOME_ADDRESS, _SEGMENTS = 0, 2, 4


@takes("ip.proto", 0)
def dissect_hop_by_hop(dissection: Dissection, octets: Octets) -> None:
    """Dissect a hop-by-hop options header."""
    _dissect_options_header(dissection, octets, "ipv6.hopopts")


@takes("ip.proto", 60)
def dissect_destination(dissection: Dissection, octets: Octets) -> None:
    """Dissect a destination options header."""
    _dissect_options_header(dissection, octets, "ipv6.dstopts")


def _dissect_options_header(dissection: Dissection, octets: Octets, name: str) -> None:
    first = bool(dissection.protocols) and dissection.protocols[-1] == _IPV6
    data = octets.data
    size = (data[1] + 1) * 8 if len(data) > 1 else 0
    if dissection.begin(name, octets, size or None, needs=2):
        if name == "ipv6.hopopts" and not first:
            message = "IPv6 Hop-by-Hop extension header must appear immediately after IPv6 header"
            dissection.expert("ipv6.hopopts.not_first", ERROR, PROTOCOL_GROUP, message)
        dissection.add(f"{name}.nxt", data[0])
        dissection.add(f"{name}.len", data[1])
        dissection.add(f"{name}.len_oct", size)
        place = "hop-by-hop" if name == "ipv6.hopopts" else "destination"
        network = dissection.network
        fixed = Fixed(network.payload_length, network.hop_limit)
        dissect_options(dissection, data, min(size, len(data)), place, fixed)
    home = home_address(take(data, 0, size))
    if home is not None:
        dissection.network.source = home
    dissect_following(dissection, data[0], octets.rest(size))


@takes("ip.proto", 44)
def dissect_fragment(dissection: Dissection, octets: Octets) -> None:
    """Dissect a fragment header; a later fragment carries data, the first one its protocol."""
    data = octets.data
    wanted = dissection.begin("ipv6.fraghdr", octets, 8)
    word = u16(data, 2)
    if wanted:
        dissection.add("ipv6.fraghdr.nxt", data[0])
        dissection.add("ipv6.fraghdr.reserved_octet", data[1])
        dissection.add("ipv6.fraghdr.offset", word >> 3)
        dissection.add("ipv6.fraghdr.reserved_bits", word >> 1 & 3)
        dissection.add("ipv6.fraghdr.more", word & 1)
        dissection.add("ipv6.fraghdr.ident", u32(data, 4))
    dissection.network.fragment = dissection.network.fragment or bool(word & 0xFFF9)
    payload = octets.rest(8)
    if word & 0xFFF8:
        dissect_data(dissection, payload)
    else:
        dissect_following(dissection, data[0], payload)


@takes("ip.proto", 43)
def dissect_routing(dissection: Dissection, octets: Octets) -> None:
    """Dissect a routing header of any type."""
    data = octets.data
    size = (data[1] + 1) * 8 if len(data) > 1 else 0
    kind = data[2] if len(data) > 2 else -1
    wanted = dissection.begin("ipv6.routing", octets, size or None)
    if wanted:
        dissection.add("ipv6.routing.nxt", data[0])
        dissection.add("ipv6.routing.len", data[1])
        dissection.add("ipv6.routing.len_oct", size)
        dissection.add("ipv6.routing.type", kind)
        dissection.add("ipv6.routing.segleft", data[3])
    body = take(data, 0, size)
    if kind in (_SOURCE_ROUTE, _HOME_ADDRESS) and body[3] and size >= 24:
        last = (size - 8) // 16 * 16 - 8
        dissection.network.destination = body[last : last + 16]
    elif kind == _SEGMENTS and body[3] and size >= 24:
        dissection.network.destination = body[8:24]  # the list begins with the last one
    if wanted:
        _ROUTING.get(kind, _add_unknown)(dissection, body)
    dissect_following(dissection, data[0], octets.rest(size))


def _add_source_route(dissection: Dissection, body: bytes) -> None:
    message = "Routing header type is deprecated"
    dissection.expert("ipv6.routing.deprecated", NOTE, DEPRECATED_GROUP, message)
    dissection.add("ipv6.routing.src.reserved", body[4:8])
    addresses = [body[at : at + 16] for at in range(8, len(body) - 15, 16)]
    _add_addresses(dissection, "ipv6.routing.src.addr", addresses)


def _add_home_address(dissection: Dissection, body: bytes) -> None:
    dissection.add("ipv6.routing.mipv6.reserved", body[4:8])
    address = take(body, 8, 16)
    _add_addresses(dissection, "ipv6.routing.mipv6.home_address", [address])


def _add_segments(dissection: Dissection, body: bytes) -> None:
    add = dissection.add
    add("ipv6.routing.srh.last_entry", body[4])
    add("ipv6.routing.srh.flags", body[5])
    add("ipv6.routing.srh.tag", body[6:8])
    addresses = [body[at : at + 16] for at in range(8, len(body) - 15, 16)][: body[4] + 1]
    _add_addresses(dissection, "ipv6.routing.srh.addr", addresses)


def _add_rpl(dissection: Dissection, body: bytes) -> None:
    word = u32(body, 4)
    add = dissection.add
    inner, last, pad = word >> 28, word >> 24 & 15, word >> 20 & 15
    add("ipv6.routing.rpl.cmprI", inner)
    add("ipv6.routing.rpl.cmprE", last)
    add("ipv6.routing.rpl.pad", pad)
    add("ipv6.routing.rpl.reserved", word & 0xFFFFF)
    count = (len(body) - 8 - pad - (16 - last)) // (16 - inner) + 1
    add("ipv6.routing.rpl.addr_count", count)
    offset = 8
    prefix = dissection.network.destination
    for number in range(count):
        elided = last if number == count - 1 else inner
        part = take(body, offset, 16 - elided)
        add("ipv6.routing.rpl.address", part)
        full = prefix[:elided] + part
        _add_addresses(dissection, "ipv6.routing.rpl.full_address", [full])
        offset += 16 - elided


def _add_unknown(dissection: Dissection, body: bytes) -> None:
    if len(body) > 4:
        dissection.add("ipv6.routing.unknown_data", body[4:])


def _add_addresses(dissection: Dissection, name: str, addresses: list[bytes]) -> None:
    for address in addresses:
        dissection.add(name, address)


_ROUTING: Final = {
    0: _add_source_route,
    2: _add_home_address,
    3: _add_rpl,
    4: _add_segments,
}
