"""Generic routing encapsulation (RFC 2784, 2890, 2637)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.fieldtable import value_name
from tunscope.dissect.packet import ETHERTYPES, IP_PROTOCOLS, decode_data, entered
from tunscope.packet.checksum import internet_checksum

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_CHECKSUM, _ROUTING, _KEY, _SEQUENCE, _ACK = 0x8000, 0x4000, 0x2000, 0x1000, 0x80
_PPP: Final = 0x880B
_FLAGS: Final = (
    "checksum",
    "routing",
    "key",
    "sequence_number",
    "strict_source_route",
    "recursion_control",
)


@entered(IP_PROTOCOLS, 47)
def decode_gre(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the header with its optional fields, and the payload by its EtherType."""
    dissection.enter("GRE", "gre")
    flags, kind = window.u16(0), window.u16(2)
    enhanced = flags & 7 == 1
    name = value_name("gre.proto", kind, f"0x{kind:04x} - unknown")
    label = f"Generic Routing Encapsulation ({name})"
    tree = parent.protocol("gre", label, window, 4)
    word = tree.field("gre.flags_and_version", 0, 2)
    optional = ["ack"] if enhanced else []
    for flag in (*_FLAGS, *optional, "reserved", "version"):
        word.field(f"gre.flags.{flag}", 0, 2)
    tree.field("gre.proto", 2, 2)
    offset = 4
    if flags & (_CHECKSUM | _ROUTING):
        if flags & _CHECKSUM:
            _add_checksum(tree, window)
        tree.field("gre.offset", 6, 2)
        offset = 8
    if flags & _KEY:
        if enhanced and kind == _PPP:
            tree.field("gre.key.payload_length", offset, 2)
            tree.field("gre.key.call_id", offset + 2, 2)
        else:
            tree.field("gre.key", offset, 4)
        offset += 4
    if flags & _SEQUENCE:
        tree.field("gre.sequence_number", offset, 4)
        offset += 4
    if enhanced and flags & _ACK:
        tree.field("gre.ack_number", offset, 4)
        offset += 4
    if flags & _ROUTING:
        offset = _add_routes(tree, window, offset)
    tree.end(offset)
    payload = window.sub(offset)
    if payload.length:
        dissection.run(ETHERTYPES.get(kind, decode_data), payload, parent)


def _add_checksum(tree: Tree, window: Window) -> None:
    if window.captured < window.length or window.fragment:
        tree.field("gre.checksum", 4, 2, note=" [unverified]")
        tree.derived("gre.checksum.status", 2, 4)
        return
    good = internet_checksum(window.rest()) == 0
    tree.field("gre.checksum", 4, 2, note=" [correct]" if good else " [incorrect]")
    tree.derived("gre.checksum.status", int(good), 4)


def _add_routes(parent: Tree, window: Window, offset: int) -> int:
    """Add source route entries (RFC 1701); return where the list ends."""
    tree = parent.marked("gre.routing", "Routing", offset)
    while True:
        family, size = window.u16(offset), window.u8(offset + 3)
        tree.field("gre.routing.address_family", offset, 2)
        tree.field("gre.routing.sre_offset", offset + 2, 1)
        tree.field("gre.routing.src_length", offset + 3, 1)
        tree.field("gre.routing.information", offset + 4, size)
        offset += 4 + size
        if family == 0 and size == 0:
            return offset
