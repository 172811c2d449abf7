"""Spanning tree bridge PDUs (IEEE 802.1D, 9.3; 802.1Q, 14)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import mac_text
from tunscope.summary.llc import SAPS, SNAP_PROTOCOLS
from tunscope.summary.registry import entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_CONFIGURATION: Final = 0x00
_RAPID: Final = 0x02
#: The flag of a topology change in progress.
_CHANGE: Final = 0x01
_TOPOLOGY_CHANGE: Final = 0x80


@entered(SAPS, 0x42)
def read_stp(window: Window, draft: Draft) -> None:
    """Read root, cost and port of a bridge PDU."""
    draft.name("STP")
    draft.write("")
    version, kind = window.u8(2), window.u8(3)
    if kind == _TOPOLOGY_CHANGE:
        draft.write("Topology Change Notification")
        return
    if kind not in {_CONFIGURATION, _RAPID}:
        draft.write(f"Unknown BPDU type ({kind})")
        return
    change = "TC + " if window.u8(4) & _CHANGE else ""
    words = "Conf. "
    if kind == _RAPID:
        words = {2: "RST. ", 3: "MST. ", 4: "SPT. "}.get(version, "RST. ")
    root, cost, port = window.u16(5), window.u32(13), window.u16(25)
    address = mac_text(window.take(7, 6))
    draft.write(
        f"{words}{change}Root = {root & 0xF000}/{root & 0xFFF}/{address}"
        f"  Cost = {cost}  Port = 0x{port:04x}"
    )
    window.check(0, 36 if kind == _RAPID else 35)


@entered(SNAP_PROTOCOLS, (0x00000C, 0x010B))
def read_pvst(window: Window, draft: Draft) -> None:
    """Read Cisco's bridge PDU of one VLAN."""
    read_stp(window, draft)
