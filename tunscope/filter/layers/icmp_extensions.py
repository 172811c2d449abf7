"""Extensions of ICMP errors (RFC 4884): MPLS label stacks (RFC 4950), interfaces (RFC 5837), and
the interface that an extended echo asks for (RFC 8335)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import (
    CHECKSUM_GROUP,
    WARN,
    Dissection,
    Octets,
    take,
    u16,
    u24,
    u32,
)
from tunscope.packet.checksum import internet_checksum

_LABELS, _INTERFACE, _IDENTITY = 1, 2, 3
_IPV4, _IPV6 = 1, 2
_HAS_INDEX, _HAS_ADDRESS, _HAS_NAME, _HAS_MTU = 8, 4, 2, 1
_GOOD, _BAD, _ABSENT = 1, 0, 3
_PARTS: Final = (
    ("icmp.int_info.ifindex", _HAS_INDEX),
    ("icmp.int_info.ipaddr", _HAS_ADDRESS),
    ("icmp.int_info.name_present", _HAS_NAME),
    ("icmp.int_info.mtu_present", _HAS_MTU),
)


def dissect_extensions(dissection: Dissection, octets: Octets) -> None:
    """Note an extension structure: header and objects."""
    data = octets.data
    add = dissection.add
    add("icmp.ext", None)
    add("icmp.ext.version", data[0] >> 4)
    add("icmp.ext.res", u16(data, 0) & 0xFFF)
    add("icmp.ext.checksum", u16(data, 2))
    _check(dissection, data)
    offset = 4
    while offset + 4 <= len(data):
        length = u16(data, offset)
        kind, subtype = data[offset + 2], data[offset + 3]
        add("icmp.ext.length", length)
        add("icmp.ext.class", kind)
        add("icmp.ext.ctype", subtype)
        if length < 4:
            break
        body = data[offset + 4 : offset + length]
        if kind == _LABELS and subtype == 1:
            _add_labels(dissection, body)
        elif kind == _INTERFACE:
            _add_interface(dissection, subtype, body)
        elif kind == _IDENTITY and subtype in (1, 2, 3):
            _add_identity(dissection, subtype, body)
        elif body:
            add("icmp.ext.data", body)
        offset += length


def _check(dissection: Dissection, data: bytes) -> None:
    if not u16(data, 2):
        dissection.add("icmp.ext.checksum.status", _ABSENT)
        return
    good = internet_checksum(data) == 0
    dissection.add("icmp.ext.checksum.status", _GOOD if good else _BAD)
    if not good:
        dissection.expert("icmp.ext.checksum_bad", WARN, CHECKSUM_GROUP, "Bad checksum")


def _add_labels(dissection: Dissection, body: bytes) -> None:
    for offset in range(0, len(body) - 3, 4):
        entry = u24(body, offset)
        dissection.add("icmp.mpls.label", entry >> 4)
        dissection.add("icmp.mpls.exp", entry >> 1 & 7)
        dissection.add("icmp.mpls.s", entry & 1)
        dissection.add("icmp.mpls.ttl", body[offset + 3])


def _add_interface(dissection: Dissection, subtype: int, body: bytes) -> None:
    """Note what the bits of `subtype` say is there, as far as it is."""
    add = dissection.add
    add("icmp.int_info.role", subtype >> 6)
    add("icmp.int_info.reserved", subtype >> 4 & 3)
    dissection.add_bits(subtype, _PARTS)
    if subtype & _HAS_INDEX and len(body) >= 4:
        add("icmp.int_info.index", u32(body, 0))
        body = body[4:]
    if subtype & _HAS_ADDRESS and len(body) >= 4:
        family = u16(body, 0)
        add("icmp.int_info.afi", family)
        add("icmp.reserved", body[2:4])
        body = body[4:]
        size = {_IPV4: 4, _IPV6: 16}.get(family, 0)
        if size and len(body) >= size:
            _add_address(dissection, "icmp.int_info", body[:size])
            body = body[size:]
    if subtype & _HAS_NAME and body:
        size = body[0]
        add("icmp.int_info.name_length", size)
        if len(body) > size:
            add("icmp.int_info.name", _name(body[1:size]))
        body = body[size:]
    if subtype & _HAS_MTU and len(body) >= 4:
        add("icmp.int_info.mtu", u32(body, 0))


def _add_identity(dissection: Dissection, subtype: int, body: bytes) -> None:
    """Note by what an interface is asked for: its name, its index, an address of its own."""
    add = dissection.add
    if subtype == 1:
        add("icmp.int_ident.name", _name(body))
    elif subtype == 2:
        add("icmp.int_ident.index", u32(body, 0))
    else:
        add("icmp.int_ident.afi", u16(body, 0))
        add("icmp.int_ident.addr_length", body[2])
        add("icmp.int_ident.reserved", take(body, 3, 1))
        size = {_IPV4: 4, _IPV6: 16}.get(u16(body, 0), 0)
        if size and len(body) >= 4 + size:
            _add_address(dissection, "icmp.int_ident", body[4 : 4 + size])


def _add_address(dissection: Dissection, prefix: str, address: bytes) -> None:
    if len(address) == 4:
        dissection.add(f"{prefix}.ipv4", u32(address, 0))
    else:
        dissection.add(f"{prefix}.ipv6", address)


def _name(octets: bytes) -> str:
    return octets.partition(b"\0")[0].decode("utf-8", "replace")
