"""ARP and its relatives (RFC 826, 903, 2390)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.fieldtable import value_name
from tunscope.dissect.packet import ETHERTYPES, entered

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_ETHERNET_LIKE: Final = (1, 6)
_REQUEST: Final = 1
_REPLY: Final = 2
_HEADER: Final = 8


@entered(ETHERTYPES, 0x0806, 0x8035)
def decode_arp(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the fixed part and the four addresses, whatever their lengths."""
    dissection.enter("ARP/RARP", "arp")
    hardware, protocol = window.u16(0), window.u16(2)
    hardware_size, protocol_size, opcode = window.u8(4), window.u8(5), window.u16(6)
    size = _HEADER + 2 * hardware_size + 2 * protocol_size
    ethernet = hardware in _ETHERNET_LIKE and hardware_size == 6
    ip = protocol == 0x0800 and protocol_size == 4
    addresses = _addresses(window, hardware_size, protocol_size)
    kind = _title(opcode)
    ip_known = ip and len(addresses[3]) == protocol_size
    gratuitous = ip_known and opcode in {_REQUEST, _REPLY} and addresses[1] == addresses[3]
    probe = ip_known and opcode == _REQUEST and not any(addresses[1]) and not gratuitous
    announced = gratuitous and opcode == _REQUEST and not any(addresses[2])
    if announced:
        kind = "ARP Announcement"
    elif gratuitous:
        kind = f"{kind}/gratuitous ARP"
    elif probe:
        kind = "ARP Probe"
    tree = parent.protocol("arp", f"Address Resolution Protocol ({kind})", window, size)
    tree.field("arp.hw.type", 0, 2)
    tree.field("arp.proto.type", 2, 2)
    tree.field("arp.hw.size", 4, 1)
    tree.field("arp.proto.size", 5, 1)
    tree.field("arp.opcode", 6, 2)
    if gratuitous:
        tree.derived("arp.isgratuitous", 1)
    if probe:
        tree.derived("arp.isprobe", 1)
    if announced:
        tree.derived("arp.isannouncement", 1)
    offset = _HEADER
    for side in ("src", "dst"):
        if hardware_size:
            name = "hw_mac" if ethernet else "hw"
            tree.field(f"arp.{side}.{name}", offset, hardware_size)
            offset += hardware_size
        if protocol_size:
            name = "proto_ipv4" if ip else "proto"
            tree.field(f"arp.{side}.{name}", offset, protocol_size)
            offset += protocol_size
    window.shorten(size)


def _addresses(window: Window, hardware_size: int, protocol_size: int) -> list[bytes]:
    """Return the four addresses, as far as they are captured."""
    found = []
    offset = _HEADER
    for length in (hardware_size, protocol_size) * 2:
        found.append(window.rest(offset)[:length])
        offset += length
    return found


def _title(opcode: int) -> str:
    return value_name("arp.opcode", opcode, f"opcode 0x{opcode:04x}")
