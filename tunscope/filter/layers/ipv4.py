"""IPv4 (RFC 791), as far as its own header goes; options are dissected beside it."""

from __future__ import annotations

import socket
from typing import Final

from tunscope.filter.layers.dissection import (
    ERROR,
    NOTE,
    PROTOCOL_GROUP,
    SEQUENCE_GROUP,
    CutShort,
    Dissection,
    Network,
    Octets,
    take,
    u16,
)
from tunscope.filter.layers.ipv4_options import add_address, dissect_options, final_destination
from tunscope.filter.layers.registry import dissect_data, dissect_next, dissector_or_data, takes

_HEADER: Final = 20
_SOURCE: Final = 12
_DESTINATION: Final = 16
_MORE_FRAGMENTS: Final = 0x2000
_OFFSET: Final = 0x1FFF
#: Local network control block (224.0.0/24): TTLs other than 1 are remarkable, except for these.
_CONTROL_TTLS: Final = {18: 255, 102: 255, 251: 255}
#: LLMNR, whose queries may come with any.
_ANY_TTL: Final = 252


@takes("ethertype", 0x0800)
@takes("ip.proto", 4)
@takes("ppp", 0x21)
def dissect_ip(dissection: Dissection, octets: Octets) -> None:
    """Dissect what announces itself as IP: version 4, or 6 under version 4's name."""
    version = octets.data[0] >> 4
    if version == 6:
        dissection.begin("ip", octets, 0)
        _add_version(dissection, 6)
        dissect_next(dissection, "ethertype", 0x86DD, octets)
        return
    dissect_ipv4(dissection, octets)


def dissect_ipv4(dissection: Dissection, octets: Octets) -> None:
    """Dissect an IPv4 header and what it carries."""
    data = octets.data
    first = data[0]
    wanted = dissection.begin("ip", octets, (first & 15) * 4 if first >> 4 == 4 else _HEADER)
    if wanted:
        dissection.add("ip.version", first >> 4)
    if first >> 4 != 4:
        if wanted:
            _bogus(dissection, "ip.bogus_ip_version", "Bogus IPv4 version")
        return
    header = (first & 15) * 4
    if wanted:
        dissection.add("ip.hdr_len", header)
    if header < _HEADER:
        if wanted:
            message = f"Bogus IP header length ({header}, must be at least 20)"
            _bogus(dissection, "ip.bogus_header_length", message)
        return
    if wanted:
        _add_service(dissection, data[1])
    length = u16(data, 2)
    shown = length or octets.reported
    if wanted:
        dissection.add("ip.len", shown if length < header and not length else length)
    if shown < header:
        if wanted:
            _bogus(dissection, "ip.bogus_ip_length", "Bogus IP length")
        return
    if wanted and shown > octets.reported and not dissection.network.quoted:
        _bogus(
            dissection,
            "ip.bogus_ip_length",
            f"IPv4 total length exceeds packet length ({octets.reported} bytes)",
        )
    octets.trim(shown)
    data = octets.data
    if wanted:
        _add_header(dissection, data)
    options = data[_HEADER:header]
    final = final_destination(options, header - _HEADER)
    if wanted:
        _add_destination(dissection, take(data, _DESTINATION, 4), final)
    fragment, protocol = u16(data, 6), data[9]
    dissection.network = Network(
        4,
        data[12:16],
        final or take(data, 16, 4),
        protocol,
        quoted=dissection.network.quoted_inside,
    )
    if len(options) < header - _HEADER:
        raise CutShort
    if options:
        dissect_options(dissection, options, data[8])
    dissection.network.fragment = bool(fragment & (_MORE_FRAGMENTS | _OFFSET))
    payload = octets.rest(header)
    if not payload.reported:
        return
    if fragment & _OFFSET:
        dissect_data(dissection, payload)
        return
    dissector_or_data("ip.proto", protocol)(dissection, payload)


def _add_version(dissection: Dissection, version: int) -> None:
    if "ip" in dissection.wanted:
        dissection.add("ip.version", version)
        _bogus(dissection, "ip.bogus_ip_version", "Bogus IP version")


def _bogus(dissection: Dissection, name: str, message: str) -> None:
    dissection.expert(name, ERROR, PROTOCOL_GROUP, message)


def _add_service(dissection: Dissection, service: int) -> None:
    dissection.add("ip.dsfield", service)
    dissection.add("ip.dsfield.dscp", service >> 2)
    dissection.add("ip.dsfield.ecn", service & 3)


def _add_header(dissection: Dissection, data: bytes) -> None:
    """Note the fixed fields but for the destination."""
    add = dissection.add
    add("ip.id", u16(data, 4))
    fragment = u16(data, 6)
    flags = fragment >> 13
    add("ip.flags", flags)
    add("ip.flags.rb", flags >> 2 & 1)
    add("ip.flags.df", flags >> 1 & 1)
    add("ip.flags.mf", flags & 1)
    add("ip.frag_offset", fragment & _OFFSET)
    ttl = data[8]
    add("ip.ttl", ttl)
    if len(data) >= _HEADER:
        _check_ttl(dissection, ttl, data[16:20])
    add("ip.proto", data[9])
    add("ip.checksum", u16(data, 10))
    add("ip.checksum.status", 2)
    add_address(dissection, "src", take(data, _SOURCE, 4))


def _add_destination(dissection: Dissection, address: bytes, final: bytes | None) -> None:
    """Note the header's destination, which is only the next hop of a source route."""
    if final is None:
        add_address(dissection, "dst", address)
    else:
        dissection.add("ip.cur_rt", int.from_bytes(address))
        dissection.add("ip.cur_rt_host", socket.inet_ntoa(address))


def _check_ttl(dissection: Dissection, ttl: int, destination: bytes) -> None:
    if destination[:3] == b"\xe0\0\0":
        expected = _CONTROL_TTLS.get(destination[3], 1)
        if ttl != expected and destination[3] != _ANY_TTL:
            message = f'"Time To Live" != {expected} for a packet sent to the Local Network'
            message += " Control Block (see RFC 3171)"
            dissection.expert("ip.ttl.lncb", NOTE, SEQUENCE_GROUP, message)
    elif ttl < 5 and not 224 <= destination[0] < 240:
        message = f'"Time To Live" only {ttl}'
        dissection.expert("ip.ttl.too_small", NOTE, SEQUENCE_GROUP, message)
