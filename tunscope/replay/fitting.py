"""Packets that are longer than the device's MTU: left out, cut, or sent in fragments. Pure."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tunscope.packet.checksum import internet_checksum
from tunscope.packet.layers import Layer, layers_of
from tunscope.packet.linktype import LinkType
from tunscope.packet.repair import repaired
from tunscope.replay.refusals import DONT_FRAGMENT, TOO_LONG, Unsendable

_DONT: Final = 0x4000
_MORE: Final = 0x2000
_FRAGMENT_HEADER: Final = 44
_MAX_LAYERS: Final = 64


class OverMtu(StrEnum):
    """What becomes of a packet that is too long."""

    SKIP = "skip"
    TRUNCATE = "truncate"
    FRAGMENT = "fragment"


@dataclass(frozen=True, slots=True)
class Fitting:
    """Makes packets of a device's link type fit into `mtu` bytes behind their link header."""

    linktype: LinkType
    mtu: int
    over: OverMtu

    def __call__(self, data: bytes) -> Sequence[bytes]:
        """Return what is sent instead of a packet; Unsendable if that is nothing."""
        layers = layers_of(data, self.linktype)
        links = [layer for layer in layers if layer.protocol in {"eth", "vlan"}]
        at = links[-1].payload if links else 0
        if len(data) - at <= self.mtu:
            return (data,)
        network = next((layer for layer in layers if layer.protocol in {"ip", "ipv6"}), None)
        if network is None or network.start != at or self.over is OverMtu.SKIP:
            raise Unsendable(TOO_LONG)
        if self.over is OverMtu.TRUNCATE:
            return (repaired(data[: at + self.mtu], self.linktype, range(_MAX_LAYERS)),)
        data = data[: network.end]  # padding of a frame is not worth a fragment
        if len(data) - at <= self.mtu:
            return (data,)
        if network.protocol == "ip":
            return fragments_of_ipv4(data, network, self.mtu)
        return fragments_of_ipv6(data, network, self.mtu)


def fragments_of_ipv4(data: bytes, network: Layer, mtu: int) -> Sequence[bytes]:
    """Cut an IPv4 packet (RFC 791, section 3.2), behind whatever precedes its header.

    Unsendable if its DF flag forbids that, or the MTU has no room for eight bytes.
    """
    start, payload = network.start, data[network.payload :]
    header = data[start : network.payload]
    (word,) = struct.unpack_from(">H", header, 6)
    if word & _DONT:
        raise Unsendable(DONT_FRAGMENT)
    later = header[:20] + _copied_options(header[20:])
    found, offset, head = [], 0, header
    while offset < len(payload):
        room = mtu - len(head)
        if room < 8:
            raise Unsendable(TOO_LONG)
        piece = payload[offset : offset + (room & ~7)]
        if offset + room >= len(payload):
            piece = payload[offset:]
        more = _MORE if offset + len(piece) < len(payload) or word & _MORE else 0
        place = (word & 0x1FFF) + offset // 8
        found.append(data[:start] + _ipv4_header(head, len(piece), more | place) + piece)
        offset += len(piece)
        head = later
    return found


def fragments_of_ipv6(data: bytes, network: Layer, mtu: int) -> Sequence[bytes]:
    """Cut an IPv6 packet as its sender would (RFC 8200, section 4.5).

    Unsendable if it has extension headers: they would have to be told apart from its fragments.
    """
    start, header = network.start, data[network.start : network.start + 40]
    room = (mtu - 48) & ~7
    if network.payload != network.start + 40 or network.fragment or room < 8:
        raise Unsendable(TOO_LONG)
    payload = data[network.payload :]
    identity = internet_checksum(data) << 16 | internet_checksum(payload[:64])
    found = []
    for offset in range(0, len(payload), room):
        piece = payload[offset : offset + room]
        more = int(offset + len(piece) < len(payload))
        extension = struct.pack(">BBHI", header[6], 0, offset | more, identity)
        length = struct.pack(">HB", len(piece) + 8, _FRAGMENT_HEADER)
        found.append(data[:start] + header[:4] + length + header[7:] + extension + piece)
    return found


def _ipv4_header(header: bytes, size: int, word: int) -> bytes:
    changed = bytearray(header)
    changed[0] = 0x40 | len(header) // 4
    struct.pack_into(">H", changed, 2, len(header) + size)
    struct.pack_into(">H", changed, 6, word)
    struct.pack_into(">H", changed, 10, 0)
    struct.pack_into(">H", changed, 10, internet_checksum(changed))
    return bytes(changed)


def _copied_options(options: bytes) -> bytes:
    """Return the options that every fragment has (RFC 791: the copied flag), padded."""
    kept, at = b"", 0
    while at < len(options) and options[at] != 0:
        size = 1 if options[at] == 1 or at + 1 >= len(options) else max(2, options[at + 1])
        if options[at] & 0x80:
            kept += options[at : at + size]
        at += size
    return kept + bytes(-len(kept) % 4)
