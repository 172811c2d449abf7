"""PPPoE (RFC 2516), both stages, and PPP as far as it leads to IP."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import (
    PROTOCOL_GROUP,
    WARN,
    Dissection,
    Octets,
    take,
    u16,
    u32,
)
from tunscope.filter.layers.registry import dissect_next, takes

_HEADER: Final = 6
_TEXT_TAGS: Final = {
    0x0101: "service_name",
    0x0102: "ac_name",
    0x0201: "service_name_error",
    0x0202: "ac_system_error",
    0x0203: "generic_error",
}
_BYTE_TAGS: Final = {
    0x0103: "host_uniq",
    0x0104: "ac_cookie",
    0x0106: "credits",
    0x0107: "metrics",
    0x0110: "relay_session_id",
    0x0111: "hurl",
    0x0112: "motm",
    0x0120: "max_payload",
    0x0121: "ip_route_add",
}
#: Of PPPoE over radio links (RFC 5578).
_NUMBER_TAGS: Final = {0x0108: "seq_num", 0x0109: "credit_scale"}
_VENDOR, _CREDITS = 0x0105, 0x0106
#: The vendor whose tag holds tags: the Broadband Forum; and those that say who asks.
_FORUM: Final = 3561
_FORUM_TAGS: Final = {1: "circuit_id", 2: "remote_id"}


@takes("ethertype", 0x8863)
def dissect_discovery(dissection: Dissection, octets: Octets) -> None:
    """Dissect a packet of the discovery stage and its tags."""
    data = octets.data
    length = u16(data, 4)
    if not dissection.begin("pppoed", octets, _HEADER):
        octets.trim(length + _HEADER)
        return
    _add_header(dissection, data)
    octets.trim(length + _HEADER)
    data = octets.data
    if length:
        dissection.add("pppoed.tags", None)
    offset = _HEADER
    while offset + 4 <= len(data):
        kind, size = u16(data, offset), u16(data, offset + 2)
        if size:
            _add_tag(dissection, kind, take(data, offset + 4, size))
        if not kind:
            return
        offset += 4 + size


def _add_header(dissection: Dissection, data: bytes) -> None:
    add = dissection.add
    add("pppoe.version", data[0] >> 4)
    add("pppoe.type", data[0] & 15)
    add("pppoe.code", data[1])
    add("pppoe.session_id", u16(data, 2))
    add("pppoe.payload_length", u16(data, 4))


def _add_tag(dissection: Dissection, kind: int, body: bytes) -> None:
    if kind in _TEXT_TAGS:
        text = body.decode("ascii", "replace")
        dissection.add(f"pppoed.tags.{_TEXT_TAGS[kind]}", text)
    elif kind in _BYTE_TAGS and not (kind == _CREDITS and len(body) == 4):
        dissection.add(f"pppoed.tags.{_BYTE_TAGS[kind]}", body)
    elif kind == _VENDOR:
        _add_vendor(dissection, body)
    elif kind == _CREDITS and len(body) == 4:
        dissection.add("pppoed.tags.credits.fcn", u16(body, 0))
        dissection.add("pppoed.tags.credits.bcn", u16(body, 2))
    elif kind in _NUMBER_TAGS:
        dissection.add(f"pppoed.tags.{_NUMBER_TAGS[kind]}", int.from_bytes(body))
    else:
        dissection.add("pppoed.tag", kind)
        dissection.add("pppoed.tag_length", len(body))
        dissection.add("pppoed.tag.unknown_data", body)


def _add_vendor(dissection: Dissection, body: bytes) -> None:
    vendor = u32(body, 0)
    dissection.add("pppoed.tags.vendor_id", vendor)
    if len(body) == 4:
        return
    if vendor != _FORUM:
        dissection.add("pppoed.tags.vendor_unspecified", body[4:])
        return
    dissection.add("pppoed.tags.vendorspecific.tags", None)
    offset = 4
    while offset + 2 <= len(body):
        kind, size = body[offset], body[offset + 1]
        if kind in _FORUM_TAGS:
            text = take(body, offset + 2, size).decode("ascii", "replace")
            dissection.add(f"pppoed.tags.{_FORUM_TAGS[kind]}", text)
        offset += 2 + size


@takes("ethertype", 0x8864)
def dissect_session(dissection: Dissection, octets: Octets) -> None:
    """Dissect a packet of the session stage, and the PPP in it."""
    data = octets.data
    wanted = dissection.begin("pppoes", octets, _HEADER)
    length = u16(data, 4)
    if wanted:
        _add_header(dissection, data)
        room = octets.reported - _HEADER
        if length > room:
            message = f"Possible bad payload length {length} != {room}"
            dissection.expert("pppoe.payload_length.bad", WARN, PROTOCOL_GROUP, message)
    octets.trim(length + _HEADER)
    dissect_ppp(dissection, octets.rest(_HEADER))


@takes("gre", 0x880B)
@takes("linktype", 9)
def dissect_ppp(dissection: Dissection, octets: Octets) -> None:
    """Dissect PPP, with or without the address and control bytes of HDLC framing."""
    data = octets.data
    offset = 0
    framed = data[:2] == b"\xff\x03"
    wide = not data[2 if framed else 0] & 1
    size = (2 if framed else 0) + (2 if wide else 1)
    wanted = dissection.begin("ppp", octets, size)
    if framed:
        if wanted:
            dissection.add("ppp.address", data[0])
            dissection.add("ppp.control", data[1])
        offset = 2
    protocol = u16(data, offset) if wide else data[offset]
    if wanted:
        dissection.add("ppp.protocol", protocol)
    dissect_next(dissection, "ppp", protocol, octets.rest(size))


def _takes_control(name: str, number: int) -> None:
    """Register the control protocol `name`: code, identifier and length in front of options."""

    @takes("ppp", number)
    def dissect_control(dissection: Dissection, octets: Octets) -> None:
        dissection.begin(name, octets)
        if "ppp" in dissection.wanted:
            dissection.add("ppp.code", octets.data[0])
            dissection.add("ppp.identifier", octets.data[1])
            dissection.add("ppp.length", u16(octets.data, 2))


for _name, _number in (("lcp", 0xC021), ("ipcp", 0x8021), ("ipv6cp", 0x8057), ("ccp", 0x80FD)):
    _takes_control(_name, _number)
