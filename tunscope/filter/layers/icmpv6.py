"""ICMPv6 (RFC 4443): errors, echoes; neighbour and listener discovery stand beside it."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers import icmpv6_messages, listener_discovery, neighbour_discovery
from tunscope.filter.layers.dissection import (
    CHECKSUM_GROUP,
    WARN,
    Dissection,
    Octets,
    take,
    u16,
    u32,
)
from tunscope.filter.layers.echo_transactions import add_reply, note_request
from tunscope.filter.layers.ipv6 import dissect_ipv6
from tunscope.filter.layers.registry import dissect_data, takes
from tunscope.packet.checksum import internet_checksum

_UNREACHABLE, _TOO_BIG, _EXCEEDED, _PROBLEM = 1, 2, 3, 4
_ECHO, _ECHO_REPLY = 128, 129
_NEXT_HEADER: Final = 58


@takes("ip.proto", 58)
def dissect_icmpv6(dissection: Dissection, octets: Octets) -> None:
    """Dissect an ICMPv6 message and the packet it may quote."""
    data = octets.data
    wanted = dissection.begin("icmpv6", octets)
    kind = data[0]
    if wanted:
        dissection.add("icmpv6.type", kind)
        dissection.add("icmpv6.code", data[1])
        dissection.add("icmpv6.checksum", u16(data, 2))
        _check(dissection, octets)
    match kind:
        case 1 | 2 | 3 | 4:
            _dissect_error(dissection, octets, kind, wanted=wanted)
        case 128 | 129:
            _dissect_echo(dissection, octets, kind, wanted=wanted)
        case neighbour_discovery.REDIRECT:
            if wanted:
                neighbour_discovery.add_message(dissection, kind, octets)
            quoted = neighbour_discovery.redirected(octets)
            if quoted is not None:
                _dissect_quoted(dissection, quoted)
        case _ if wanted:
            if kind in neighbour_discovery.TYPES:
                neighbour_discovery.add_message(dissection, kind, octets)
            elif kind in listener_discovery.TYPES:
                listener_discovery.add_message(dissection, kind, octets)
            elif kind in icmpv6_messages.TYPES:
                icmpv6_messages.add_message(dissection, kind, octets)
            elif kind < _ECHO:
                dissection.add("icmpv6.reserved", take(data, 4, 4))
                dissect_data(dissection, octets.rest(8))
            else:
                dissection.add("icmpv6.data", data[4:])


def _check(dissection: Dissection, octets: Octets) -> None:
    network = dissection.network
    whole = len(octets.data) >= octets.reported and not network.fragment
    if not whole or network.quoted or network.version != 6:
        dissection.add("icmpv6.checksum.status", 2)
        return
    pseudo = network.source + network.destination
    pseudo += octets.reported.to_bytes(4) + bytes((0, 0, 0, _NEXT_HEADER))
    good = internet_checksum(pseudo + octets.data) == 0
    dissection.add("icmpv6.checksum.status", int(good))
    if not good:
        dissection.expert("icmpv6.checksum_bad.expert", WARN, CHECKSUM_GROUP, "Bad checksum")


def _dissect_error(dissection: Dissection, octets: Octets, kind: int, *, wanted: bool) -> None:
    data = octets.data
    if wanted:
        if kind == _TOO_BIG:
            dissection.add("icmpv6.mtu", u32(data, 4))
        elif kind == _PROBLEM:
            dissection.add("icmpv6.pointer", u32(data, 4))
        else:
            dissection.add("icmpv6.reserved", take(data, 4, 4))
    _dissect_quoted(dissection, octets.rest(8))


def _dissect_quoted(dissection: Dissection, packet: Octets) -> None:
    network = dissection.network
    dissection.network = type(network)(
        network.version, network.source, network.destination, network.protocol, quoted="icmpv6"
    )
    if packet.data[:1] and packet.data[0] >> 4 == 6:
        dissect_ipv6(dissection, packet)
    else:
        dissect_data(dissection, packet)
    dissection.network = network


def _dissect_echo(dissection: Dissection, octets: Octets, kind: int, *, wanted: bool) -> None:
    data = octets.data
    if wanted:
        dissection.add("icmpv6.echo.identifier", u16(data, 4))
        dissection.add("icmpv6.echo.sequence_number", u16(data, 6))
        if kind == _ECHO:
            note_request(dissection, "icmpv6", data)
        else:
            add_reply(dissection, "icmpv6", data, (_ECHO - _ECHO_REPLY) << 8)
    dissect_data(dissection, octets.rest(8))
