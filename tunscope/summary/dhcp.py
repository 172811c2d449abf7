"""BOOTP and DHCP (RFC 951, RFC 2131)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import mac_text
from tunscope.summary.registry import UDP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_REQUEST: Final = 1
_REPLY: Final = 2
_COOKIE: Final = b"\x63\x82\x53\x63"
_OPTIONS: Final = 240
_PAD: Final = 0
_END: Final = 255
_MESSAGE_TYPE: Final = 53
_MESSAGES: Final = {
    1: "Discover",
    2: "Offer",
    3: "Request",
    4: "Decline",
    5: "ACK",
    6: "NAK",
    7: "Release",
    8: "Inform",
    9: "Force Renew",
    10: "Lease query",
    11: "Lease Unassigned",
    12: "Lease Unknown",
    13: "Lease Active",
    14: "Bulk Lease Query",
    15: "Lease Query Done",
    16: "Active LeaseQuery",
    17: "Lease Query Status",
    18: "TLS",
}


@entered(UDP_PORTS, 67, 68, 4011)
def read_dhcp(window: Window, draft: Draft) -> bool:
    """Read operation, client hardware address, and the DHCP message type if there is one."""
    draft.name("BOOTP")
    draft.write("")
    operation, kind, size = window.u8(0), window.u8(1), window.u8(2)
    if operation == _REQUEST:
        address = window.take(28, min(size, 16))
        if kind in {1, 6} and size == 6:
            text = mac_text(address)
            draft.write(f"Boot Request from {text} ({text})")
        else:
            draft.write(f"Boot Request from {address.hex() or '<No address>'}")
    elif operation == _REPLY:
        draft.write("Boot Reply")
    else:
        draft.write(f"Unknown BOOTP message type ({operation})")
    identifier = window.u32(4)
    window.check(0, 236)
    if window.length <= _OPTIONS or window.take(236, 4) != _COOKIE:
        return True
    window.check(0, window.length)
    message = _message_type(window)
    if message is not None:
        name = _MESSAGES.get(message, f"Unknown Message Type (0x{message:02x})")
        draft.name("DHCP")
        draft.write(f"DHCP {name:<8s} - Transaction ID 0x{identifier:x}")
    return True


def _message_type(window: Window) -> int | None:
    offset = _OPTIONS
    while offset < window.length:
        kind = window.u8(offset)
        if kind == _END:
            return None
        if kind == _PAD:
            offset += 1
            continue
        size = window.u8(offset + 1)
        if kind == _MESSAGE_TYPE and size == 1:
            return window.u8(offset + 2)
        offset += 2 + size
    return None
