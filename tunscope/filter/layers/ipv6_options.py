"""The options in IPv6's hop-by-hop and destination headers (IANA's ipv6-parameters)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import (
    NOTE,
    UNDECODED_GROUP,
    Dissection,
    take,
    u16,
    u32,
)

_PAD1: Final = 0
_HOME_ADDRESS: Final = 0xC9


def dissect_options(dissection: Dissection, header: bytes) -> None:
    """Note the options behind the first two bytes of `header`."""
    add = dissection.add
    offset = 2
    while offset < len(header):
        kind = header[offset]
        length = 0 if kind == _PAD1 else header[offset + 1]
        add("ipv6.opt", None)
        add("ipv6.opt.type", kind)
        if kind == _PAD1:
            add("ipv6.opt.pad1", None)
            offset += 1
            continue
        add("ipv6.opt.type.action", kind >> 6)
        add("ipv6.opt.type.change", kind >> 5 & 1)
        add("ipv6.opt.type.rest", kind & 31)
        add("ipv6.opt.length", length)
        body = take(header, offset + 2, length)
        _add_body(dissection, kind, body)
        offset += 2 + length


def home_address(header: bytes) -> bytes | None:
    """Return the home address of a mobile sender (RFC 6275, 6.3), None if none is given."""
    offset = 2
    while offset + 1 < len(header):
        kind, length = header[offset], header[offset + 1]
        if kind == _PAD1:
            offset += 1
            continue
        body = header[offset + 2 : offset + 2 + length]
        if kind == _HOME_ADDRESS and len(body) == length == 16:
            return body
        offset += 2 + length
    return None


def _add_body(dissection: Dissection, kind: int, body: bytes) -> None:
    add = dissection.add
    match kind, len(body):
        case 1, _:
            add("ipv6.opt.padn", body)
        case 0x05, 2:
            add("ipv6.opt.router_alert", u16(body, 0))
        case 0xC2, 4:
            add("ipv6.opt.jumbo", u32(body, 0))
        case 0x04, 1:
            add("ipv6.opt.tel", body[0])
        case 0x26, 6:
            _add_quick_start(dissection, body)
        case 0xC9, 16:
            add("ipv6.opt.mipv6.home_address", body)
        case ((0x63 | 0x23), size) if size >= 4:
            _add_rpl(dissection, body)
        case 0x07, size if size >= 8:
            _add_calipso(dissection, body)
        case ((0x1E | 0x3E | 0x5E | 0x7E | 0x9E | 0xBE | 0xDE | 0xFE), _):
            add("ipv6.opt.experimental", body)
        case _:
            add("ipv6.opt.unknown", body)
            message = f"Unknown Data ({len(body)} bytes)"
            dissection.expert("ipv6.opt.unknown_data.expert", NOTE, UNDECODED_GROUP, message)


def _add_quick_start(dissection: Dissection, body: bytes) -> None:
    add = dissection.add
    add("ipv6.opt.qs_func", body[0] >> 4)
    add("ipv6.opt.qs_rate", body[0] & 15)
    add("ipv6.opt.qs_ttl" if body[0] >> 4 == 0 else "ipv6.opt.qs_unused", body[1])
    add("ipv6.opt.qs_nonce", u32(body, 2) >> 2)
    add("ipv6.opt.qs_reserved", u32(body, 2) & 3)


def _add_rpl(dissection: Dissection, body: bytes) -> None:
    add = dissection.add
    flags = body[0]
    add("ipv6.opt.rpl.flag", flags)
    dissection.add_bits(
        flags,
        (
            ("ipv6.opt.rpl.flag.o", 0x80),
            ("ipv6.opt.rpl.flag.r", 0x40),
            ("ipv6.opt.rpl.flag.f", 0x20),
        ),
    )
    add("ipv6.opt.rpl.flag.rsv", flags & 31)
    add("ipv6.opt.rpl.instance_id", body[1])
    add("ipv6.opt.rpl.sender_rank", u16(body, 2))


def _add_calipso(dissection: Dissection, body: bytes) -> None:
    add = dissection.add
    add("ipv6.opt.calipso.doi", u32(body, 0))
    add("ipv6.opt.calipso.cmpt.length", body[4])
    add("ipv6.opt.calipso.sens_level", body[5])
    add("ipv6.opt.calipso.checksum", u16(body, 6))
    if body[4]:
        add("ipv6.opt.calipso.cmpt_bitmap", body[8 : 8 + body[4] * 4])
