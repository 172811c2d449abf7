"""ICMP (RFC 792, RFC 1256, RFC 4884)."""

from __future__ import annotations

import struct
from typing import Final

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
from tunscope.filter.layers.icmp_extensions import dissect_extensions
from tunscope.filter.layers.ipv4 import dissect_ip
from tunscope.filter.layers.registry import dissect_data, takes
from tunscope.packet.checksum import internet_checksum

_ECHO_REPLY, _UNREACHABLE, _QUENCH, _REDIRECT, _ECHO = 0, 3, 4, 5, 8
_ADVERTISEMENT, _SOLICITATION, _EXCEEDED, _PROBLEM = 9, 10, 11, 12
_ERRORS: Final = frozenset({_UNREACHABLE, _QUENCH, _REDIRECT, _EXCEEDED, _PROBLEM, 32})
#: Errors whose fifth byte may count the quoted packet's words (RFC 4884).
_EXTENSIBLE: Final = frozenset({_UNREACHABLE, _EXCEEDED, _PROBLEM})
_EXTENDED_REQUEST: Final = 42
_EXTENDED_REPLY: Final = 43
_WITH_IDENTIFIER: Final = frozenset({0, 8, 13, 14, 15, 16, 17, 18})
_FRAGMENTATION_NEEDED: Final = 4
_DAY: Final = 86400
#: A quoted packet takes up so many bytes where extensions follow.
_LEAST_SPACE: Final = 128


@takes("ip.proto", 1)
def dissect_icmp(dissection: Dissection, octets: Octets) -> None:
    """Dissect an ICMP message and the packet it may quote."""
    data = octets.data
    wanted = dissection.begin("icmp", octets, needs=6)
    kind, code, checksum = *take(data, 0, 6)[:2], u16(data, 2)
    if wanted:
        dissection.add("icmp.type", kind)
        dissection.add("icmp.code", code)
        dissection.add("icmp.checksum", checksum)
        _check(dissection, octets)
        _add_rest_of_header(dissection, data, kind, code)
    if kind in _ERRORS:
        _dissect_quoted(dissection, octets, kind, wanted=wanted)
    elif kind in (_ECHO, _ECHO_REPLY):
        if wanted and kind == _ECHO:
            note_request(dissection, "icmp", data)
        elif wanted:
            add_reply(dissection, "icmp", data, _ECHO << 8)
        dissect_echoed(dissection, octets.rest(8), "icmp", wanted=wanted)
    elif kind in (13, 14) and wanted:
        for name, offset in (("originate", 8), ("receive", 12), ("transmit", 16)):
            dissection.add(f"icmp.{name}_timestamp", u32(data, offset))
    elif kind in (17, 18) and wanted:
        dissection.add("icmp.address_mask", u32(data, 8))
    elif kind == _EXTENDED_REQUEST and wanted and octets.reported > 8:
        dissect_extensions(dissection, octets.rest(8))
    elif kind == _ADVERTISEMENT and wanted:
        _add_routers(dissection, data)


def _check(dissection: Dissection, octets: Octets) -> None:
    whole = len(octets.data) >= octets.reported and not dissection.network.fragment
    if not whole or dissection.network.quoted:
        dissection.add("icmp.checksum.status", 2)
        return
    good = internet_checksum(octets.data) == 0
    dissection.add("icmp.checksum.status", int(good))
    if not good:
        dissection.expert("icmp.checksum_bad", WARN, CHECKSUM_GROUP, "Bad checksum")


def _add_extended_echo(dissection: Dissection, data: bytes, kind: int) -> None:
    """A probe of an interface by another one (RFC 8335)."""
    add = dissection.add
    add("icmp.ident", u16(data, 4))
    add("icmp.ident_le", int.from_bytes(take(data, 4, 2), "little"))
    sequence, last = take(data, 6, 2)
    add("icmp.ext.echo.seq", sequence)
    if kind == _EXTENDED_REQUEST:
        add("icmp.ext.echo.req.res", last >> 1)
        add("icmp.ext.echo.req.local", last & 1)
        return
    add("icmp.ext.echo.rsp.state", last >> 5)
    add("icmp.ext.echo.rsp.res", last >> 3 & 3)
    dissection.add_bits(
        last,
        (
            ("icmp.ext.echo.rsp.active", 4),
            ("icmp.ext.echo.rsp.ipv4", 2),
            ("icmp.ext.echo.rsp.ipv6", 1),
        ),
    )


def _add_rest_of_header(dissection: Dissection, data: bytes, kind: int, code: int) -> None:
    add = dissection.add
    if kind in _WITH_IDENTIFIER:
        add("icmp.ident", u16(data, 4))
        add("icmp.ident_le", int.from_bytes(take(data, 4, 2), "little"))
        add("icmp.seq", u16(data, 6))
        add("icmp.seq_le", int.from_bytes(take(data, 6, 2), "little"))
    elif kind in (_EXTENDED_REQUEST, _EXTENDED_REPLY):
        _add_extended_echo(dissection, data, kind)
    elif kind == _REDIRECT:
        add("icmp.redir_gw", u32(data, 4))
    elif kind == _PROBLEM:
        add("icmp.pointer", data[4])
        if data[5]:
            add("icmp.length", data[5])
            add("icmp.length.original_datagram", data[5] * 4)
            add("icmp.unused", take(data, 6, 2))
        else:
            add("icmp.unused", take(data, 5, 3))
    elif kind == _UNREACHABLE and code == _FRAGMENTATION_NEEDED:
        _add_length(dissection, data, 6)
        add("icmp.mtu", u16(data, 6))
    elif kind in (_UNREACHABLE, _EXCEEDED):
        _add_length(dissection, data, 8)
    elif kind == _SOLICITATION:
        add("icmp.reserved", take(data, 4, 4))
    elif kind == _ADVERTISEMENT:
        add("icmp.num_addrs", data[4])
        add("icmp.addr_entry_size", data[5])
        add("icmp.lifetime", u16(data, 6))


def _add_length(dissection: Dissection, data: bytes, stop: int) -> None:
    """Note the unused bytes, and where the sixth counts words of the quoted packet, it."""
    if data[5]:
        dissection.add("icmp.unused", data[4:5])
        dissection.add("icmp.length", data[5])
        dissection.add("icmp.length.original_datagram", data[5] * 4)
        if stop > 6:
            dissection.add("icmp.unused", take(data, 6, stop - 6))
    else:
        dissection.add("icmp.unused", take(data, 4, stop - 4))


def _add_routers(dissection: Dissection, data: bytes) -> None:
    for number in range(data[4]):
        offset = 8 + number * 8
        dissection.add("icmp.router_address", u32(data, offset))
        level = u32(data, offset + 4)
        dissection.add("icmp.pref_level", level - (level >> 31 << 32))


def _dissect_quoted(dissection: Dissection, octets: Octets, kind: int, *, wanted: bool) -> None:
    """Dissect the packet that an error quotes, and the extensions behind it."""
    quoted = octets.rest(8)
    if kind == _REDIRECT and quoted.data:
        # The IP header and 64 bits (RFC 792).
        quoted.trim((quoted.data[0] & 15) * 4 + 8)
    extensions = _extensions(octets, kind)
    network = dissection.network
    dissection.network = type(network)(
        network.version, network.source, network.destination, network.protocol, quoted="icmp"
    )
    dissect_ip(dissection, quoted)
    dissection.network = network
    if extensions is not None and wanted:
        dissection.resume("icmp")
        dissect_extensions(dissection, extensions)


def _extensions(octets: Octets, kind: int) -> Octets | None:
    """Return what stands behind the quoted packet, if it says that it is shorter than the space it
    is given (RFC 4884): as many words as the error counts, and 128 bytes at least."""
    data = octets.data
    space = _LEAST_SPACE
    if kind in _EXTENSIBLE and data[5] * 4 > space:
        space = data[5] * 4
    if octets.reported <= 8 + space or len(data) < 12 or u16(data, 10) > _LEAST_SPACE:
        return None
    return octets.rest(8 + space)


def dissect_echoed(dissection: Dissection, payload: Octets, protocol: str, *, wanted: bool) -> None:
    """Note what an echo carries: a ping's time of sending, where it seems to be one, and data."""
    if protocol == "icmp" and len(payload.data) >= 8 and wanted:
        sent = _time_of_sending(dissection.record.ts_ns, payload.data)
        if sent is not None:
            dissection.add("icmp.data_time", sent)
            dissection.add("icmp.data_time_relative", dissection.record.ts_ns - sent)
            payload = payload.rest(8)
    dissect_data(dissection, payload)


def _time_of_sending(now_ns: int, data: bytes) -> int | None:
    """Return the timestamp (seconds and microseconds, either byte order) that ping puts first,
    None where it is a day or more away from the packet's own."""
    now = now_ns // 10**9
    for layout in (">II", "<II"):
        seconds, micro = struct.unpack_from(layout, data)
        if micro < 10**6 and abs(seconds - now) < _DAY:
            return int(seconds) * 10**9 + int(micro) * 1000
    return None
