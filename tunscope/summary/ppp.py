"""PPP (RFC 1661), its control protocols, and PPP over Ethernet (RFC 2516)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import ETHERTYPES, LINK_TYPES, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_IPV4: Final = 0x0021
_IPV6: Final = 0x0057
_PAP: Final = 0xC023
_CHAP: Final = 0xC223
_CARRIED: Final = {_IPV4: 0x0800, _IPV6: 0x86DD, 0x0281: 0x8847, 0x0283: 0x8848}
_CONTROL: Final = {
    0xC021: "PPP LCP", 0x8021: "PPP IPCP", 0x8057: "PPP IPV6CP", 0x80FD: "PPP CCP",
    0x8281: "PPP MPLSCP", 0x8053: "PPP ECP", 0x802B: "PPP IPXCP",
}  # fmt: skip
_CODES: Final = {
    1: "Configuration Request", 2: "Configuration Ack", 3: "Configuration Nak",
    4: "Configuration Reject", 5: "Termination Request", 6: "Termination Ack",
    7: "Code Reject",
}  # fmt: skip
_LINK_CODES: Final = {
    **_CODES, 8: "Protocol Reject", 9: "Echo Request", 10: "Echo Reply", 11: "Discard Request",
    12: "Identification", 13: "Time Remaining",
}  # fmt: skip
_PAP_CODES: Final = {1: "Authenticate-Request", 2: "Authenticate-Ack", 3: "Authenticate-Nak"}
_CHAP_CODES: Final = {1: "Challenge", 2: "Response", 3: "Success", 4: "Failure"}
_DISCOVERY: Final = {
    0x00: "Session Data",
    0x07: "Active Discovery Offer (PADO)",
    0x09: "Active Discovery Initiation (PADI)",
    0x0A: "Active Discovery Session-Grant (PADG)",
    0x0B: "Active Discovery Session-Credit Resp.(PADC)",
    0x0C: "Active Discovery Quality (PADQ)",
    0x19: "Active Discovery Request (PADR)",
    0x65: "Active Discovery Session-confirmation (PADS)",
    0xA7: "Active Discovery Terminate (PADT)",
    0xD3: "Active Discovery Message (PADM)",
    0xD4: "Active Discovery Network (PADN)",
}
_CONCENTRATOR_NAME: Final = 0x0102


@entered(ETHERTYPES, 0x8863)
def read_discovery(window: Window, draft: Draft) -> None:
    """Read a PPPoE discovery message and the access concentrator's name."""
    draft.name("PPPoED")
    draft.write("")
    code = window.u8(1)
    draft.write(_DISCOVERY.get(code, f"Unknown code (0x{code:02x})"))
    tags = window.sub(6, window.u16(4))
    offset = 0
    while offset + 4 <= tags.length:
        kind, size = tags.u16(offset), tags.u16(offset + 2)
        if kind == _CONCENTRATOR_NAME and size:
            name = tags.take(offset + 4, size).decode("utf-8", "replace")
            draft.append(f" AC-Name='{name}'")
        offset += 4 + size


@entered(ETHERTYPES, 0x8864)
def read_session(window: Window, draft: Draft) -> None:
    """Read a PPPoE session header and the PPP frame inside."""
    draft.name("PPPoES")
    draft.write("")
    code, length = window.u8(1), window.u16(4)
    draft.write(_DISCOVERY.get(code, f"Unknown code (0x{code:02x})"))
    read_protocol(window.sub(6, length), draft)


@entered(LINK_TYPES, 9, 50)
def read_ppp(window: Window, draft: Draft) -> None:
    """Read a PPP frame, with or without address and control bytes (RFC 1662)."""
    draft.name("PPP")
    draft.write("")
    if window.rest(0, 2) == b"\xff\x03":
        window = window.sub(2)
    read_protocol(window, draft)


def read_protocol(window: Window, draft: Draft) -> None:
    """Read a PPP frame from its protocol number on."""
    protocol = window.u8(0)
    size = 1
    if not protocol & 1:  # an odd first byte is a compressed protocol number
        protocol = window.u16(0)
        size = 2
    body = window.sub(size)
    if protocol in _CARRIED and _CARRIED[protocol] in ETHERTYPES:
        ETHERTYPES[_CARRIED[protocol]](body, draft)
    elif protocol in _CONTROL:
        _read_control(protocol, body, draft)
    elif protocol == _PAP:
        _read_password(body, draft)
    elif protocol == _CHAP:
        _read_challenge(body, draft)
    else:
        draft.name(f"0x{protocol:04x}")
        draft.write(f"PPP Unknown (0x{protocol:04x})")


def _read_control(protocol: int, body: Window, draft: Draft) -> None:
    draft.name(_CONTROL[protocol])
    draft.write("")
    code = body.u8(0)
    codes = _LINK_CODES if protocol == 0xC021 else _CODES
    draft.write(codes.get(code, "Unknown"))
    body.check(0, body.u16(2))
    if 8 <= code <= 12:
        body.check(4, 4)


def _read_password(body: Window, draft: Draft) -> None:
    draft.name("PPP PAP")
    draft.write("")
    code = body.u8(0)
    draft.write(_PAP_CODES.get(code, f"Unknown ({code})"))
    if code == 1:
        size = body.u8(4)
        peer = body.take(5, size).decode("utf-8", "replace")
        secret = body.take(6 + size, body.u8(5 + size)).decode("utf-8", "replace")
        draft.append(f" (Peer-ID='{peer}', Password='{secret}')")
    elif code in _PAP_CODES:
        message = body.take(5, body.u8(4)).decode("utf-8", "replace")
        draft.append(f" (Message='{message}')")


def _read_challenge(body: Window, draft: Draft) -> None:
    draft.name("PPP CHAP")
    draft.write("")
    code, length = body.u8(0), body.u16(2)
    draft.write(_CHAP_CODES.get(code, f"Unknown ({code})"))
    if code in {1, 2}:
        size = body.u8(4)
        value = body.take(5, size).hex()
        name = body.take(5 + size, max(length - 5 - size, 0)).decode("utf-8", "replace")
        draft.append(f" (NAME='{name}', VALUE=0x{value})")
    elif code in {3, 4}:
        message = body.take(4, max(length - 4, 0)).decode("utf-8", "replace")
        draft.append(f" (MESSAGE='{message}')")
