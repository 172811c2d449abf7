"""Packets that are longer than the device's MTU. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tunscope.packet.layers import find_layer, layers_of
from tunscope.packet.linktype import LinkType
from tunscope.replay.refusals import TOO_LONG, Unsendable


@dataclass(frozen=True, slots=True)
class Fitting:
    """Refuses what is longer than `mtu` bytes behind its link header."""

    linktype: LinkType
    mtu: int

    def __call__(self, data: bytes, flags: int) -> tuple[Sequence[bytes], Sequence[str]]:
        """Return the packet as it is; Unsendable if it is too long."""
        if network_length(data, self.linktype) > self.mtu:
            raise Unsendable(TOO_LONG)
        return (data,), ()


def network_length(data: bytes, linktype: LinkType) -> int:
    """Return how many bytes follow the link header and its VLAN tags."""
    if linktype != LinkType.ETHERNET:
        return len(data)
    layers = layers_of(data, linktype)
    index = find_layer(layers, "eth")
    if index is None:
        return len(data)
    links = [layer for layer in layers if layer.protocol in {"eth", "vlan"}]
    return len(data) - links[-1].payload
