"""The security options of IPv4: RFC 791, RFC 1108 and the draft called CIPSO."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import (
    ERROR,
    PROTOCOL_GROUP,
    SEQUENCE_GROUP,
    WARN,
    Dissection,
    take,
    u16,
    u32,
)

_RFC_791_SIZE: Final = 11
#: The levels of RFC 791; the other half of the codes is reserved for the future.
_RFC_791_LEVELS: Final = frozenset(
    [
        *(0x0000, 0xF135, 0x789A, 0xBC4D, 0x5E26, 0xAF13, 0xD788, 0x6BC5),
        *(0x35E2, 0x9AF1, 0x4D78, 0x24BD, 0x135E, 0x89AF, 0xC4D6, 0xE26B),
    ]
)
_AUTHORITIES: Final = (
    ("ip.opt.sec_prot_auth_genser", 0x80),
    ("ip.opt.sec_prot_auth_siop_esi", 0x40),
    ("ip.opt.sec_prot_auth_sci", 0x20),
    ("ip.opt.sec_prot_auth_nsa", 0x10),
    ("ip.opt.sec_prot_auth_doe", 0x08),
)
_MORE: Final = 0x01
_BITMAP, _ENUMERATED, _RANGED, _FREE_FORM = 1, 2, 5, 6
_KNOWN_TAGS: Final = frozenset((_BITMAP, _ENUMERATED, _RANGED, _FREE_FORM))


def add_security(dissection: Dissection, option: bytes) -> None:
    """Note the basic security option: the words of RFC 791 where it has its size and levels,
    otherwise a level and authorities, a bit in each byte saying that there are more (RFC 1108)."""
    add = dissection.add
    if len(option) == _RFC_791_SIZE and u16(option, 2) in _RFC_791_LEVELS:
        add("ip.opt.sec_rfc791_sec", u16(option, 2))
        add("ip.opt.sec_rfc791_comp", u16(option, 4))
        add("ip.opt.sec_rfc791_hr", _text(option[6:8]))
        add("ip.opt.sec_rfc791_tcc", _text(option[8:11]))
        return
    add("ip.opt.sec_cl", option[2])
    flags = option[3:]
    for place, octet in enumerate(flags):
        add("ip.opt.sec_prot_auth_flags", octet)
        if not place:
            dissection.add_bits(octet, _AUTHORITIES)
        add("ip.opt.sec_prot_auth_unassigned", octet >> 1 & (0x7F if place else 0x03))
        add("ip.opt.sec_prot_auth_fti", octet & _MORE)
        if not octet & _MORE:
            if place + 1 < len(flags):
                _complain(dissection, "Extraneous data in option")
            return
    if flags:
        _complain(dissection, "Field Termination Indicator set to 1 for last byte of option")


def _complain(dissection: Dissection, message: str) -> None:
    dissection.expert("ip.opt.len.invalid", WARN, PROTOCOL_GROUP, message)


def _text(octets: bytes) -> str:
    return octets.partition(b"\0")[0].decode("ascii", "replace")


def add_extended_security(dissection: Dissection, option: bytes) -> None:
    """Note what further information is given, and in whose format."""
    dissection.add("ip.opt.ext_sec_add_sec_info_format_code", option[2])
    if len(option) > 3:
        dissection.add("ip.opt.ext_sec_add_sec_info", option[3:])


def add_labels(dissection: Dissection, option: bytes) -> None:
    """Note the tags of a CIPSO option, up to the first whose length is wrong."""
    add = dissection.add
    add("ip.cipso.doi", u32(option, 2))
    offset = 6
    while offset < len(option):
        kind = option[offset]
        add("ip.cipso.tag_type", kind)
        if kind not in _KNOWN_TAGS:
            return
        size = option[offset + 1]
        if size < 2 or offset + size > len(option):
            message = "Malformed CIPSO tag"
            dissection.expert("ip.cipso.malformed", ERROR, SEQUENCE_GROUP, message)
            return
        _add_tag(dissection, kind, option[offset : offset + size])
        offset += size


def _add_tag(dissection: Dissection, kind: int, tag: bytes) -> None:
    if kind == _FREE_FORM:
        dissection.add("ip.cipso.tag_data", tag[2:])
    else:
        dissection.add("ip.cipso.sensitivity_level", take(tag, 3, 1)[0])
        if len(tag) > 4:
            dissection.add("ip.cipso.categories", _categories(kind, tag[4:]))


def _categories(kind: int, listed: bytes) -> str:
    if kind == _BITMAP:
        bits = range(len(listed) * 8)
        return ",".join(str(bit) for bit in bits if listed[bit // 8] << bit % 8 & 0x80)
    numbers = [u16(listed, place) for place in range(0, len(listed) - 1, 2)]
    if kind == _ENUMERATED:
        return ",".join(map(str, numbers))
    return ",".join(f"{a}-{b}" for a, b in zip(numbers[::2], numbers[1::2], strict=False))
