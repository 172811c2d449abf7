"""IEEE 802.2 logical link control and SNAP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.fieldtable import value_name
from tunscope.dissect.packet import ETHERTYPES, decode_data, entered

if TYPE_CHECKING:
    from tunscope.dissect.packet import Decoder, Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

#: Protocols by destination service access point.
SERVICE_POINTS: Final[dict[int, Decoder]] = {}
_SNAP: Final = 0xAA
_ETHERNET_OUIS: Final = (0x000000, 0x0000F8)
#: Function names of unnumbered frames by their modifier bits.
_UNNUMBERED: Final = {
    0x00: "UI", 0x2C: "SABM", 0x6C: "SABME", 0x40: "DISC", 0x60: "UA", 0x0C: "DM", 0x84: "FRMR",
    0xAC: "XID", 0xE0: "TEST", 0x80: "RNR",
}  # fmt: skip
_SUPERVISORY: Final = ("RR", "RNR", "REJ", "SREJ")


def decode_llc(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the service access points and the control field, and SNAP behind them."""
    dissection.enter("LLC", "llc")
    point, source = window.u8(0), window.u8(1)
    response = bool(source & 1)
    size = 2 + (1 if window.u8(2) & 3 == 3 else 2)
    tree = parent.protocol("llc", "Logical-Link Control", window, size)
    destination = tree.field("llc.dsap", 0, 1)
    destination.field("llc.dsap.sap", 0, 1, text=_point_name(point))
    destination.field("llc.dsap.ig", 0, 1)
    origin = tree.field("llc.ssap", 1, 1)
    origin.field("llc.ssap.sap", 1, 1, text=_point_name(source))
    origin.field("llc.ssap.cr", 1, 1)
    unnumbered = _add_control(tree, window, response=response)
    snap = point == _SNAP and source & 0xFE == _SNAP
    if snap and unnumbered:
        organization, kind = window.number(size, 3), window.u16(size + 3)
        tree.field(
            "llc.oui", size, 3, text=f"{_octets(organization)} ({_organization(organization)})"
        )
        name = "llc.type" if organization in _ETHERNET_OUIS else "llc.pid"
        tree.field(name, size + 3, 2)
        tree.end(size + 5)
        decoder: Decoder = decode_data
        if organization in _ETHERNET_OUIS:
            decoder = ETHERTYPES.get(kind, decode_data)
        dissection.run(decoder, window.sub(size + 5), parent)
        return
    payload = window.sub(size)
    dissection.run(SERVICE_POINTS.get(point, decode_data), payload, parent)


def _point_name(point: int) -> str:
    return value_name("llc.dsap", point & 0xFE, "Unknown")


def _octets(number: int) -> str:
    return number.to_bytes(3, "big").hex(":")


def _organization(number: int) -> str:
    return {0: "Officially Xerox, but", 0x0000F8: "Cisco (802.1H)"}.get(number, "Unknown")


def _add_control(parent: Tree, window: Window, *, response: bool) -> bool:
    """Add the control field; return whether it is an unnumbered information frame."""
    first = window.u8(2)
    final = "llc.control.f" if response else "llc.control.p"
    mark = "F" if response else "P"
    if first & 3 == 3:
        modifier = first & 0xEC
        flagged = f" {mark}" if first & 0x10 else ""
        function = _UNNUMBERED.get(modifier, "Unknown")
        tree = parent.field(
            "llc.control",
            2,
            1,
            label=f"Control field: U{flagged}, func={function} (0x{first:02X})",
        )
        if first & 0x10:
            tree.field(final, 2, 1)
        tree.field(f"llc.control.u_modifier_{'resp' if response else 'cmd'}", 2, 1)
        tree.field("llc.control.ftype", 2, 1)
        return modifier == 0
    control = window.u8(3) << 8 | first
    flagged = f" {mark}" if control & 0x100 else ""
    received = control >> 9
    if first & 1:
        text = f"S{flagged}, func={_SUPERVISORY[first >> 2 & 3]}, N(R)={received}"
        names = ["llc.control.s_ftype", "llc.control.n_r"]
    else:
        text = f"I{flagged}, N(R)={received}, N(S)={first >> 1}"
        names = ["llc.control.n_r", "llc.control.n_s"]
    tree = parent.field(
        "llc.control", 2, 2, little=True, label=f"Control field: {text} (0x{control:04X})"
    )
    for name in names:
        tree.field(name, 2, 2, little=True)
    return first & 1 == 0


@entered(SERVICE_POINTS, 0x06)
def _decode_ip(window: Window, parent: Tree, dissection: Dissection) -> None:
    ETHERTYPES[0x0800](window, parent, dissection)
