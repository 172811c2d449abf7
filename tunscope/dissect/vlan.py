"""VLAN tags: IEEE 802.1Q, and the service tag of 802.1ad."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.ethernet import add_trailer
from tunscope.dissect.llc import decode_llc
from tunscope.dissect.packet import ETHERTYPES, decode_data, entered

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_HEADER: Final = 4
_LAST_LENGTH: Final = 1500
_CUSTOMER: Final = 0x8100
_SERVICE: Final = 0x88A8


@entered(ETHERTYPES, _CUSTOMER, 0x9100, 0x9200)
def decode_vlan(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode a customer tag."""
    dissection.enter("VLAN", "vlan")
    control = window.u16(0)
    label = (
        f"802.1Q Virtual LAN, PRI: {control >> 13}, DEI: {control >> 12 & 1}, ID: {control & 0xFFF}"
    )
    tree = parent.protocol("vlan", label, window, _HEADER)
    for name in ("vlan.priority", "vlan.dei", "vlan.id"):
        tree.field(name, 0, 2)
    kind = window.u16(2)
    payload = window.sub(_HEADER)
    if kind <= _LAST_LENGTH:
        tree.field("vlan.len", 2, 2)
        payload.shorten(kind)
        dissection.run(decode_llc, payload, parent)
    else:
        tree.field("vlan.etype", 2, 2)
        dissection.layers.append("ethertype")
        dissection.run(ETHERTYPES.get(kind, decode_data), payload, parent)
    add_trailer(tree, "vlan", window, _HEADER + payload.length, dissection)


@entered(ETHERTYPES, _SERVICE)
def decode_service_tag(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode a service tag and, behind it, a customer tag."""
    dissection.enter("802.1ad", "ieee8021ad")
    control = window.u16(0)
    label = f"IEEE 802.1ad, ID: {control & 0xFFF}"
    tree = parent.protocol("ieee8021ad", label, window, _HEADER)
    for name in ("priority", "dei"):
        tree.field(f"ieee8021ad.{name}", 0, 2).end(1)
    tree.field("ieee8021ad.id", 0, 2)
    kind = window.u16(2)
    tree.field("ieee8021ah.etype", 2, 2)
    dissection.layers.append("ethertype")
    dissection.run(ETHERTYPES.get(kind, decode_data), window.sub(_HEADER), parent)
