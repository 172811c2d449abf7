"""DNS (RFC 1035) and the two that look like it: multicast DNS (RFC 6762), LLMNR (RFC 4795)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.deep.dns_records import add_record
from tunscope.filter.deep.dns_transactions import add_transaction, follow_transaction
from tunscope.filter.deep.names import read_name
from tunscope.filter.deep.registry import decodes
from tunscope.filter.layers.dissection import (
    NOTE,
    PAST_THE_END,
    UNDECODED_GROUP,
    Dissection,
    Octets,
    Payload,
    u16,
)

_FLAGS = (
    ("dns.flags.authoritative", 0x0400),
    ("dns.flags.truncated", 0x0200),
    ("dns.flags.recdesired", 0x0100),
    ("dns.flags.recavail", 0x0080),
    ("dns.flags.z", 0x0040),
    ("dns.flags.authenticated", 0x0020),
    ("dns.flags.checkdisable", 0x0010),
)
_HEADER: Final = 12
#: Identity and flags, without which there is no message.
_FIRST: Final = 4
_UPDATE: Final = 5
_OPCODES: Final = frozenset({0, 1, 2, 4, 5, 6})
_AUTHENTICATED: Final = 0x0020
_RESERVED: Final = 0x0040
_SMALLEST_QUESTION, _SMALLEST_RECORD = 5, 11


@decodes("udp", "dns")
def decode_dns(dissection: Dissection, payload: Payload) -> bool:
    """Decode a DNS message in a datagram."""
    return _decode(dissection, payload, payload.octets, "dns")


@decodes("udp", "mdns")
def decode_mdns(dissection: Dissection, payload: Payload) -> bool:
    """Decode a multicast DNS message."""
    return _decode(dissection, payload, payload.octets, "mdns")


@decodes("udp", "llmnr")
def decode_llmnr(dissection: Dissection, payload: Payload) -> bool:
    """Decode an LLMNR message."""
    return _decode(dissection, payload, payload.octets, "llmnr")


@decodes("tcp", "dns")
def decode_dns_stream(dissection: Dissection, payload: Payload) -> bool:
    """Decode the DNS messages of a segment, each behind its length. Of one that goes on in the next
    segments, what is there is decoded; those do not look like a message, and are not."""
    octets = payload.octets
    while octets.reported >= 2:
        length = u16(octets.data, 0)
        message = octets.rest(2)
        message.trim(length)
        if length > message.reported:
            if _begins(message.data, length):
                _decode_beginning(dissection, payload, message, length)
            return True
        _decode(dissection, payload, message, "dns", stream_length=length)
        octets = octets.rest(2 + length)
    if octets.reported:
        dissection.protocols.append("dns")
        dissection.unreassembled()
    return True


def _begins(data: bytes, length: int) -> bool:
    """Whether a message of `length` bytes may begin with `data`: a known opcode, nothing in the
    reserved bit, no more questions and records than fit."""
    if len(data) < _FIRST:
        return False
    flags = u16(data, 2)
    if flags >> 11 & 15 not in _OPCODES or flags & _RESERVED:
        return False
    if len(data) < _HEADER:
        return True
    records = sum(u16(data, place) for place in (6, 8, 10))
    needed = u16(data, 4) * _SMALLEST_QUESTION + records * _SMALLEST_RECORD
    return _HEADER + needed <= length


def _decode_beginning(
    dissection: Dissection, payload: Payload, message: Octets, length: int
) -> None:
    """Decode what is there of a message of `length` bytes."""
    try:
        _decode(dissection, payload, message, "dns", stream_length=length)
    except PAST_THE_END:
        if len(message.data) < message.reported:
            raise
        dissection.unreassembled()


def _decode(
    dissection: Dissection,
    payload: Payload,
    octets: Octets,
    protocol: str,
    stream_length: int = 0,
) -> bool:
    data = octets.data
    wanted = dissection.begin(protocol, octets, needs=_FIRST)
    if not (wanted or "dns" in dissection.wanted):
        return True
    add = dissection.add
    identity, flags = u16(data, 0), u16(data, 2)
    if stream_length:
        add("dns.length", stream_length)
    add("dns.id", identity)
    add("dns.flags", flags)
    _add_flags(dissection, flags, protocol)
    transaction = follow_transaction(dissection, payload, identity, response=bool(flags >> 15))
    update = flags >> 11 & 15 == _UPDATE
    names = (
        ("dns.count.zones", "dns.count.prerequisites", "dns.count.updates", "dns.count.add_rr")
        if update
        else ("dns.count.queries", "dns.count.answers", "dns.count.auth_rr", "dns.count.add_rr")
    )
    counts = []
    for place, name in enumerate(names):
        counts.append(u16(data, 4 + 2 * place))
        add(name, counts[-1])
    offset = _HEADER
    for _ in range(counts[0]):
        offset = _add_question(dissection, data, offset, multicast=protocol == "mdns")
    for _ in range(sum(counts[1:])):
        offset = add_record(dissection, data, offset, multicast=protocol == "mdns")
    if offset < len(data):
        add("dns.extraneous.data", data[offset:])
        add("dns.extraneous.length", len(data) - offset)
        dissection.expert("dns.extraneous", NOTE, UNDECODED_GROUP, "Extraneous data")
    if transaction is not None:
        add_transaction(dissection, transaction)
    return True


def _add_flags(dissection: Dissection, flags: int, protocol: str) -> None:
    add = dissection.add
    response = flags >> 15
    add("dns.flags.response", response)
    add("dns.flags.opcode", flags >> 11 & 15)
    shown = dict(_FLAGS)
    if protocol == "llmnr":
        add("dns.flags.conflict", flags >> 10 & 1)
        add("dns.flags.truncated", flags >> 9 & 1)
        add("dns.flags.tentative", flags >> 8 & 1)
        if response:
            add("dns.flags.rcode", flags & 15)
        return
    if not response:
        for name in ("dns.flags.authoritative", "dns.flags.recavail"):
            shown.pop(name)
        if not flags & _AUTHENTICATED:
            shown.pop("dns.flags.authenticated")
    dissection.add_bits(flags, shown.items())
    if response:
        add("dns.flags.rcode", flags & 15)


def _add_question(dissection: Dissection, data: bytes, offset: int, *, multicast: bool) -> int:
    name, offset, labels = read_name(data, offset)
    kind, group = u16(data, offset), u16(data, offset + 2)
    add = dissection.add
    add("dns.qry.name", name)
    add("dns.qry.name.len", len(name) if name != "<Root>" else 6)
    add("dns.count.labels", labels or 1)
    add("dns.qry.type", kind)
    if multicast:
        add("dns.qry.class", group & 0x7FFF)
        add("dns.qry.qu", group >> 15)
    else:
        add("dns.qry.class", group)
    return offset + 4
