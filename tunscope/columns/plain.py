"""A short cut for the packets that most captures consist of.

Plain is a whole TCP or UDP header behind IPv4 without options or IPv6 without extensions, no
fragment, lengths that agree, no tunnel's port, on Ethernet without tags or bare IP. All fields
of such packets stand at fixed places: one gather gets them, and nothing has to be followed. What
is not plain is left to `decode`, whose columns would be the same for plain packets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tunscope.columns.addresses import AddressBook
from tunscope.columns.batch import Column, Rows
from tunscope.columns.frames import Frames
from tunscope.columns.gather import ByteWindow, Headers, Mask, Positions, header_type
from tunscope.columns.layout import Layer
from tunscope.columns.link import IPV4, IPV6
from tunscope.columns.transport import TCP, UDP
from tunscope.columns.udp_tunnels import TUNNEL_PORTS
from tunscope.packet.linktype import LinkType

_ETHERNET_SIZE: Final = 14
_RAW: Final = frozenset({LinkType.RAW, LinkType.RAW_BSD, LinkType.RAW_OPENBSD})
_MAX_LENGTH: Final = np.uint32(1 << 30)
_MAX_U16: Final = 0xFFFF


def _network_fields(link: int) -> dict[str, tuple[str, int]]:
    """Fields of IPv4 and IPv6 headers behind `link` bytes, and of what stands behind those."""
    return {
        "first": ("u1", link),
        "total": (">u2", link + 2),
        "fragment": (">u2", link + 6),
        "ttl": ("u1", link + 8),
        "protocol": ("u1", link + 9),
        "src": (">u4", link + 12),
        "dst": (">u4", link + 16),
        "behind4": ("V20", link + 20),
        "payload": (">u2", link + 4),
        "following": ("u1", link + 6),
        "hops": ("u1", link + 7),
        "ends": ("V32", link + 8),
        "behind6": ("V20", link + 40),
    }


_FRAME: Final = header_type(
    74,
    high=(">u8", 0),
    low=(">u4", 8),
    type=(">u2", 12),
    **_network_fields(_ETHERNET_SIZE),
)
_PACKET: Final = header_type(60, **_network_fields(0))
_TRANSPORT: Final = header_type(
    20,
    sport=(">u2", 0),
    dport=(">u2", 2),
    length=(">u2", 4),
    seq=(">u4", 4),
    ack=(">u4", 8),
    flags=(">u2", 12),
    window=(">u2", 14),
)
_IS_TUNNEL: Final = np.zeros(1 << 16, np.bool_)
_IS_TUNNEL[list(TUNNEL_PORTS)] = True

_OF_IPV4: Final = np.uint32(Layer.IPV4 | Layer.ADDRESSES | Layer.PORTS)
_OF_IPV6: Final = np.uint32(Layer.IPV6 | Layer.ADDRESSES | Layer.PORTS)
_OF_TCP: Final = np.uint32(Layer.TCP | Layer.TCP_SEQUENCE | Layer.TCP_COMPLETE)
_OF_UDP: Final = np.uint32(Layer.UDP)


@dataclass(frozen=True, slots=True)
class Plain:
    """Columns of all packets of a run; those of the rows `other` mean nothing."""

    columns: dict[str, Column]
    other: Rows


@dataclass(frozen=True, slots=True)
class _Network:
    """Network headers as they would be if every packet were plain. Sizes count from their start."""

    v4: Mask
    v6: Mask
    protocol: Column
    size: Column
    total: Positions


def decode_plain(frames: Frames, window: ByteWindow, addresses: AddressBook) -> Plain | None:
    """Decode the plain packets of `frames`; None if most of them are something else."""
    link = _link_size(frames)
    if link is None:
        return None
    starts = frames.starts
    header = window.take_anything(_FRAME if link else _PACKET, starts)
    network = _network(header, link)
    segment = header["behind4"].copy()
    sixes = np.flatnonzero(network.v6)
    if len(sixes):
        segment[sixes] = header["behind6"][sixes]
    transport = segment.view(_TRANSPORT)
    tcp, udp = network.protocol == TCP, network.protocol == UDP
    words = transport["flags"].astype(np.uint16)
    sport, dport = transport["sport"].astype(np.uint16), transport["dport"].astype(np.uint16)
    payload, plain = _judge(frames, network, transport, words, tcp, udp, link)
    if udp.any():
        plain &= ~(udp & (_IS_TUNNEL.take(sport) | _IS_TUNNEL.take(dport)))
    other = np.flatnonzero(~plain)
    if 2 * len(other) > len(starts):
        return None
    columns: dict[str, Column] = {
        "l4_offset": network.size + np.uint16(link),
        "ip_proto": network.protocol,
        "sport": sport,
        "dport": dport,
        "payload_len": np.minimum(payload, _MAX_U16).astype(np.uint16),
        "layers": network.v4 * _OF_IPV4 | network.v6 * _OF_IPV6 | tcp * _OF_TCP | udp * _OF_UDP,
    }
    if tcp.any():
        columns["tcp_flags"] = (words & 0x0FFF) * tcp
        columns["seq"] = transport["seq"] * tcp
        columns["ack"] = transport["ack"] * tcp
        columns["window"] = transport["window"] * tcp
    _addresses(columns, header, network, plain, addresses)
    if link:
        columns["layers"] |= np.uint32(Layer.ETHERNET)
        columns["ethertype"] = header["type"].astype(np.uint16)
        columns["l3_offset"] = np.full(len(starts), link, np.uint16)
        _macs(columns, header, plain if len(other) else None, addresses)
    return Plain(columns, other)


def _link_size(frames: Frames) -> int | None:
    """Return the size of the link header if all packets have the same, and it is a known one."""
    kinds = frames.linktypes
    if not len(kinds) or not (kinds == kinds[0]).all():
        return None
    if kinds[0] == LinkType.ETHERNET:
        return _ETHERNET_SIZE
    return 0 if int(kinds[0]) in _RAW else None


def _network(header: Headers, link: int) -> _Network:
    first = header["first"].copy()
    v4 = first == 0x45
    v6 = first >> 4 == 6
    if link:
        kind = header["type"].astype(np.uint16)
        v4 &= kind == IPV4
        v6 &= kind == IPV6
    v4 &= header["fragment"] & 0x3FFF == 0
    protocol = header["protocol"] * v4
    size = v4 * np.uint16(20)
    total = (header["total"] * v4).astype(np.int32)
    if v6.any():
        protocol |= header["following"] * v6
        size += v6 * np.uint16(40)
        total += (header["payload"].astype(np.int32) + 40) * v6
    return _Network(v4, v6, protocol, size, total)


def _judge(
    frames: Frames,
    network: _Network,
    transport: Headers,
    words: Column,
    tcp: Mask,
    udp: Mask,
    link: int,
) -> tuple[Positions, Mask]:
    """Return the payload's length of every packet, and which packets are plain."""
    room = network.total - network.size
    least = tcp * np.uint16(20) + udp * np.uint16(8)
    needed = network.size + least + np.uint16(link)
    plain = tcp | udp
    plain &= room >= least
    plain &= frames.caplens >= needed
    plain &= np.minimum(frames.origlens, _MAX_LENGTH).astype(np.int32) >= network.total + link
    size = (words >> 12 << 2) * tcp + udp * np.uint16(8)
    length = room * tcp + transport["length"] * udp
    payload = length - size
    plain &= size >= least
    plain &= payload >= 0
    plain &= length <= room
    return payload * plain, plain


def _addresses(
    columns: dict[str, Column], header: Headers, network: _Network, plain: Mask, book: AddressBook
) -> None:
    columns["src"] = header["src"] * network.v4
    columns["dst"] = header["dst"] * network.v4
    columns["ttl"] = header["ttl"] * network.v4
    sixes = np.flatnonzero(network.v6 & plain)
    if len(sixes):
        # Interleaved, so that ids come in the order of the bytes on the wire.
        ids = book.number_ipv6(header["ends"][sixes].view("V16"))
        columns["src"][sixes] = ids[0::2]
        columns["dst"][sixes] = ids[1::2]
        columns["ttl"] |= header["hops"] * network.v6


def _macs(
    columns: dict[str, Column], header: Headers, plain: Mask | None, book: AddressBook
) -> None:
    high, low = header["high"].astype(np.uint64), header["low"].astype(np.uint64)
    if plain is None:
        columns["mac_dst"], columns["mac_src"] = book.number_mac_pairs(high, low)
        return
    rows = np.flatnonzero(plain)
    destination, source = book.number_mac_pairs(high[rows], low[rows])
    for name, ids in (("mac_dst", destination), ("mac_src", source)):
        columns[name] = np.zeros(len(plain), np.uint32)
        columns[name][rows] = ids
