"""IEEE 802.1X and EAP (RFC 3748)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import ETHERTYPES, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_EAP: Final = 0
_KEY: Final = 3
_TYPES: Final = {
    1: "Start",
    2: "Logoff",
    3: "Key",
    4: "Encapsulated ASF Alert",
    5: "MKA",
    6: "Announcement (Generic)",
    7: "Announcement (Specific)",
    8: "Announcement Request",
}
_EAP_CODES: Final = {
    1: "Request",
    2: "Response",
    3: "Success",
    4: "Failure",
    5: "Initiate",
    6: "Finish",
}
_EAP_TYPES: Final = {
    1: "Identity",
    2: "Notification",
    3: "Legacy Nak (Response Only)",
    4: "MD5-Challenge EAP (EAP-MD5-CHALLENGE)",
    5: "One-Time Password EAP (EAP-OTP)",
    6: "Generic Token Card EAP (EAP-GTC)",
    13: "TLS EAP (EAP-TLS)",
    17: "Cisco Wireless EAP / Lightweight EAP (EAP-LEAP)",
    18: "GSM Subscriber Identity Modules EAP (EAP-SIM)",
    21: "Tunneled TLS EAP (EAP-TTLS)",
    23: "UMTS Authentication and Key Agreement EAP (EAP-AKA)",
    25: "Protected EAP (EAP-PEAP)",
    26: "MS-Authentication EAP (EAP-MS-AUTH)",
    29: "MS-CHAP-V2 EAP (EAP-MSCHAP-V2)",
    43: "Flexible Authentication via Secure Tunneling EAP (EAP-FAST)",
    50: "Authentication and Key Agreement Prime EAP (EAP-AKA')",
    52: "Password EAP (EAP-pwd)",
    55: "Tunnel Extensible Authentication Protocol (TEAP)",
    254: "Expanded Type",
}
_WPA: Final = 254
_RSN: Final = 2


@entered(ETHERTYPES, 0x888E, 0x88C7)
def read_eapol(window: Window, draft: Draft) -> None:
    """Read the packet type, and the EAP message or the step of a key handshake."""
    draft.name("EAPOL")
    draft.write("")
    kind, length = window.u8(1), window.u16(2)
    body = window.sub(4, length)
    if kind == _EAP:
        read_eap(body, draft)
    elif kind == _KEY:
        draft.write("Key")
        _read_key(body, draft)
    else:
        draft.write(_TYPES.get(kind, f"Unknown ({kind})"))


def read_eap(window: Window, draft: Draft) -> None:
    """Read code and method of an EAP packet."""
    draft.name("EAP")
    draft.write("")
    code = window.u8(0)
    draft.write(_EAP_CODES.get(code, f"Unknown code ({code})"))
    if code in {1, 2} and window.u16(2) > 4:
        kind = window.u8(4)
        draft.append(f", {_EAP_TYPES.get(kind, f'Unknown type ({kind})')}")


def _read_key(body: Window, draft: Draft) -> None:
    """Tell the messages of the four-way handshake by their flags (IEEE 802.11, 12.7)."""
    if body.u8(0) not in {_RSN, _WPA}:
        body.check(0, 44)
        return
    flags, data = body.u16(1), body.u16(93)
    group = not flags & 0x0008
    acknowledged, signed, secure = flags & 0x0080, flags & 0x0100, flags & 0x0200
    if group:
        draft.append(f" (Group Message {1 if acknowledged else 2} of 2)")
    elif acknowledged:
        draft.append(f" (Message {3 if signed else 1} of 4)")
    else:
        draft.append(f" (Message {4 if secure or not data else 2} of 4)")
