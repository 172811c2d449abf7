"""The options of IPv4: routes, timestamps, security and the rest (IANA's ip-parameters)."""

from __future__ import annotations

import socket
from typing import Final

from tunscope.filter.layers.dissection import (
    PAST_THE_END,
    PROTOCOL_GROUP,
    WARN,
    Dissection,
    take,
    u16,
    u32,
)
from tunscope.filter.layers.ipv4_security import (
    add_extended_security,
    add_labels,
    add_security,
)

_END: Final = 0
_NOP: Final = 1
_RECORD_ROUTE: Final = 7
_LOOSE: Final = 131
_STRICT: Final = 137
#: Where the pointer of a route stands when it is new.
_FIRST: Final = 4
#: Flags of timestamps, each behind the address of who set it.
_WITH_ADDRESSES: Final = frozenset((1, 3))
#: What a Quick-Start option is.
_REQUEST, _REPORT = 0, 8
#: Option type -> (name of the option's bytes, how many there must be, 0 for any number).
_OPTIONS: Final = {
    0: ("ip.options.eol", 1),
    1: ("ip.options.nop", 1),
    7: ("ip.options.record_route", 0),
    11: ("ip.options.mtu_probe", 4),
    12: ("ip.options.mtu_reply", 4),
    25: ("ip.options.qs", 8),
    68: ("ip.options.timestamp", 0),
    82: ("ip.options.traceroute", 12),
    130: ("ip.options.security", 0),
    131: ("ip.options.route", 0),
    133: ("ip.options.ext_security", 0),
    134: ("ip.options.cipso", 0),
    136: ("ip.options.sid", 4),
    137: ("ip.options.source_route", 0),
    148: ("ip.options.routeralert", 4),
    149: ("ip.options.sdb", 0),
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


def dissect_options(dissection: Dissection, data: bytes, ttl: int) -> None:
    """Note the options in `data`, of a packet whose time to live is `ttl`; of one that is not
    known, tshark shows its number in words and has no field."""
    offset = 0
    add = dissection.add
    while offset < len(data):
        kind = data[offset]
        name, size = _OPTIONS.get(kind, ("", 0))
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
        if length < 2 or len(option) < length:
            add("ip.opt.len.invalid", None)
            break
        if name:
            _dissect_option(dissection, name, option, size, ttl)
        offset += length


def _dissect_option(dissection: Dissection, name: str, option: bytes, size: int, ttl: int) -> None:
    kind = option[0]
    dissection.add(name, option)
    _add_type(dissection, kind)
    dissection.add("ip.opt.len", len(option))
    if size and len(option) != size:
        dissection.add("ip.opt.len.invalid", None)
    try:
        _add_body(dissection, kind, option, ttl)
    except PAST_THE_END:
        # In what an error quotes, an option that breaks off does not stop the rest.
        if not dissection.network.quoted:
            raise


def _add_type(dissection: Dissection, kind: int) -> None:
    dissection.add("ip.opt.type", kind)
    dissection.add("ip.opt.type.copy", kind >> 7)
    dissection.add("ip.opt.type.class", kind >> 5 & 3)
    dissection.add("ip.opt.type.number", kind & 31)


def _add_body(dissection: Dissection, kind: int, option: bytes, ttl: int) -> None:
    add = dissection.add
    match kind:
        case 7 | 131 | 137:
            _add_route(dissection, kind, option)
        case 11 | 12:
            add("ip.opt.mtu", u16(option, 2))
        case 25:
            _add_quick_start(dissection, option, ttl)
        case 68:
            _add_timestamps(dissection, option)
        case 82:
            add("ip.opt.id_number", u16(option, 2))
            add("ip.opt.ohc", u16(option, 4))
            add("ip.opt.rhc", u16(option, 6))
            add("ip.opt.originator", u32(option, 8))
        case 130:
            add_security(dissection, option)
        case 133:
            add_extended_security(dissection, option)
        case 134:
            add_labels(dissection, option)
        case 136:
            add("ip.opt.sid", u16(option, 2))
        case 148:
            add("ip.opt.ra", u16(option, 2))
        case 149:
            whole = len(option) - (len(option) - 2) % 4
            for offset in range(2, whole, 4):
                add("ip.opt.addr", u32(option, offset))
            if whole < len(option):
                add("ip.opt.padding", option[whole:])
        case _:
            pass


def _add_quick_start(dissection: Dissection, option: bytes, ttl: int) -> None:
    """A rate that is asked for, or one that is reported (RFC 4782)."""
    add = dissection.add
    function = option[2] >> 4
    add("ip.opt.qs_func", function)
    if function not in (_REQUEST, _REPORT):
        return
    add("ip.opt.qs_rate", option[2] & 15)
    if function == _REQUEST:
        add("ip.opt.qs_ttl", option[3])
        add("ip.opt.qs_ttl_diff", (ttl - option[3]) % 256)
    else:
        add("ip.opt.qs_unused", option[3])
    add("ip.opt.qs_nonce", u32(option, 4) >> 2)
    add("ip.opt.qs_reserved", u32(option, 4) & 3)


def _add_route(dissection: Dissection, kind: int, option: bytes) -> None:
    """Name each address of a route by where the pointer stands. The last one of a source route that
    is not used up is the packet's destination."""
    add = dissection.add
    pointer = option[2]
    add("ip.opt.ptr", pointer)
    if pointer < _FIRST or pointer % 4:
        where = "before_address" if pointer < _FIRST else "middle_address"
        words = "before first address" if pointer < _FIRST else "to middle of address"
        dissection.expert(f"ip.opt.ptr.{where}", WARN, PROTOCOL_GROUP, f"Pointer points {words}")
        return
    offsets = range(3, len(option) - 3, 4)
    ahead = "ip.empty_rt" if kind == _RECORD_ROUTE else "ip.src_rt"
    _check_end(dissection, option, offsets.start + 4 * len(offsets))
    for offset in offsets:
        passed = offset + 1 < pointer
        if kind != _RECORD_ROUTE and pointer <= len(option) and offset == offsets[-1]:
            add_address(dissection, "dst", take(option, offset, 4))
            break
        name = "ip.rec_rt" if passed else ahead
        address = take(option, offset, 4)
        add(name, int.from_bytes(address))
        add(f"{name}_host", socket.inet_ntoa(address))


def _check_end(dissection: Dissection, option: bytes, offset: int) -> None:
    """Note that an option is not full of addresses or times: something is cut off at `offset`."""
    if offset < len(option):
        message = "Suboption would go past end of option"
        dissection.expert("ip.subopt_too_long", WARN, PROTOCOL_GROUP, message)


def _add_timestamps(dissection: Dissection, option: bytes) -> None:
    add = dissection.add
    add("ip.opt.ptr", option[2])
    add("ip.opt.overflow", option[3] >> 4)
    flag = option[3] & 15
    add("ip.opt.flag", flag)
    offset = 4
    while offset + 4 <= len(option):
        if flag in _WITH_ADDRESSES:
            add("ip.opt.time_stamp_addr", u32(option, offset))
            offset += 4
            if offset + 4 > len(option):
                break
        add("ip.opt.time_stamp", u32(option, offset))
        offset += 4
    _check_end(dissection, option, offset)
