"""ARP and its relatives (RFC 826, 903, 1931, 2022, 2390, 5227)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import ipv4_text, mac_text
from tunscope.summary.registry import ETHERTYPES, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_REQUEST: Final = 1
_REPLY: Final = 2
_ETHERNET: Final = (1, 6)
_IPV4: Final = 0x0800
_MAX_BYTES: Final = 36

_NAMES: Final = {
    3: "RARP",
    4: "RARP",
    5: "DRARP",
    6: "DRARP",
    7: "DRARP",
    8: "Inverse ARP",
    9: "Inverse ARP",
    **dict.fromkeys(range(11, 23), "MARS"),
    23: "MAPOS",
}
#: Info texts by operation: of sender and target, hardware and protocol address.
_TEXTS: Final = {
    0: "Reserved opcode 0",
    3: "Who is {target_mac}? Tell {sender_mac}",
    4: "{target_mac} is at {target}",
    5: "Who is {target_mac}? Tell {sender_mac}",
    6: "{target_mac} is at {target}",
    7: "DRARP Error",
    8: "Who is {target_mac}? Tell {sender_mac}",
    9: "{sender_mac} is at {sender}",
    10: "ARP NAK",
    11: "MARS request from {sender_mac} at {sender}",
    12: "MARS MULTI request from {sender_mac} at {sender}",
    13: "MARS MSERV request from {sender_mac} at {sender}",
    14: "MARS JOIN request from {sender_mac} at {sender}",
    15: "MARS LEAVE from {sender_mac} at {sender}",
    16: "MARS NAK from {sender_mac} at {sender}",
    17: "MARS UNSERV request from {sender_mac} at {sender}",
    18: "MARS SJOIN request from {sender_mac} at {sender}",
    19: "MARS SLEAVE from {sender_mac} at {sender}",
    20: "MARS grouplist request from {sender_mac} at {sender}",
    21: "MARS grouplist reply from {sender_mac} at {sender}",
    22: "MARS redirect map from {sender_mac} at {sender}",
    23: "MAPOS UNARP request from {sender_mac} at {sender}",
    24: "Experimental 1 ( opcode 24 )",
    25: "Experimental 2 ( opcode 25 )",
}


@entered(ETHERTYPES, 0x0806, 0x8035)
def read_arp(window: Window, draft: Draft) -> None:
    """Read who asks for which address, or who has it."""
    draft.name("ARP")
    draft.write("")
    hardware, protocol = window.u16(0), window.u16(2)
    hardware_size, protocol_size, operation = window.u8(4), window.u8(5), window.u16(6)
    text = _TEXTS.get(operation, f"Unknown ARP opcode 0x{operation:04x}")
    if operation not in {_REQUEST, _REPLY} and "{" not in text:
        draft.name(_NAMES.get(operation, "ARP"))
        draft.write(text)
    place = 8
    parts: list[bytes] = []
    for size in (hardware_size, protocol_size, hardware_size, protocol_size):
        parts.append(window.take(place, size))
        place += size
    sender_mac, target_mac = (_hardware_text(hardware, part) for part in parts[::2])
    sender, target = (_protocol_text(protocol, part) for part in parts[1::2])
    draft.name(_NAMES.get(operation, "ARP"))
    if operation in {_REQUEST, _REPLY}:
        _show_resolution(operation, parts, sender, target, sender_mac, draft)
        return
    draft.write(
        text.format(sender=sender, target=target, sender_mac=sender_mac, target_mac=target_mac)
    )


def _show_resolution(
    operation: int, parts: list[bytes], sender: str, target: str, sender_mac: str, draft: Draft
) -> None:
    gratuitous = parts[1] == parts[3]
    asked = not any(parts[2])
    if gratuitous:
        if operation == _REQUEST and asked:
            draft.write(f"ARP Announcement for {sender}")
        else:
            kind = "Request" if operation == _REQUEST else "Reply"
            draft.write(f"Gratuitous ARP for {sender} ({kind})")
    elif operation == _REPLY:
        draft.write(f"{sender} is at {sender_mac}")
    elif asked and not any(parts[1]):
        draft.write(f"Who has {target}? (ARP Probe)")
    else:
        draft.write(f"Who has {target}? Tell {sender}")
    if len(parts[0]) != 6 or len(parts[1]) != 4:
        return
    claims = [(parts[1], parts[0])]
    if operation == _REPLY and not gratuitous:
        claims.append((parts[3], parts[2]))
    for address, mac in claims:
        if any(address) and any(mac) and not mac[0] & 1 and not draft.memory.owns(address, mac):
            draft.append(f" (duplicate use of {ipv4_text(address)} detected!)")
            return


def _hardware_text(kind: int, address: bytes) -> str:
    if kind in _ETHERNET and len(address) == 6:
        return mac_text(address)
    return _bytes_text(address)


def _protocol_text(kind: int, address: bytes) -> str:
    if kind == _IPV4 and len(address) == 4:
        return ipv4_text(address)
    return _bytes_text(address)


def _bytes_text(address: bytes) -> str:
    if not address:
        return "<No address>"
    if len(address) > _MAX_BYTES:
        return address[:_MAX_BYTES].hex() + "…"
    return address.hex()
