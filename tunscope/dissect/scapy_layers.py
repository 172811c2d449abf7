"""The layers that scapy makes of a packet's bytes, with the place of each one's own bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tunscope.dissect.scapy_import import packet_class
from tunscope.packet.linktype import LinkType

_MAX_LAYERS: Final = 64
_FIRST: Final = {
    LinkType.ETHERNET: ("layers.l2", "Ether"),
    LinkType.LINUX_SLL: ("layers.l2", "CookedLinux"),
    LinkType.LINUX_SLL2: ("layers.l2", "CookedLinuxV2"),
    LinkType.NULL: ("layers.l2", "Loopback"),
}


def scapy_layers(data: bytes, linktype: int) -> Iterator[tuple[Any, int, int]]:
    """Yield scapy's layers, outermost first, each with where its own bytes start and stop."""
    if linktype in _FIRST:
        module, name = _FIRST[LinkType(linktype)]
    else:
        module, name = (
            ("layers.inet6", "IPv6") if data[:1] and data[0] >> 4 == 6 else ("layers.inet", "IP")
        )
    first = packet_class(module, name)
    packet_class("layers.inet", "TCP")
    packet_class("layers.inet6", "ICMPv6EchoRequest")
    packet_class("layers.dns", "DNS")
    try:
        layer = first(data)
    # Scapy raises all kinds of things over hostile bytes; they are shown as bytes then.
    except Exception:  # noqa: BLE001
        layer = packet_class("packet", "Raw")(data)
    position = 0
    for _ in range(_MAX_LAYERS):
        if layer.name == "NoPayload":
            return
        own = layer.raw_packet_cache
        size = len(own) if own is not None else len(layer) - len(layer.payload)
        yield layer, position, min(position + size, len(data))
        position += size
        layer = layer.payload
