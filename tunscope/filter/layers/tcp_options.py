"""The options of TCP: segment size, timestamps, selective acknowledgement and the rest."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import (
    NOTE,
    PROTOCOL_GROUP,
    WARN,
    Dissection,
    u16,
    u32,
)
from tunscope.filter.layers.multipath_tcp import add_multipath
from tunscope.filter.layers.tcp_rare_options import Reached, add_ecn_counters, add_ranges, add_rare

_END: Final = 0
_NOP: Final = 1
_SEGMENT_SIZE: Final = 2
_SYN: Final = 0x02
#: So many options without meaning in a row are remarkable.
_MANY: Final = 4
#: Largest shift count of a window scale (RFC 7323, 2.3), and the experiment of Fast Open.
_LARGEST_SHIFT: Final = 14
_FAST_OPEN: Final = 0xF989
#: The experiments of Accurate ECN: which counter comes first.
_ACCURATE_ECN: Final = {0xACC0: "ee0b", 0xACC1: "ee1b"}
#: Option kind -> (name of the option's bytes, how many there must be, 0 for any number).
_OPTIONS: Final[dict[int, tuple[str, int]]] = {
    2: ("tcp.options.mss", 4),
    3: ("tcp.options.wscale", 3),
    4: ("tcp.options.sack_perm", 2),
    5: ("tcp.options.sack", 0),
    6: ("tcp.options.echo", 6),
    7: ("tcp.options.echo", 6),
    8: ("tcp.options.timestamp", 10),
    11: ("tcp.options.cc", 6),
    12: ("tcp.options.cc", 6),
    13: ("tcp.options.cc", 6),
    19: ("tcp.options.md5", 18),
    20: ("tcp.options.scps", 0),
    21: ("tcp.options.snack", 6),
    22: ("tcp.options.scpsrec", 2),
    23: ("tcp.options.scpscor", 2),
    27: ("tcp.options.qs", 8),
    28: ("tcp.options.user_to", 4),
    29: ("tcp.options.ao", 0),
    30: ("", 0),
    34: ("tcp.options.tfo", 0),
    76: ("tcp.options.rvbd.probe", 0),
    78: ("tcp.options.rvbd.trpy", 16),
    172: ("tcp.options.acc_ecn", 0),
    174: ("tcp.options.acc_ecn", 0),
    253: ("tcp.options.experimental", 0),
    254: ("tcp.options.experimental", 0),
}
#: Fewest bytes of options that may be longer.
_FEWEST: Final = {20: 4, 29: 4, 253: 4, 254: 4}


def dissect_options(
    dissection: Dissection, data: bytes, reported: int, flags: int, reached: Reached | None
) -> None:
    """Note the options in `data`, up to their end or the first that goes past it.

    `reported` is their length by the header, of which fewer bytes may be captured (IndexError or
    CutShort where that shows); `flags` are those of the segment. `reached` is None where the
    conversation is not followed.
    """
    offset = idle = 0
    add = dissection.add
    sized = False
    while offset < reported:
        kind = data[offset]
        sized = sized or kind == _SEGMENT_SIZE
        idle = idle + 1 if kind == _NOP else 0
        if kind in (_END, _NOP):
            add("tcp.options.eol" if kind == _END else "tcp.options.nop", data[offset : offset + 1])
            add("tcp.option_kind", kind)
            offset += 1
            if idle == _MANY:
                message = "4 NOP in a row - a router may have removed some options"
                dissection.expert("tcp.nop", WARN, PROTOCOL_GROUP, message)
            if kind == _END and any(data[offset : offset + 1]):
                message = "Non-zero header padding"
                name = "tcp.non_zero_bytes_after_eol"
                dissection.expert(name, NOTE, PROTOCOL_GROUP, message)
                break
            continue
        length = data[offset + 1] if offset + 1 < reported else 0
        option = data[offset : offset + length]
        if length < 2 or offset + length > reported:
            add("tcp.option.len.invalid", None)
            break
        _dissect_option(dissection, option, length, flags, reached)
        offset += length
    if flags & _SYN and not sized and len(data) == reported:
        message = "The SYN packet does not contain a MSS option"
        dissection.expert("tcp.options.mss.absent", WARN, PROTOCOL_GROUP, message)


def _dissect_option(
    dissection: Dissection, option: bytes, length: int, flags: int, reached: Reached | None
) -> None:
    """Note one option that says it has `length` bytes; its body where that can be."""
    add = dissection.add
    kind = option[0]
    name, size = _OPTIONS.get(kind, ("tcp.options.unknown", 0))
    if name:
        add(name, option)
    add("tcp.option_kind", kind)
    add("tcp.option_len", length)
    if size not in (0, length) or length < _FEWEST.get(kind, 2):
        add("tcp.option.len.invalid", None)
        return
    _add_body(dissection, kind, option, flags, reached)


def _add_body(
    dissection: Dissection, kind: int, option: bytes, flags: int, reached: Reached | None
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
            add_ranges(dissection, option, reached)
        case 6 | 7:
            add("tcp.options.echo_value", u32(option, 2))
        case 8:
            add("tcp.options.timestamp.tsval", u32(option, 2))
            add("tcp.options.timestamp.tsecr", u32(option, 6))
        case 11 | 12 | 13:
            add("tcp.options.cc_value", u32(option, 2))
        case 19:
            add("tcp.options.md5.digest", option[2:])
        case 27:
            add("tcp.options.qs.rate", option[2] & 15)
            add("tcp.options.qs.ttl_diff", option[3])
        case 28:
            add("tcp.options.user_to_granularity", option[2] >> 7)
            add("tcp.options.user_to_val", u16(option, 2) & 0x7FFF)
        case 29:
            add("tcp.options.ao.keyid", option[2])
            add("tcp.options.ao.rnextkeyid", option[3])
            if len(option) > 4:
                add("tcp.options.ao.mac", option[4:])
        case 20 | 21 | 76 | 78:
            add_rare(dissection, kind, option)
        case 30:
            add_multipath(dissection, option)
        case 34:
            _add_fast_open(dissection, option)
        case 172 | 174:
            add_ecn_counters(dissection, option[2:], first="ee0b" if kind == 172 else "ee1b")
        case 253 | 254:
            _add_experiment(dissection, option)
        case _ if kind not in _OPTIONS and len(option) > 2:
            add("tcp.options.unknown.payload", option[2:])
        case _:
            pass


def _add_experiment(dissection: Dissection, option: bytes) -> None:
    """RFC 6994: the experiment's identifier, and what it has to say; TCP Fast Open was one."""
    identifier = u16(option, 2)
    dissection.add("tcp.options.experimental.exid", identifier)
    if identifier == _FAST_OPEN:
        _add_fast_open(dissection, option[2:])
    elif identifier in _ACCURATE_ECN:
        add_ecn_counters(dissection, option[4:], first=_ACCURATE_ECN[identifier])
    elif len(option) > 4:
        dissection.add("tcp.options.experimental.data", option[4:])


def _add_fast_open(dissection: Dissection, option: bytes) -> None:
    if len(option) == 2:
        dissection.add("tcp.options.tfo.request", None)
        return
    dissection.add("tcp.options.tfo.cookie", option[2:])


__all__ = ["Reached", "dissect_options"]
