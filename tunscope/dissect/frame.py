"""The record itself: when, how long, which way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.dissect.encapsulations import ENCAPSULATIONS
from tunscope.dissect.fieldtable import all_fields
from tunscope.dissect.formats import plural, seconds_text, shown_text, time_text
from tunscope.dissect.packet import LINK_TYPES, decode_data
from tunscope.packet.encapsulation import encapsulation
from tunscope.packet.linktype import linktype_name

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window
    from tunscope.packet.custom_block import CustomBlock
    from tunscope.packet.record import PacketRecord


def decode_frame(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Show what the capture file says of the packet, and decode its bytes."""
    record = dissection.record
    wire, captured = record.origlen, record.caplen
    for comment in record.comments:
        text = shown_text(comment)
        tree = parent.marked("pkt_comment", "Packet comments", 0, 0)
        tree.field("frame.comment", 0, 0, value=text, label=text)
    if record.custom is not None:
        tree = _custom_block(window, parent, record.custom)
    else:
        tree = parent.protocol(
            "frame",
            f"Frame: {plural(wire, 'byte')} on wire ({wire * 8} bits), "
            f"{plural(captured, 'byte')} captured ({captured * 8} bits)",
            window,
        )
        _add_origin(tree, record)
    if record.timed:
        tree.field("frame.time", 0, 0, value=time_text(record.ts_ns))
        epoch = seconds_text(record.ts_ns)
        tree.field("frame.time_epoch", 0, 0, value=epoch, text=f"{epoch} seconds")
    for field, length in (("frame.len", wire), ("frame.cap_len", captured)):
        label = "Frame" if field == "frame.len" else "Capture"
        tree.field(
            field,
            0,
            0,
            value=length,
            label=f"{label} Length: {plural(length, 'byte')} ({length * 8} bits)",
        )
    dissection.run(LINK_TYPES.get(record.linktype, decode_data), window, parent)
    protocols = ":".join(dissection.layers)
    tree.derived("frame.protocols", shown_text(protocols))


def _custom_block(window: Window, parent: Tree, custom: CustomBlock) -> Tree:
    """Begin the tree of a pcapng Custom Block: it came from no interface."""
    size = window.captured
    enterprise = f"{custom.enterprise} ({custom.pen})"
    permission = "allowed" if custom.copied else "not allowed"
    tree = parent.protocol(
        "frame",
        f"PCAPNG Custom Block: {plural(size, 'byte')} ({size * 8} bits) of custom data and "
        f"options, PEN {enterprise}, copying {permission}",
        window,
    )
    tree.field("frame.cb_pen", 0, 0, value=custom.pen, text=enterprise)
    tree.field("frame.cb_copy", 0, 0, value=int(custom.copied))
    return tree


def _add_origin(tree: Tree, record: PacketRecord) -> None:
    """Show where the packet came from."""
    tree.field("frame.interface_id", 0, 0, value=record.interface)
    if record.flags or record.zero_flags:
        _add_flags(tree, record.flags)
    if record.packet_id is not None:
        tree.field("frame.packet_id", 0, 0, value=record.packet_id)
    number = encapsulation(record.linktype)
    name = ENCAPSULATIONS.get(record.linktype, linktype_name(record.linktype))
    tree.field("frame.encap_type", 0, 0, value=number, text=f"{name} ({number})")


def _add_flags(parent: Tree, flags: int) -> None:
    """Show pcapng's `epb_flags` word."""
    tree = parent.field("frame.packet_flags", 0, 0, value=flags)
    table = all_fields()
    for name in ("frame.packet_flags_direction", "frame.packet_flags_reception_type"):
        mask = table[name].mask
        number = (flags & mask) >> (mask & -mask).bit_length() - 1
        tree.field(name, 0, 0, value=number)
