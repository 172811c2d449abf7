"""The options of TCP: segment size, timestamps, selective acknowledgement and the rest."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import PROTOCOL_GROUP, WARN, Dissection, u16, u32

_END: Final = 0
_NOP: Final = 1
_SEGMENT_SIZE: Final = 2
_SYN, _ACK = 0x02, 0x10
#: Largest shift count of a window scale (RFC 7323, 2.3), and the experiment of Fast Open.
_LARGEST_SHIFT: Final = 14
_FAST_OPEN: Final = 0xF989
#: Option kind -> (name of the option's bytes, fewest bytes; None for options without a name).
_OPTIONS: Final[dict[int, tuple[str, int, int]]] = {
    2: ("tcp.options.mss", 4, 4),
    3: ("tcp.options.wscale", 3, 3),
    4: ("tcp.options.sack_perm", 2, 2),
    5: ("tcp.options.sack", 2, 255),
    6: ("tcp.options.echo", 6, 6),
    7: ("tcp.options.echo_reply", 6, 6),
    8: ("tcp.options.timestamp", 10, 10),
    11: ("tcp.options.cc", 6, 6),
    12: ("tcp.options.ccnew", 6, 6),
    13: ("tcp.options.ccecho", 6, 6),
    19: ("tcp.options.md5", 18, 18),
    20: ("tcp.options.scps", 4, 4),
    21: ("tcp.options.snack", 6, 6),
    22: ("tcp.options.scpsrec", 2, 255),
    23: ("tcp.options.scpscor", 2, 255),
    27: ("tcp.options.qs", 8, 8),
    28: ("tcp.options.user_to", 4, 4),
    29: ("tcp.options.ao", 2, 255),
    30: ("tcp.options.mptcp", 3, 255),
    34: ("tcp.options.tfo", 2, 18),
    69: ("tcp.options.encryption_negotiation", 2, 255),
    76: ("tcp.options.rvbd.probe", 3, 255),
    78: ("tcp.options.rvbd.trpy", 3, 255),
    172: ("tcp.options.acc_ecn", 2, 11),
    174: ("tcp.options.acc_ecn", 2, 11),
    253: ("tcp.options.experimental", 2, 255),
    254: ("tcp.options.experimental", 2, 255),
}
_MODULUS: Final = 1 << 32


def dissect_options(
    dissection: Dissection, data: bytes, reported: int, flags: int, base: int | None
) -> None:
    """Note the options in `data`, up to their end or the first that contradicts itself.

    `reported` is their length by the header, of which fewer bytes may be captured (IndexError or
    CutShort where that shows); `flags` are those of the segment. `base` is the first sequence
    number of the other side, None where it is not known.
    """
    offset = 0
    add = dissection.add
    sized = False
    while offset < reported:
        kind = data[offset]
        sized = sized or kind == _SEGMENT_SIZE
        if kind in (_END, _NOP):
            add("tcp.options.eol" if kind == _END else "tcp.options.nop", data[offset : offset + 1])
            add("tcp.option_kind", kind)
            offset += 1
            continue
        name, fewest, most = _OPTIONS.get(kind, ("tcp.options.unknown", 2, 255))
        length = data[offset + 1] if offset + 1 < reported else 0
        option = data[offset : offset + length]
        if length < 2 or offset + length > reported or not fewest <= length <= most:
            add("tcp.option.len.invalid", None)
            break
        add(name, option)
        add("tcp.option_kind", kind)
        add("tcp.option_len", length)
        _add_body(dissection, kind, option, flags, base)
        offset += length
    if flags & _SYN and not sized and len(data) == reported:
        message = "The SYN packet does not contain a MSS option"
        dissection.expert("tcp.options.mss.absent", WARN, PROTOCOL_GROUP, message)


def _add_body(
    dissection: Dissection, kind: int, option: bytes, flags: int, base: int | None
) -> None:
    add = dissection.add
    match kind:
        case 2:
            add("tcp.options.mss_val", u16(option, 2))
            if not flags & _SYN:
                message = "The non-SYN packet does contain a MSS option"
                dissection.expert("tcp.options.mss.present", WARN, PROTOCOL_GROUP, message)
        case 3:
            shift = option[2]
            add("tcp.options.wscale.shift", shift)
            add("tcp.options.wscale.multiplier", 1 << min(shift, 14))
            if shift > _LARGEST_SHIFT:
                message = "Window scale shift exceeds 14"
                dissection.expert("tcp.options.wscale.shift.invalid", WARN, PROTOCOL_GROUP, message)
        case 5:
            _add_sack(dissection, option, base)
        case 6 | 7:
            add("tcp.options.echo_value", u32(option, 2))
        case 8:
            add("tcp.options.timestamp.tsval", u32(option, 2))
            add("tcp.options.timestamp.tsecr", u32(option, 6))
        case 11 | 12 | 13:
            add("tcp.options.cc_value", u32(option, 2))
        case 19:
            add("tcp.options.md5.digest", option[2:])
        case 28:
            add("tcp.options.user_to_granularity", option[2] >> 7)
            add("tcp.options.user_to_val", u16(option, 2) & 0x7FFF)
        case 29 if len(option) >= 4:
            add("tcp.options.ao.keyid", option[2])
            add("tcp.options.ao.rnextkeyid", option[3])
            if len(option) > 4:
                add("tcp.options.ao.mac", option[4:])
        case 34:
            _add_fast_open(dissection, option, flags)
        case 253 | 254 if len(option) >= 4:
            _add_experiment(dissection, option, flags)
        case _ if kind not in _OPTIONS and len(option) > 2:
            add("tcp.options.unknown.payload", option[2:])
        case _:
            pass


def _add_sack(dissection: Dissection, option: bytes, base: int | None) -> None:
    """Note the ranges; their edges are relative to the acknowledged side's first number."""
    ranges = (len(option) - 2) // 8
    if base is not None:
        for place in range(2, 2 + 8 * ranges, 8):
            dissection.add("tcp.options.sack_le", (u32(option, place) - base) % _MODULUS)
            dissection.add("tcp.options.sack_re", (u32(option, place + 4) - base) % _MODULUS)
    dissection.add("tcp.options.sack.count", ranges)


def _add_experiment(dissection: Dissection, option: bytes, flags: int) -> None:
    """RFC 6994: the experiment's identifier, and what it has to say; TCP Fast Open was one."""
    identifier = u16(option, 2)
    dissection.add("tcp.options.experimental.exid", identifier)
    if identifier == _FAST_OPEN:
        _add_fast_open(dissection, option[2:], flags)
    elif len(option) > 4:
        dissection.add("tcp.options.experimental.data", option[4:])


def _add_fast_open(dissection: Dissection, option: bytes, flags: int) -> None:
    if len(option) == 2:
        if flags & _SYN and not flags & _ACK:
            dissection.add("tcp.options.tfo.request", None)
        return
    dissection.add("tcp.options.tfo.cookie", option[2:])
