"""Neighbour Discovery (RFC 4861) and its options (RFC 4191, RFC 8106, RFC 6775)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import Dissection, Octets, take, u16, u32, u64

_SOLICIT_ROUTER, _ADVERTISE_ROUTER, _SOLICIT, _ADVERTISE, _REDIRECT = 133, 134, 135, 136, 137
#: Bytes of a prefix by its length code.
_TRANSLATION_PREFIXES: Final = {0: 12, 1: 8, 2: 7, 3: 6, 4: 5, 5: 4}
REDIRECT: Final = 137
#: Where the options of a Redirect begin, and the one that quotes a packet.
_REDIRECT_OPTIONS: Final = 40
_REDIRECTED_PACKET: Final = 4
TYPES: Final = frozenset({133, 134, 135, 136, 137})


def add_message(dissection: Dissection, kind: int, octets: Octets) -> None:
    """Note the fields and options of a Neighbour Discovery message."""
    data = octets.data
    add = dissection.add
    if kind == _SOLICIT_ROUTER:
        add("icmpv6.reserved", take(data, 4, 4))
        offset = 8
    elif kind == _ADVERTISE_ROUTER:
        _add_router(dissection, data)
        offset = 16
    elif kind == _SOLICIT:
        add("icmpv6.reserved", take(data, 4, 4))
        add("icmpv6.nd.ns.target_address", take(data, 8, 16))
        offset = 24
    elif kind == _ADVERTISE:
        _add_advertisement(dissection, data)
        offset = 24
    else:
        add("icmpv6.reserved", take(data, 4, 4))
        add("icmpv6.nd.rd.target_address", take(data, 8, 16))
        add("icmpv6.rd.na.destination_address", take(data, 24, 16))
        offset = 40
    add_options(dissection, data, offset)


def _add_router(dissection: Dissection, data: bytes) -> None:
    add = dissection.add
    add("icmpv6.nd.ra.cur_hop_limit", data[4])
    flags = data[5]
    add("icmpv6.nd.ra.flag", flags)
    prefix = "icmpv6.nd.ra.flag"
    dissection.add_bits(
        flags, ((f"{prefix}.m", 0x80), (f"{prefix}.o", 0x40), (f"{prefix}.h", 0x20))
    )
    add("icmpv6.nd.ra.flag.prf", flags >> 3 & 3)
    add("icmpv6.nd.ra.flag.p", flags >> 2 & 1)
    add("icmpv6.nd.ra.flag.rsv", flags & 3)
    add("icmpv6.nd.ra.router_lifetime", u16(data, 6))
    add("icmpv6.nd.ra.reachable_time", u32(data, 8))
    add("icmpv6.nd.ra.retrans_timer", u32(data, 12))


def _add_advertisement(dissection: Dissection, data: bytes) -> None:
    flags = u32(data, 4)
    prefix = "icmpv6.nd.na.flag"
    dissection.add(prefix, flags)
    dissection.add_bits(
        flags, ((f"{prefix}.r", 1 << 31), (f"{prefix}.s", 1 << 30), (f"{prefix}.o", 1 << 29))
    )
    dissection.add(f"{prefix}.rsv", flags & 0x1FFFFFFF)
    dissection.add("icmpv6.nd.na.target_address", take(data, 8, 16))


def redirected(octets: Octets) -> Octets | None:
    """Return what a Redirect quotes of the packet that it is about, None if it quotes nothing."""
    offset = _REDIRECT_OPTIONS
    while offset + 1 < len(octets.data):
        kind, size = octets.data[offset], octets.data[offset + 1] * 8
        if kind == _REDIRECTED_PACKET and size > 8:
            quoted = octets.rest(offset + 8)
            quoted.trim(size - 8)
            return quoted
        if not size:
            break
        offset += size
    return None


def add_options(dissection: Dissection, data: bytes, offset: int) -> None:
    """Note the options of a Neighbour Discovery message, from `offset` to the end."""
    add = dissection.add
    while offset < len(data):
        kind, words = data[offset], data[offset + 1]
        add("icmpv6.opt", None)
        add("icmpv6.opt.type", kind)
        add("icmpv6.opt.length", words)
        if not words:
            add("icmpv6.invalid_option_length", None)
            return
        body = data[offset + 2 : offset + words * 8]
        _add_option(dissection, kind, body, words * 8 - 2)
        offset += words * 8


def _add_option(dissection: Dissection, kind: int, body: bytes, size: int) -> None:
    add = dissection.add
    match kind:
        case 1 | 2:
            name = "src_linkaddr" if kind == 1 else "target_linkaddr"
            dissection.add_all((f"icmpv6.opt.{name}", "icmpv6.opt.linkaddr"), take(body, 0, size))
        case 3:
            _add_prefix(dissection, body)
        case 5:
            add("icmpv6.opt.reserved", None)
            add("icmpv6.opt.mtu", u32(body, 2))
        case 4:
            add("icmpv6.opt.reserved", None)
            add("icmpv6.opt.redirected_packet", None)
        case 7:
            add("icmpv6.opt.reserved", None)
            add("icmpv6.opt.advertisement_interval", u32(body, 2))
        case 8:
            add("icmpv6.opt.reserved", None)
            add("icmpv6.opt.home_agent_preference", u16(body, 2))
            add("icmpv6.opt.home_agent_lifetime", u16(body, 4))
        case 14:
            add("icmpv6.opt.nonce", body)
        case 24:
            _add_route(dissection, body)
        case 25:
            add("icmpv6.opt.reserved", None)
            add("icmpv6.opt.rdnss.lifetime", u32(body, 2))
            for at in range(6, len(body) - 15, 16):
                add("icmpv6.opt.rdnss", body[at : at + 16])
        case 31:
            _add_search_list(dissection, body)
        case 33:
            add("icmpv6.opt.aro.status", body[0])
            add("icmpv6.opt.reserved", None)
            add("icmpv6.opt.aro.registration_lifetime", u16(body, 4))
            add("icmpv6.opt.aro.eui64", u64(body, 6))
        case 37:
            portal = body.rstrip(b"\0").decode("ascii", "replace")
            add("icmpv6.opt.captive_portal", portal)
        case 38:
            _add_translation_prefix(dissection, body)
        case _:
            pass


def _add_prefix(dissection: Dissection, body: bytes) -> None:
    add = dissection.add
    prefix = "icmpv6.opt.prefix"
    add(f"{prefix}.length", body[0])
    add(f"{prefix}.flag", body[1])
    dissection.add_bits(
        body[1],
        ((f"{prefix}.flag.l", 0x80), (f"{prefix}.flag.a", 0x40), (f"{prefix}.flag.r", 0x20)),
    )
    add(f"{prefix}.flag.reserved", body[1] & 31)
    add(f"{prefix}.valid_lifetime", u32(body, 2))
    add(f"{prefix}.preferred_lifetime", u32(body, 6))
    add("icmpv6.opt.reserved", None)
    add(prefix, take(body, 14, 16))


def _add_route(dissection: Dissection, body: bytes) -> None:
    add = dissection.add
    add("icmpv6.opt.prefix.length", body[0])
    flags = body[1]
    add("icmpv6.opt.route_info.flag", flags)
    add("icmpv6.opt.route_info.flag.route_preference", flags >> 3 & 3)
    add("icmpv6.opt.route_info.flag.reserved", flags & 0xE7)
    add("icmpv6.opt.route_lifetime", u32(body, 2))
    add("icmpv6.opt.prefix", body[6:22].ljust(16, b"\0"))


def _add_translation_prefix(dissection: Dissection, body: bytes) -> None:
    """The prefix of a translator to IPv4 (RFC 8781)."""
    scaled = u16(body, 0)
    dissection.add("icmpv6.opt.pref64.scaled_lifetime", scaled >> 3)
    dissection.add("icmpv6.opt.pref64.plc", scaled & 7)
    size = _TRANSLATION_PREFIXES.get(scaled & 7)
    if size is None:
        dissection.add("icmpv6.invalid_option_length", None)
    else:
        dissection.add("icmpv6.opt.pref64.prefix", take(body, 2, size).ljust(16, b"\0"))


def _add_search_list(dissection: Dissection, body: bytes) -> None:
    dissection.add("icmpv6.opt.reserved", None)
    dissection.add("icmpv6.opt.dnssl.lifetime", u32(body, 2))
    labels: list[str] = []
    offset = 6
    while offset < len(body):
        size = body[offset]
        if not size:
            if not labels:
                dissection.add("icmpv6.opt.padding", None)
                return
            dissection.add("icmpv6.opt.dnssl", ".".join(labels))
            labels = []
        else:
            label = take(body, offset + 1, size)
            labels.append(label.decode("utf-8", "replace"))
        offset += 1 + size
