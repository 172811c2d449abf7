"""The options of IPv4: routes, timestamps, security and the rest (IANA's ip-parameters)."""

from __future__ import annotations

import socket
from typing import Final

from tunscope.filter.layers.dissection import PAST_THE_END, Dissection, take, u16, u32

_END: Final = 0
_NOP: Final = 1
_RECORD_ROUTE: Final = 7
_LOOSE: Final = 131
_STRICT: Final = 137
#: Option type -> (name of the option's bytes, fewest and most bytes).
_OPTIONS: Final = {
    0: ("ip.options.eol", 1, 1),
    1: ("ip.options.nop", 1, 1),
    7: ("ip.options.record_route", 3, 255),
    11: ("ip.options.mtu_probe", 4, 4),
    12: ("ip.options.mtu_reply", 4, 4),
    25: ("ip.options.qs", 8, 8),
    68: ("ip.options.timestamp", 4, 255),
    82: ("ip.options.traceroute", 12, 12),
    130: ("ip.options.security", 3, 255),
    131: ("ip.options.route", 2, 255),
    133: ("ip.options.ext_security", 3, 255),
    134: ("ip.options.cipso", 6, 255),
    136: ("ip.options.sid", 4, 4),
    137: ("ip.options.source_route", 2, 255),
    148: ("ip.options.routeralert", 4, 4),
    149: ("ip.options.sdb", 6, 255),
}


def final_destination(options: bytes, size: int) -> bytes | None:
    """Return the address that the first source route leads to in the end, None if there is none.

    `options` are the captured ones of `size` bytes; one of PAST_THE_END where what says so was
    not captured.
    """
    offset = 0
    while offset < size:
        kind = options[offset]
        if kind == _END:
            break
        if kind == _NOP:
            offset += 1
            continue
        if offset + 1 >= size:
            break
        length = options[offset + 1]
        if length < 2 or offset + length > size:
            break
        if kind in (_LOOSE, _STRICT):
            if length < 7 or options[offset + 2] > length:
                break
            last = offset + 3 + (length - 3 & ~3)
            return take(options, last - 4, 4)
        offset += length
    return None


def add_address(dissection: Dissection, side: str, address: bytes) -> None:
    """Note the address of one `side`: "src" or "dst"."""
    text = socket.inet_ntoa(address)
    dissection.add_all((f"ip.{side}", "ip.addr"), int.from_bytes(address))
    dissection.add_all((f"ip.{side}_host", "ip.host"), text)


def dissect_options(dissection: Dissection, data: bytes) -> None:
    """Note the options in `data`."""
    offset = 0
    add = dissection.add
    while offset < len(data):
        kind = data[offset]
        name, fewest, most = _OPTIONS.get(kind, ("ip.options.unknown", 2, 255))
        if kind in (_END, _NOP):
            add(name, data[offset : offset + 1])
            _add_type(dissection, kind)
            offset += 1
            if kind == _END:
                break
            continue
        if offset + 1 >= len(data):
            break
        length = data[offset + 1]
        option = data[offset : offset + length]
        if length < 2 or len(option) < length or not fewest <= length <= most:
            add("ip.opt.len.invalid", None)
            break
        add(name, option)
        _add_type(dissection, kind)
        add("ip.opt.len", length)
        try:
            _add_body(dissection, kind, option)
        except PAST_THE_END:
            # In what an error quotes, an option that breaks off does not stop the rest.
            if not dissection.network.quoted:
                raise
        offset += length


def _add_type(dissection: Dissection, kind: int) -> None:
    dissection.add("ip.opt.type", kind)
    dissection.add("ip.opt.type.copy", kind >> 7)
    dissection.add("ip.opt.type.class", kind >> 5 & 3)
    dissection.add("ip.opt.type.number", kind & 31)


def _add_body(dissection: Dissection, kind: int, option: bytes) -> None:
    add = dissection.add
    match kind:
        case 7 | 131 | 137:
            _add_route(dissection, kind, option)
        case 11 | 12:
            add("ip.opt.mtu", u16(option, 2))
        case 25:
            add("ip.opt.qs_func", option[2] >> 4)
            add("ip.opt.qs_rate", option[2] & 15)
            add("ip.opt.qs_ttl" if option[2] >> 4 == 0 else "ip.opt.qs_unused", option[3])
            add("ip.opt.qs_nonce", u32(option, 4) >> 2)
            add("ip.opt.qs_reserved", u32(option, 4) & 3)
        case 68:
            _add_timestamps(dissection, option)
        case 82:
            add("ip.opt.id_number", u16(option, 2))
            add("ip.opt.ohc", u16(option, 4))
            add("ip.opt.rhc", u16(option, 6))
            add("ip.opt.originator", u32(option, 8))
        case 136:
            add("ip.opt.sid", u16(option, 2))
        case 148:
            add("ip.opt.ra", u16(option, 2))
        case 149:
            for offset in range(2, len(option) - 3, 4):
                add("ip.opt.addr", u32(option, offset))
        case _:
            pass


def _add_route(dissection: Dissection, kind: int, option: bytes) -> None:
    """Name each address of a route by where the pointer stands. The last one of a source route that
    is not used up is the packet's destination."""
    add = dissection.add
    pointer = option[2]
    add("ip.opt.ptr", pointer)
    offsets = range(3, len(option) - 3, 4)
    ahead = "ip.empty_rt" if kind == _RECORD_ROUTE else "ip.src_rt"
    for offset in offsets:
        passed = offset + 1 < pointer
        if kind != _RECORD_ROUTE and pointer <= len(option) and offset == offsets[-1]:
            add_address(dissection, "dst", take(option, offset, 4))
            break
        name = "ip.rec_rt" if passed else ahead
        address = take(option, offset, 4)
        add(name, int.from_bytes(address))
        add(f"{name}_host", socket.inet_ntoa(address))


def _add_timestamps(dissection: Dissection, option: bytes) -> None:
    add = dissection.add
    add("ip.opt.ptr", option[2])
    add("ip.opt.overflow", option[3] >> 4)
    flag = option[3] & 15
    add("ip.opt.flag", flag)
    offset = 4
    while offset + 4 <= len(option):
        if flag != 0:
            add("ip.opt.time_stamp_addr", u32(option, offset))
            offset += 4
            if offset + 4 > len(option):
                break
        add("ip.opt.time_stamp", u32(option, offset))
        offset += 4
