"""Protocols between neighbours on an Ethernet link: LLDP, slow protocols, pause, loopback, PTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import ipv4_text, mac_text
from tunscope.summary.registry import ETHERTYPES, UDP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_LLDP_CHASSIS: Final = 1
_LLDP_PORT: Final = 2
_LLDP_LIFETIME: Final = 3
_LLDP_NAMES: Final = {5: "SysN", 6: "SysD"}
#: Short names of how an LLDP identifier is to be read (IEEE 802.1AB, 8.5).
_CHASSIS_KINDS: Final = {1: "CC", 2: "IA", 3: "PC", 4: "MA", 5: "NA", 6: "IN", 7: "LA"}
_PORT_KINDS: Final = {1: "IA", 2: "PC", 3: "MA", 4: "NA", 5: "IN", 6: "CI", 7: "LA"}
_PTP: Final = {
    0: "Sync",
    1: "Delay_Req",
    2: "Peer_Delay_Req",
    3: "Peer_Delay_Resp",
    8: "Follow_Up",
    9: "Delay_Resp",
    10: "Peer_Delay_Resp_Follow_Up",
    11: "Announce",
    12: "Signalling",
    13: "Management",
}
_SLOW: Final = {1: "LACP", 2: "Marker", 3: "OAM", 10: "OSSP"}


@entered(ETHERTYPES, 0x88CC)
def read_lldp(window: Window, draft: Draft) -> None:
    """Read who the neighbour is (IEEE 802.1AB, 8)."""
    draft.name("LLDP")
    draft.write("")
    offset = 0
    while offset + 2 <= window.length:
        word = window.u16(offset)
        kind, size = word >> 9, word & 0x1FF
        body = window.sub(offset + 2, size)
        if kind == 0:
            return
        if kind == _LLDP_CHASSIS:
            if size < 2:
                draft.write("Invalid Chassis ID TLV")
                return
            draft.append(f"{_identifier(body, size, _CHASSIS_KINDS)} ")
        elif kind == _LLDP_PORT and size >= 2:
            draft.append(f"{_identifier(body, size, _PORT_KINDS)} ")
        elif kind == _LLDP_LIFETIME:
            draft.append(f"{body.u16(0)} ")
        elif kind in _LLDP_NAMES:
            text = body.take(0, size).decode("utf-8", "replace")
            draft.append(f"{_LLDP_NAMES[kind]}={text} ")
        offset += 2 + size
    if not draft.info:
        draft.write("Invalid Chassis ID TLV")


def _identifier(body: Window, size: int, kinds: dict[int, str]) -> str:
    kind = kinds.get(body.u8(0), "RS")
    value = body.take(1, size - 1)
    if kind == "MA" and len(value) == 6:
        text = mac_text(value)
    elif kind == "NA" and len(value) == 5 and value[0] == 1:
        text = ipv4_text(value[1:])
    else:
        text = value.decode("utf-8", "replace")
    return f"{kind}/{text}"


@entered(ETHERTYPES, 0x8809)
def read_slow(window: Window, draft: Draft) -> None:
    """Read LACP's two ends, or name the slow protocol (IEEE 802.3, 57A)."""
    draft.name("Slow Protocols")
    draft.write("")
    kind = window.u8(0)
    draft.name(_SLOW.get(kind, "Slow Protocols"))
    if kind == 1:
        draft.write(f"v{window.u8(1)} {_lacp_end(window, 4, 'ACTOR')}")
        draft.append(f" {_lacp_end(window, 24, 'PARTNER')}")
        window.check(0, 110)
    elif kind == 3:
        code = window.u8(3)
        names = {0: "Information", 1: "Event Notification", 0xFE: "Organization Specific"}
        draft.write(f"OAMPDU: {names.get(code, f'Unknown ({code})')}")
    elif kind not in _SLOW:
        draft.write(f"Subtype = {kind}")


def _lacp_end(window: Window, offset: int, name: str) -> str:
    system = mac_text(window.take(offset, 6))
    port = window.u16(offset + 10)
    key, state = window.u16(offset + 6), window.u8(offset + 12)
    letters = "".join(letter if state >> bit & 1 else "*" for bit, letter in enumerate("ASGSCDDE"))
    return f"{name} {system} P: {port} K: {key} {letters[::-1]}"


@entered(ETHERTYPES, 0x8808)
def read_mac_control(window: Window, draft: Draft) -> None:
    """Read a pause frame (IEEE 802.3, 31B)."""
    draft.name("MAC CTRL")
    draft.write("")
    opcode = window.u16(0)
    if opcode == 0x0001:
        draft.write(f"Pause: pause_time: {window.u16(2)} quanta")
    elif opcode == 0x0101:
        draft.write("Class Based Flow Control [CBFC] Pause")
    else:
        draft.write("Unknown")


@entered(ETHERTYPES, 0x9000)
def read_loopback_test(window: Window, draft: Draft) -> None:
    """Read a configuration testing frame: forward or reply."""
    draft.name("LOOP")
    draft.write("")
    offset = 2 + window.le16(0)
    function = window.le16(offset)
    names = {1: "Reply", 2: "Forward Data"}
    draft.write(names.get(function, f"Unknown function ({function})"))


@entered(ETHERTYPES, 0x88F7)
def read_ptp(window: Window, draft: Draft) -> None:
    """Read the message type of PTP (IEEE 1588, 13.3)."""
    kind, version = window.u8(0) & 15, window.u8(1) & 15
    draft.name(f"PTPv{version}" if version in {1, 2} else "PTP")
    name = _PTP.get(kind, "Reserved")
    draft.write(f"{name} Message")


@entered(UDP_PORTS, 319, 320)
def read_ptp_over_udp(window: Window, draft: Draft) -> bool:
    """Read PTP in UDP."""
    read_ptp(window, draft)
    return True


@entered(ETHERTYPES, 0x0842)
def read_wake(window: Window, draft: Draft) -> None:
    """Read which machine a magic packet wakes."""
    place = window.rest(0, 1500).find(b"\xff" * 6)
    if place < 0:
        draft.name("0x0842")
        draft.write("Wake on LAN")
        return
    draft.name("WOL")
    draft.write(f"MagicPacket for {mac_text(window.take(place + 6, 6))}")


@entered(ETHERTYPES, 0x88E5)
def read_macsec(window: Window, draft: Draft) -> None:
    """Name a MACsec frame; its payload is protected (IEEE 802.1AE)."""
    draft.name("MACSEC")
    draft.write("MACsec frame")
