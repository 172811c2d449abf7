"""Ethernet over UDP: VXLAN (RFC 7348) and Geneve (RFC 8926)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.ethernet import decode_ethernet
from tunscope.dissect.packet import ETHERTYPES, UDP_PORTS, decode_data, entered

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_VXLAN_FLAGS: Final = ("flag_g", "flag_i", "flag_d", "flag_a")


@entered(UDP_PORTS, 4789, 8472)
def decode_vxlan(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the header and the frame behind it."""
    dissection.enter("VXLAN", "vxlan")
    tree = parent.protocol("vxlan", "Virtual eXtensible Local Area Network", window, 8)
    flags = tree.field("vxlan.flags", 0, 2)
    names = []
    for name in _VXLAN_FLAGS:
        field = flags.field(f"vxlan.{name}", 0, 2)
        if field.value == "1":
            names.append(field.label.partition(" = ")[2].partition(":")[0])
    flags.field("vxlan.flags_reserved", 0, 2)
    flags.label += "".join(f", {name}" for name in names)
    tree.field("vxlan.gbp", 2, 2)
    tree.field("vxlan.vni", 4, 3)
    tree.field("vxlan.reserved8", 7, 1)
    dissection.run(decode_ethernet, window.sub(8), parent)


@entered(UDP_PORTS, 6081)
def decode_geneve(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the header with its options, and the payload by its EtherType."""
    dissection.enter("Geneve", "geneve")
    size = 8 + (window.u8(0) & 0x3F) * 4
    kind, network = window.u16(2), window.number(4, 3)
    tree = parent.protocol(
        "geneve",
        f"Generic Network Virtualization Encapsulation, VNI: 0x{network:06x}",
        window,
        size,
    )
    tree.field("geneve.version", 0, 1, value=window.u8(0) >> 6)
    tree.field("geneve.option.length", 0, 1, value=size - 8, text=f"{size - 8} bytes")
    flags = tree.field("geneve.flags", 1, 1)
    names = []
    for name, short in (("oam", "OAM"), ("critical", "Critical options"), ("reserved", "RSVD")):
        field = flags.field(f"geneve.flags.{name}", 1, 1)
        if field.value == "1":
            names.append(short)
    flags.label += f" ({', '.join(names)})" if names else ""
    tree.field("geneve.proto_type", 2, 2)
    tree.field("geneve.vni", 4, 3)
    if window.u8(7):
        tree.field("geneve.reserved", 7, 1)
    if size > 8:
        _add_options(tree, window, size)
    dissection.run(ETHERTYPES.get(kind, decode_data), window.sub(size), parent)


def _add_options(parent: Tree, window: Window, stop: int) -> None:
    tree = parent.field("geneve.options", 8, stop - 8, label=f"Options: ({stop - 8} bytes)")
    offset = 8
    while offset < stop:
        length = 4 + (window.u8(offset + 3) & 0x1F) * 4
        if offset + length > stop:
            tree.expert("geneve.option.length.invalid", "Error/Malformed",
                        "Invalid length for option")  # fmt: skip
            return
        option = tree.field("geneve.option", offset, length, label=f"Option ({length} bytes)")
        option.field("geneve.option.class", offset, 2)
        kind = option.field("geneve.option.type", offset + 2, 1)
        kind.field("geneve.option.type.critical", offset + 2, 1)
        flags = option.field("geneve.option.flags", offset + 3, 1)
        flags.field("geneve.option.flags.reserved", offset + 3, 1)
        option.field("geneve.option.length", offset + 3, 1, value=length, text=f"{length} bytes")
        if length > 4:
            option.field("geneve.option.unknown.data", offset + 4, length - 4)
        offset += length
