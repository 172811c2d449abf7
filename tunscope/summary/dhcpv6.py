"""DHCPv6 (RFC 8415)."""

from __future__ import annotations

from typing import Final

from tunscope.summary.addresses import ipv6_text
from tunscope.summary.draft import MAX_DEPTH, Draft
from tunscope.summary.registry import UDP_PORTS, entered
from tunscope.summary.window import Malformed, Window

_RELAYED: Final = (12, 13)
_CLIENT_ID: Final = 1
_IDENTITY_ASSOCIATIONS: Final = {3: 16, 4: 8, 25: 16}
_ADDRESS: Final = 5
_RELAY_MESSAGE: Final = 9
_MESSAGES: Final = {
    1: "Solicit",
    2: "Advertise",
    3: "Request",
    4: "Confirm",
    5: "Renew",
    6: "Rebind",
    7: "Reply",
    8: "Release",
    9: "Decline",
    10: "Reconfigure",
    11: "Information-request",
    12: "Relay-forw",
    13: "Relay-reply",
    14: "Leasequery",
    15: "Leasequery-reply",
    16: "Leasequery-done",
    17: "Leasequery-data",
    18: "Reconfigure-request",
    19: "Reconfigure-reply",
    20: "DHCPv4-query",
    21: "DHCPv4-response",
}


@entered(UDP_PORTS, 546, 547)
def read_dhcpv6(window: Window, draft: Draft) -> bool:
    """Read message type, transaction, client identifier and addresses."""
    draft.name("DHCPv6")
    draft.write("")
    _read_message(window, draft, 0)
    return True


def _read_message(window: Window, draft: Draft, depth: int) -> None:
    kind = window.u8(0)
    draft.append(f"{_MESSAGES.get(kind, f'Message Type {kind}')} ")
    if kind in _RELAYED:
        window.check(0, 34)
        draft.append(f"L: {ipv6_text(window.take(2, 16))} ")
        _read_options(window.sub(34), draft, depth)
    else:
        draft.append(f"XID: 0x{window.u24(1):06x} ")
        _read_options(window.sub(4), draft, depth)


def _read_options(options: Window, draft: Draft, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Malformed
    offset = 0
    while offset + 4 <= options.length:
        kind, size = options.u16(offset), options.u16(offset + 2)
        body = options.sub(offset + 4, size)
        if kind == _CLIENT_ID:
            draft.append(f"CID: {body.take(0, size).hex()} ")
        elif kind == _ADDRESS:
            draft.append(f"IAA: {ipv6_text(body.take(0, 16))} ")
        elif kind == _RELAY_MESSAGE:
            _read_message(body, draft, depth + 1)
        elif kind in _IDENTITY_ASSOCIATIONS:
            _read_options(body.sub(_IDENTITY_ASSOCIATIONS[kind] - 4), draft, depth + 1)
        offset += 4 + size
