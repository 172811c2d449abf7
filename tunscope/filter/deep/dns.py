"""DNS (RFC 1035) and the two that look like it: multicast DNS (RFC 6762), LLMNR (RFC 4795)."""

from __future__ import annotations

from tunscope.filter.deep.dns_records import add_record
from tunscope.filter.deep.dns_transactions import add_transaction
from tunscope.filter.deep.names import read_name
from tunscope.filter.deep.registry import decodes
from tunscope.filter.layers.dissection import Dissection, Octets, Payload, u16

_FLAGS = (
    ("dns.flags.authoritative", 0x0400),
    ("dns.flags.truncated", 0x0200),
    ("dns.flags.recdesired", 0x0100),
    ("dns.flags.recavail", 0x0080),
    ("dns.flags.z", 0x0040),
    ("dns.flags.authenticated", 0x0020),
    ("dns.flags.checkdisable", 0x0010),
)
_HEADER = 12
_UPDATE = 5
_AUTHENTICATED = 0x0020


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
    """Decode the DNS messages of a segment, each behind its length."""
    octets = payload.octets
    while len(octets.data) >= 2:
        length = u16(octets.data, 0)
        if length < _HEADER or len(octets.data) < length + 2:
            if octets is payload.octets:
                dissection.begin("dns", octets)
            return True
        message = Octets(octets.data[2 : 2 + length], length)
        _decode(dissection, payload, message, "dns", stream_length=length)
        octets = octets.rest(2 + length)
    return True


def _decode(
    dissection: Dissection,
    payload: Payload,
    octets: Octets,
    protocol: str,
    stream_length: int = 0,
) -> bool:
    data = octets.data
    wanted = dissection.begin(protocol, octets)
    if not (wanted or "dns" in dissection.wanted):
        return True
    add = dissection.add
    identity, flags = u16(data, 0), u16(data, 2)
    counts = [u16(data, offset) for offset in (4, 6, 8, 10)]
    if stream_length:
        add("dns.length", stream_length)
    add("dns.id", identity)
    add("dns.flags", flags)
    _add_flags(dissection, flags, protocol)
    update = flags >> 11 & 15 == _UPDATE
    names = (
        ("dns.count.zones", "dns.count.prerequisites", "dns.count.updates", "dns.count.add_rr")
        if update
        else ("dns.count.queries", "dns.count.answers", "dns.count.auth_rr", "dns.count.add_rr")
    )
    for name, count in zip(names, counts, strict=True):
        add(name, count)
    offset = _HEADER
    for _ in range(counts[0]):
        offset = _add_question(dissection, data, offset, multicast=protocol == "mdns")
    for _ in range(sum(counts[1:])):
        offset = add_record(dissection, data, offset, multicast=protocol == "mdns")
    add_transaction(dissection, payload, identity, response=bool(flags >> 15))
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
        for name in ("dns.flags.authoritative", "dns.flags.recavail", "dns.flags.authenticated"):
            kept = name == "dns.flags.authenticated" and flags & _AUTHENTICATED
            if not kept and (protocol != "mdns" or name == "dns.flags.authoritative"):
                shown.pop(name)
        if protocol == "mdns":
            for name in ("dns.flags.recavail", "dns.flags.authenticated"):
                shown.pop(name, None)
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
