"""STUN and TURN (RFC 8489, RFC 8656)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import ipv4_text, ipv6_text
from tunscope.summary.registry import UDP_GUESSES, UDP_PORTS, entered, guessed

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_COOKIE: Final = 0x2112A442
_METHODS: Final = {
    0x001: "Binding", 0x002: "SharedSecret", 0x003: "Allocate", 0x004: "Refresh",
    0x006: "Send", 0x007: "Data", 0x008: "CreatePermission", 0x009: "ChannelBind",
    0x00A: "Connect", 0x00B: "ConnectionBind", 0x00C: "ConnectionAttempt",
}  # fmt: skip
_CLASSES: Final = ("Request", "Indication", "Success Response", "Error Response")
_ERRORS: Final = {
    300: "Try Alternate", 400: "Bad Request", 401: "Unauthenticated", 403: "Forbidden",
    420: "Unknown Attribute", 437: "Allocation Mismatch", 438: "Stale Nonce",
    441: "Wrong Credentials", 442: "Unsupported Transport Protocol",
    486: "Allocation Quota Reached", 487: "Role Conflict", 500: "Server Error",
    508: "Insufficient Capacity",
}  # fmt: skip


@guessed(UDP_GUESSES)
@entered(UDP_PORTS, 3478)
def read_stun(window: Window, draft: Draft) -> bool:
    """Read method, class and the attributes that tell who; decline without the magic cookie."""
    if window.captured < 20 or window.u32(4) != _COOKIE or window.u8(0) & 0xC0:
        return False
    kind, length = window.u16(0), window.u16(2)
    if length % 4 or length + 20 != window.length:
        return False
    method = kind & 0x0F | kind >> 1 & 0x70 | kind >> 2 & 0xF80
    group = kind >> 4 & 1 | kind >> 7 & 2
    draft.name("STUN")
    name = _METHODS.get(method, f"Unknown Method 0x{method:x}")
    draft.write(f"{name} {_CLASSES[group]}")
    offset = 20
    while offset + 4 <= window.length:
        attribute, size = window.u16(offset), window.u16(offset + 2)
        body = window.sub(offset + 4, size)
        if attribute in {0x0001, 0x0020} and size >= 8:
            label = "MAPPED-ADDRESS" if attribute == 1 else "XOR-MAPPED-ADDRESS"
            draft.append(f" {label}: {_stun_address(window, body, attribute == 0x0020)}")
        elif attribute == 0x0006:
            draft.append(f" user: {body.take(0, size).decode('utf-8', 'replace')}")
        elif attribute == 0x0009 and size >= 4:
            code = (body.u8(2) & 7) * 100 + body.u8(3)
            reason = _ERRORS.get(code, "Unknown error code")
            draft.append(f" error-code: {code} ({reason})")
        offset += 4 + size + -size % 4
    return True


def _stun_address(window: Window, body: Window, masked: bool) -> str:
    mask = window.take(4, 16) if masked else bytes(16)
    size = 16 if body.u8(1) == 2 else 4
    port = body.u16(2) ^ int.from_bytes(mask[:2], "big")
    address = bytes(a ^ b for a, b in zip(body.take(4, size), mask, strict=False))
    return f"{ipv6_text(address) if size == 16 else ipv4_text(address)}:{port}"
