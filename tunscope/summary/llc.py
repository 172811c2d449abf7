"""IEEE 802.2 logical link control and SNAP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import ETHERTYPES, Reader

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

#: Readers by destination SAP.
SAPS: Final[dict[int, Reader]] = {}
#: Readers by SNAP organisation code and protocol number.
SNAP_PROTOCOLS: Final[dict[tuple[int, int], Reader]] = {}

_SNAP: Final = 0xAA
_GLOBAL: Final = 0xFF
_UNNUMBERED_INFORMATION: Final = 0x03
_SAP_NAMES: Final = {
    0x00: "NULL LSAP", 0x02: "LLC Sub-Layer Management", 0x04: "SNA Path Control",
    0x06: "TCP/IP", 0x08: "SNA", 0x0C: "SNA", 0x0E: "PROWAY (IEC955) Network Management",
    0x10: "NetWare (unofficial?)", 0x18: "Texas Instruments", 0x20: "CLNP",
    0x34: "CLNP", 0x42: "Spanning Tree BPDU", 0x4E: "EIA RS-511",
    0x54: "Manufacturing Message Service", 0x5E: "ISI IP", 0x7E: "ISO 8208 (X.25 over 802.2)",
    0x7F: "ISO 802.2", 0x80: "XNS", 0x82: "BACnet", 0x86: "Nestar", 0x8E: "PROWAY (IEC955)",
    0x98: "ARP", 0xA6: "RDE", 0xAA: "SNAP", 0xBC: "Banyan Vines", 0xD4: "Resource Management",
    0xDC: "Dynamic Address Resolution (Name Management)", 0xE0: "NetWare", 0xE3: "CCITT X.25",
    0xF0: "NetBIOS", 0xF4: "IBM Net Management", 0xF8: "Remote Program Load",
    0xFA: "Ungermann-Bass", 0xFC: "Remote Program Load", 0xFE: "ISO Network Layer",
    0xFF: "Global DSAP",
}  # fmt: skip
_SUPERVISORY: Final = ("RR", "RNR", "REJ", "Unknown")
_UNNUMBERED: Final = {
    0x03: "UI", 0x07: "SIM", 0x0F: "SARM", 0x23: "UP", 0x2F: "SABM", 0x43: "DISC",
    0x63: "UA", 0x6F: "SABME", 0x83: "SNRM", 0x87: "FRMR", 0x8F: "RSET", 0xAF: "XID",
    0xC3: "SNRME", 0xE3: "TEST",
}  # fmt: skip
#: Unnumbered functions that are named otherwise in a response.
_UNNUMBERED_RESPONSES: Final = {0x07: "RIM", 0x0F: "DM", 0x43: "RD"}
_POLL_FINAL: Final = 0x10
_GROUP: Final = 0x01
_RESPONSE: Final = 0x01


def read_llc(window: Window, draft: Draft) -> None:
    """Read an LLC header and what it carries."""
    draft.name("LLC")
    draft.write("")
    destination, source, control = window.u8(0), window.u8(1), window.u8(2)
    unnumbered = control & 3 == 3
    if not unnumbered:
        control |= window.u8(3) << 8
    header = 3 if unnumbered else 4
    response = bool(source & _RESPONSE)
    draft.write(_control_text(control, unnumbered, response))
    if destination == _SNAP and source & 0xFE == _SNAP:
        _read_snap(window, header, draft)
        return
    draft.append(
        f"; DSAP {_SAP_NAMES.get(destination & 0xFE, f'0x{destination & 0xFE:02x}')} "
        f"{'Group' if destination & _GROUP else 'Individual'}, "
        f"SSAP {_SAP_NAMES.get(source & 0xFE, f'0x{source & 0xFE:02x}')} "
        f"{'Response' if response else 'Command'}"
    )
    body = window.sub(header)
    reader = SAPS.get(destination)
    information = unnumbered and control & ~_POLL_FINAL == _UNNUMBERED_INFORMATION
    if reader is not None and body.length and (information or not control & 1):
        reader(body, draft)


def _read_snap(window: Window, header: int, draft: Draft) -> None:
    organisation, protocol = window.u24(header), window.u16(header + 3)
    body = window.sub(header + 5)
    name = _ORGANISATIONS.get(organisation)
    vendor = f"0x{organisation:06X} ({name})" if name else f"0x{organisation:06X}"
    draft.append(f"; SNAP, OUI {vendor}, PID 0x{protocol:04X}")
    if organisation in {0x000000, 0x0000F8}:
        reader = ETHERTYPES.get(protocol)
    else:
        reader = SNAP_PROTOCOLS.get((organisation, protocol))
    if reader is not None:
        draft.descend()
        reader(body, draft)


_ORGANISATIONS: Final = {
    0x000000: "Officially Xerox, but 0:0:0:0:0:0 is more common",
    0x00000C: "Cisco Systems, Inc",
    0x0000F8: "Digital Equipment Corporation",
    0x0080C2: "IEEE 802.1 Working Group",
    0x00E02B: "Extreme Networks Headquarters",
    0x080007: "Apple",
}


def _control_text(control: int, unnumbered: bool, response: bool) -> str:
    """Return what a control field says (IEEE 802.2, 5.2 and 5.4)."""
    if unnumbered:
        flag = control & _POLL_FINAL
        function = control & ~_POLL_FINAL
        name = _UNNUMBERED.get(function, "Unknown")
        if response:
            name = _UNNUMBERED_RESPONSES.get(function, name)
        return f"U{_flag(flag, response)}, func={name}"
    flag = control & 0x100
    received = control >> 9
    if control & 1:
        name = _SUPERVISORY[control >> 2 & 3]
        return f"S{_flag(flag, response)}, func={name}, N(R)={received}"
    return f"I{_flag(flag, False)}, N(R)={received}, N(S)={control >> 1 & 0x7F}"


def _flag(flag: int, response: bool) -> str:
    if not flag:
        return ""
    return " F" if response else " P"
