"""ARP and its relatives (RFC 826, 903, 2390)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import ipv4_text, mac_text
from tunscope.summary.registry import ETHERTYPES, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_REQUEST: Final = 1
_REPLY: Final = 2
_REVERSE_REQUEST: Final = 3
_REVERSE_REPLY: Final = 4
_INVERSE_REQUEST: Final = 8
_INVERSE_REPLY: Final = 9
_NAMES: Final = {_REVERSE_REQUEST: "RARP", _REVERSE_REPLY: "RARP"}


@entered(ETHERTYPES, 0x0806, 0x8035)
def read_arp(window: Window, draft: Draft) -> None:
    """Read who asks for which address, or who has it."""
    draft.name("ARP")
    hardware_size, protocol_size = window.u8(4), window.u8(5)
    operation = window.u16(6)
    place = 8
    parts: list[bytes] = []
    for size in (hardware_size, protocol_size, hardware_size, protocol_size):
        parts.append(window.take(place, size))
        place += size
    sender_mac, target_mac = mac_text(parts[0]), mac_text(parts[2])
    sender, target = _protocol_text(parts[1]), _protocol_text(parts[3])
    draft.name(_NAMES.get(operation, "ARP"))
    if operation == _REQUEST:
        if parts[1] == parts[3]:
            draft.write(f"ARP Announcement for {sender}")
        elif not any(parts[1]):
            draft.write(f"Who has {target}? (ARP Probe)")
        else:
            draft.write(f"Who has {target}? Tell {sender}")
    elif operation == _REPLY:
        draft.write(f"{sender} is at {sender_mac}")
    elif operation in {_REVERSE_REQUEST, _INVERSE_REQUEST}:
        draft.write(f"Who is {target_mac}? Tell {sender_mac}")
    elif operation == _REVERSE_REPLY:
        draft.write(f"{target_mac} is at {target}")
    elif operation == _INVERSE_REPLY:
        draft.write(f"{sender_mac} is at {sender}")
    else:
        draft.write(f"Unknown ARP opcode 0x{operation:04x}")


def _protocol_text(address: bytes) -> str:
    return ipv4_text(address) if len(address) == 4 else address.hex(":")
