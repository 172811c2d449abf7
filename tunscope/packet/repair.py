"""Lengths and checksums made right again after a packet was changed. Pure.

A checksum that was wrong before the change was wrong on purpose or on the way: it is left alone,
and so are the lengths beside it (`sound_layers` tells which layers were right).
"""

from __future__ import annotations

import struct
from collections.abc import Container

from tunscope.packet.checksum import internet_checksum
from tunscope.packet.layers import Layer, layers_of

_CHECKSUM_AT = {"ip": 10, "icmp": 2, "icmpv6": 2, "tcp": 16, "udp": 6}
_PROTOCOL = {"tcp": 6, "udp": 17, "icmpv6": 58}


def trailer_length(data: bytes, linktype: int) -> int:
    """Return how many bytes follow what the network header says is its own (Ethernet padding)."""
    for layer in layers_of(data, linktype):
        if layer.protocol in {"ip", "ipv6"}:
            return len(data) - layer.end
    return 0


def repaired(data: bytes, linktype: int, layers: Container[int], trailer: int = 0) -> bytes:
    """Return `data` with lengths and checksums of the layers with these indices recomputed.

    Everything up to the last `trailer` bytes is payload, whatever the lengths in `data` say. A
    UDP checksum of zero over IPv4 means "none" and stays. Fragments get no transport checksum.
    """
    packet = bytearray(data)
    walk = layers_of(data, linktype, len(data) - trailer)
    for index in range(len(walk) - 1, -1, -1):
        if index in layers:
            _set_length(packet, walk[index])
            _set_checksum(packet, walk, index)
    return bytes(packet)


def with_checksums(data: bytes, linktype: int) -> bytes:
    """Return `data` with every checksum computed anew; the lengths in it are believed.

    As everywhere, a UDP checksum of zero over IPv4 stays and fragments get no transport checksum.
    """
    packet = bytearray(data)
    walk = layers_of(data, linktype)
    for index in range(len(walk) - 1, -1, -1):
        _set_checksum(packet, walk, index)
    return bytes(packet)


def sound_layers(data: bytes, linktype: int) -> frozenset[int]:
    """Return the indices of the layers whose lengths and checksums are right as they are."""
    trailer = trailer_length(data, linktype)
    walk = layers_of(data, linktype, len(data) - trailer)
    return frozenset(
        index for index in range(len(walk)) if repaired(data, linktype, (index,), trailer) == data
    )


def _set_length(packet: bytearray, layer: Layer) -> None:
    size = layer.end - layer.start
    if layer.protocol == "ip":
        struct.pack_into(">H", packet, layer.start + 2, size & 0xFFFF)
    elif layer.protocol == "ipv6":
        struct.pack_into(">H", packet, layer.start + 4, (size - 40) & 0xFFFF)
    elif layer.protocol == "udp" and not layer.fragment:
        struct.pack_into(">H", packet, layer.start + 4, size & 0xFFFF)


def _set_checksum(packet: bytearray, walk: tuple[Layer, ...], index: int) -> None:
    layer = walk[index]
    offset = _CHECKSUM_AT.get(layer.protocol)
    if offset is None or (layer.fragment and layer.protocol != "ip"):
        return
    at = layer.start + offset
    before = packet[at : at + 2]
    if layer.protocol == "udp" and before == b"\0\0" and walk[index - 1].protocol == "ip":
        return
    packet[at : at + 2] = b"\0\0"
    end = layer.payload if layer.protocol == "ip" else layer.end
    initial = 0
    if layer.protocol in _PROTOCOL:
        initial = _pseudo_header_sum(packet, walk[index - 1], layer)
    value = internet_checksum(memoryview(packet)[layer.start : end], initial)
    if layer.protocol == "udp" and not value:
        value = 0xFFFF
    struct.pack_into(">H", packet, at, value)


def _pseudo_header_sum(packet: bytearray, network: Layer, layer: Layer) -> int:
    """Return the sum of the pseudo header of RFC 793 or RFC 8200, section 8.1."""
    first, last = (12, 20) if network.protocol == "ip" else (8, 40)
    addresses = packet[network.start + first : network.start + last]
    words: tuple[int, ...] = struct.unpack(f">{len(addresses) // 2}H", addresses)
    return sum(words) + _PROTOCOL[layer.protocol] + (layer.end - layer.start)
