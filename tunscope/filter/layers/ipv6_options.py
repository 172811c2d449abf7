"""The options in IPv6's hop-by-hop and destination headers (IANA's ipv6-parameters)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from tunscope.filter.layers.dissection import (
    DEPRECATED_GROUP,
    ERROR,
    MALFORMED_GROUP,
    NOTE,
    PROTOCOL_GROUP,
    UNDECODED_GROUP,
    WARN,
    Dissection,
    take,
    u16,
    u32,
)

_PAD1, _PADN = 0, 1
_HOME_ADDRESS: Final = 0xC9
_ENDPOINT: Final = 0x8A
_EXPERIMENTS: Final = frozenset({0x1E, 0x3E, 0x5E, 0x7E, 0x9E, 0xBE, 0xDE, 0xFE})
_HOP, _DESTINATION = "hop-by-hop", "destination"
_SMALLEST_JUMBO: Final = 65536


@dataclass(frozen=True, slots=True)
class Fixed:
    """What of the IPv6 header its options refer to."""

    payload_length: int
    hop_limit: int


#: Notes an option whose data begin at an offset of the header and have a length, which may lie;
#: returns how many bytes of them it has read.
_Adder: TypeAlias = Callable[[Dissection, bytes, int, int, Fixed], int]


def dissect_options(
    dissection: Dissection, header: bytes, size: int, place: str, fixed: Fixed
) -> None:
    """Note the options behind the first two of the `size` bytes with which `header` begins, the
    "hop-by-hop" or the "destination" one. An option that is too short reads on behind its end."""
    add = dissection.add
    offset = 2
    while offset < size:
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
        if kind in _KNOWN:
            offset += 2 + _dissect_known(dissection, header, offset, place, fixed)
        else:
            _add_other(dissection, kind, take(header, offset + 2, length))
            offset += 2 + length


def _dissect_known(
    dissection: Dissection, header: bytes, offset: int, place: str, fixed: Fixed
) -> int:
    """Note a known option; return how many bytes were read of what stands behind its length."""
    kind, length = header[offset], header[offset + 1]
    wanted, size, adder = _KNOWN[kind]
    if place != wanted:
        message = f"The option must use a {wanted} options header"
        dissection.expert("ipv6.opt.header_mismatch", WARN, PROTOCOL_GROUP, message)
    if size not in (0, length):
        message = f"Invalid length ({length} bytes)"
        dissection.expert("ipv6.opt.invalid_len", ERROR, MALFORMED_GROUP, message)
    read = adder(dissection, header, offset + 2, length, fixed)
    if read < length:
        dissection.add("ipv6.opt_unknown_data", take(header, offset + 2 + read, length - read))
        _complain(dissection)
    return max(read, length)


def _add_other(dissection: Dissection, kind: int, body: bytes) -> None:
    if kind == _PADN:
        dissection.add("ipv6.opt.padn", body)
    elif kind in _EXPERIMENTS:
        dissection.add("ipv6.opt.experimental", body)
    else:
        if kind == _ENDPOINT:
            message = "Option type is deprecated"
            dissection.expert("ipv6.opt.deprecated", NOTE, DEPRECATED_GROUP, message)
        dissection.add("ipv6.opt.unknown", body)
        _complain(dissection)


def _complain(dissection: Dissection) -> None:
    message = "Unknown Data (not interpreted)"
    dissection.expert("ipv6.opt.unknown_data.expert", NOTE, UNDECODED_GROUP, message)


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


def _limit(d: Dissection, header: bytes, at: int, length: int, fixed: Fixed) -> int:
    d.add("ipv6.opt.tel", header[at])
    return 1


def _alert(d: Dissection, header: bytes, at: int, length: int, fixed: Fixed) -> int:
    d.add("ipv6.opt.router_alert", u16(header, at))
    return 2


def _jumbo(d: Dissection, header: bytes, at: int, length: int, fixed: Fixed) -> int:
    size = u32(header, at)
    d.add("ipv6.opt.jumbo", size)
    if size < _SMALLEST_JUMBO:
        message = "Jumbo Payload option present and jumbo length < 65536"
        d.expert("ipv6.opt.jumbo.truncated", WARN, PROTOCOL_GROUP, message)
    if fixed.payload_length:
        message = "When IPv6 payload length does not equal 0 a Jumbo Payload option must not be "
        message += "present"
        d.expert("ipv6.opt.jumbo.prohibited", WARN, PROTOCOL_GROUP, message)
    return 4


def _home(d: Dissection, header: bytes, at: int, length: int, fixed: Fixed) -> int:
    d.add("ipv6.opt.mipv6.home_address", take(header, at, 16))
    return 16


def _quick_start(d: Dissection, header: bytes, at: int, length: int, fixed: Fixed) -> int:
    function = header[at] >> 4
    d.add("ipv6.opt.qs_func", function)
    if function not in (0, 8):
        return length
    d.add("ipv6.opt.qs_rate", header[at] & 15)
    if function == 0:
        d.add("ipv6.opt.qs_ttl", header[at + 1])
        d.add("ipv6.opt.qs_ttl_diff", (fixed.hop_limit - header[at + 1]) % 256)
    else:
        d.add("ipv6.opt.qs_unused", header[at + 1])
    d.add("ipv6.opt.qs_nonce", u32(header, at + 2) >> 2)
    d.add("ipv6.opt.qs_reserved", u32(header, at + 2) & 3)
    return 6


def _rpl(d: Dissection, header: bytes, at: int, length: int, fixed: Fixed) -> int:
    flags = header[at]
    d.add("ipv6.opt.rpl.flag", flags)
    d.add_bits(
        flags,
        (
            ("ipv6.opt.rpl.flag.o", 0x80),
            ("ipv6.opt.rpl.flag.r", 0x40),
            ("ipv6.opt.rpl.flag.f", 0x20),
        ),
    )
    d.add("ipv6.opt.rpl.flag.rsv", flags & 31)
    d.add("ipv6.opt.rpl.instance_id", header[at + 1])
    d.add("ipv6.opt.rpl.sender_rank", u16(header, at + 2))
    return 4


def _calipso(d: Dissection, header: bytes, at: int, length: int, fixed: Fixed) -> int:
    words = header[at + 4]
    d.add("ipv6.opt.calipso.doi", u32(header, at))
    d.add("ipv6.opt.calipso.cmpt.length", words)
    d.add("ipv6.opt.calipso.sens_level", header[at + 5])
    d.add("ipv6.opt.calipso.checksum", u16(header, at + 6))
    d.add("ipv6.opt.calipso.cmpt_bitmap", take(header, at + 8, words * 4))
    return 8 + words * 4


def _metrics(d: Dissection, header: bytes, at: int, length: int, fixed: Fixed) -> int:
    """Performance and diagnostic metrics (RFC 8250)."""
    d.add("ipv6.opt.pdm.scale_dtlr", header[at])
    d.add("ipv6.opt.pdm.scale_dtls", header[at + 1])
    names = ("psn_this_pkt", "psn_last_recv", "delta_last_recv", "delta_last_sent")
    for place, name in enumerate(names):
        d.add(f"ipv6.opt.pdm.{name}", u16(header, at + 2 + 2 * place))
    return 10


def _path_mtu(d: Dissection, header: bytes, at: int, length: int, fixed: Fixed) -> int:
    """The smallest MTU on the way, and the one reported back (RFC 9268)."""
    back = u16(header, at + 2)
    d.add("ipv6.opt.pmtu.min", u16(header, at))
    d.add("ipv6.opt.pmtu.rtn", back & 0xFFFE)
    d.add("ipv6.opt.pmtu.r_flag", back & 1)
    return 4


def _nonce(d: Dissection, header: bytes, at: int, length: int, fixed: Fixed) -> int:
    d.add("ipv6.opt.ilnp_nonce", take(header, at, length))
    return length


def _line(d: Dissection, header: bytes, at: int, length: int, fixed: Fixed) -> int:
    """The line of an access network (RFC 6788)."""
    size = header[at]
    d.add("ipv6.opt.lio.length", size)
    d.add("ipv6.opt.lio.line_id", take(header, at + 1, size).decode("utf-8", "replace"))
    return 1 + size


def _duplicates(d: Dissection, header: bytes, at: int, length: int, fixed: Fixed) -> int:
    """What duplicate multicast packets are told by (RFC 6621)."""
    first, offset = header[at], 1
    d.add("ipv6.opt.smf_dpd.hash_bit", first >> 7)
    if first >> 7:
        d.add("ipv6.opt.smf_dpd.hav", take(header, at, length))
        return length
    kind, size = first >> 4 & 7, first & 15
    d.add("ipv6.opt.smf_dpd.tid_type", kind)
    d.add("ipv6.opt.smf_dpd.tid_len", size)
    if kind:
        d.add("ipv6.opt.smf_dpd.tagger_id", take(header, at + 1, size + 1))
        offset += size + 1
    d.add("ipv6.opt.smf_dpd.ident", take(header, at + offset, length - offset))
    return length


def _forwarding(d: Dissection, header: bytes, at: int, length: int, fixed: Fixed) -> int:
    d.add("ipv6.opt.tpf_information", u32(header, at))
    return 4


def _depth_first(d: Dissection, header: bytes, at: int, length: int, fixed: Fixed) -> int:
    """Depth-first forwarding in networks that lose much (RFC 6971)."""
    flags = header[at]
    d.add("ipv6.opt.dff.flags", flags)
    d.add("ipv6.opt.dff.flag.ver", flags >> 6)
    d.add_bits(flags, (("ipv6.opt.dff.flag.dup", 0x20), ("ipv6.opt.dff.flag.ret", 0x10)))
    d.add("ipv6.opt.dff.flag.rsv", flags & 15)
    d.add("ipv6.opt.dff.sequence_number", u16(header, at + 1))
    return 3


#: Option type -> (the header it belongs into, how long it must be or 0, who notes it).
_KNOWN: Final[dict[int, tuple[str, int, _Adder]]] = {
    0x04: (_DESTINATION, 1, _limit),
    0x05: (_HOP, 2, _alert),
    0x07: (_HOP, 0, _calipso),
    0x08: (_HOP, 0, _duplicates),
    0x0F: (_DESTINATION, 10, _metrics),
    0x26: (_HOP, 6, _quick_start),
    0x30: (_HOP, 4, _path_mtu),
    0x41: (_DESTINATION, 4, _forwarding),
    0x63: (_HOP, 4, _rpl),
    0x8B: (_DESTINATION, 0, _nonce),
    0x8C: (_DESTINATION, 0, _line),
    0xC2: (_HOP, 4, _jumbo),
    0xC9: (_DESTINATION, 16, _home),
    0xEE: (_HOP, 3, _depth_first),
}
