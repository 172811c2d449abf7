"""The same packet on another kind of link: with an Ethernet header, or without. Pure."""

from __future__ import annotations

from tunscope.errors import TunscopeError
from tunscope.packet.layers import (
    ETHERTYPE_IPV4,
    ETHERTYPE_IPV6,
    find_layer,
    layers_of,
)
from tunscope.packet.linktype import LinkType, linktype_name

BROADCAST = b"\xff" * 6
_BARE = frozenset({LinkType.RAW, LinkType.IPV4, LinkType.IPV6})


def converted(
    data: bytes, linktype: int, wanted: int, *, source: bytes, destination: bytes
) -> bytes:
    """Return `data`, a packet of `linktype`, as one of `wanted`.

    `source` and `destination` are the MAC addresses of an Ethernet header that has to be made. An
    Ethernet header that goes takes its VLAN tags and its padding with it. TunscopeError for what
    has no counterpart, such as ARP on a tun device.
    """
    if linktype == wanted or (linktype in _BARE and wanted in _BARE):
        return data
    if linktype in _BARE and wanted == LinkType.ETHERNET:
        kind = ETHERTYPE_IPV6 if data[:1] and data[0] >> 4 == 6 else ETHERTYPE_IPV4
        return destination + source + kind.to_bytes(2, "big") + data
    if linktype == LinkType.ETHERNET and wanted in _BARE:
        layers = layers_of(data, linktype)
        for protocol in ("ip", "ipv6"):
            index = find_layer(layers, protocol)
            if index is not None:
                return data[layers[index].start : layers[index].end]
        raise TunscopeError("packet", "is no IP packet", "a tun device carries nothing else")
    raise TunscopeError(
        "packet", f"{linktype_name(linktype)} does not become {linktype_name(wanted)}"
    )
