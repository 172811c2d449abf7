"""Named messages of mobile core and vehicle networks: PFCP, GTP, DoIP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import ETHERTYPES, TCP_PORTS, UDP_PORTS, entered
from tunscope.summary.window import Malformed, Window

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft

_PFCP: Final = {
    1: "Heartbeat Request", 2: "Heartbeat Response", 3: "PFD Management Request",
    4: "PFD Management Response", 5: "Association Setup Request",
    6: "Association Setup Response", 7: "Association Update Request",
    8: "Association Update Response", 9: "Association Release Request",
    10: "Association Release Response", 11: "Version Not Supported Response",
    12: "Node Report Request", 13: "Node Report Response", 14: "Session Set Deletion Request",
    15: "Session Set Deletion Response", 16: "Session Set Modification Request",
    17: "Session Set Modification Response", 50: "Session Establishment Request",
    51: "Session Establishment Response", 52: "Session Modification Request",
    53: "Session Modification Response", 54: "Session Deletion Request",
    55: "Session Deletion Response", 56: "Session Report Request",
    57: "Session Report Response",
}  # fmt: skip
_GTP2: Final = {
    1: "Echo Request", 2: "Echo Response", 3: "Version Not Supported Indication",
    32: "Create Session Request", 33: "Create Session Response", 34: "Modify Bearer Request",
    35: "Modify Bearer Response", 36: "Delete Session Request", 37: "Delete Session Response",
    95: "Create Bearer Request", 96: "Create Bearer Response", 97: "Update Bearer Request",
    98: "Update Bearer Response", 99: "Delete Bearer Request", 100: "Delete Bearer Response",
    170: "Release Access Bearers Request", 171: "Release Access Bearers Response",
    176: "Downlink Data Notification", 177: "Downlink Data Notification Acknowledgement",
}  # fmt: skip
_GTP1: Final = {
    1: "Echo request", 2: "Echo response", 16: "Create PDP context request",
    17: "Create PDP context response", 18: "Update PDP context request",
    19: "Update PDP context response", 20: "Delete PDP context request",
    21: "Delete PDP context response", 26: "Error indication", 254: "End Marker",
}  # fmt: skip
_T_PDU: Final = 255
_DOIP: Final = {
    0x0000: "Generic DoIP header NACK", 0x0001: "Vehicle identification request",
    0x0002: "Vehicle identification request with EID",
    0x0003: "Vehicle identification request with VIN",
    0x0004: "Vehicle announcement message/vehicle identification response message",
    0x0005: "Routing activation request", 0x0006: "Routing activation response",
    0x0007: "Alive check request", 0x0008: "Alive check response",
    0x4001: "DoIP entity status request", 0x4002: "DoIP entity status response",
    0x4003: "Diagnostic power mode information request",
    0x4004: "Diagnostic power mode information response", 0x8001: "Diagnostic message",
    0x8002: "Diagnostic message ACK", 0x8003: "Diagnostic message NACK",
}  # fmt: skip
_DIAGNOSTIC: Final = 0x8001


@entered(UDP_PORTS, 8805)
def read_pfcp(window: Window, draft: Draft) -> bool:
    """Read the message type (3GPP TS 29.244, 7.3)."""
    draft.name("PFCP")
    draft.write("")
    kind = window.u8(1)
    draft.write(f"PFCP {_PFCP[kind]}" if kind in _PFCP else f"Unknown ({kind})")
    return True


@entered(UDP_PORTS, 2123)
def read_gtp_control(window: Window, draft: Draft) -> bool:
    """Read the message type of GTP's control plane (3GPP TS 29.060, 29.274)."""
    version, kind = window.u8(0) >> 5, window.u8(1)
    if version == 2:
        draft.name("GTPv2")
        draft.write(_GTP2.get(kind, f"Unknown ({kind})"))
    else:
        draft.name("GTP")
        draft.write(_GTP1.get(kind, f"Unknown ({kind})"))
    return True


@entered(UDP_PORTS, 2152)
def read_gtp_user(window: Window, draft: Draft) -> bool:
    """Read GTP's user plane: the message type, or the packet inside (3GPP TS 29.281)."""
    draft.name("GTP")
    draft.write("")
    flags, kind = window.u8(0), window.u8(1)
    draft.write(_GTP1.get(kind, f"Unknown ({kind})"))
    if kind != _T_PDU:
        return True
    draft.write("T-PDU")
    draft.descend()
    offset = 8
    if flags & 0x07:
        following = window.u8(11)
        offset = 12
        while flags & 0x04 and following:
            size = window.u8(offset) * 4
            if not size:
                raise Malformed
            following = window.u8(offset + size - 1)
            offset += size
    body = window.sub(offset)
    version = body.u8(0) >> 4
    if version in {4, 6}:
        ETHERTYPES[0x0800 if version == 4 else 0x86DD](body, draft)
        draft.name(f"GTP <{draft.protocol}>")
    return True


@entered(TCP_PORTS, 13400)
@entered(UDP_PORTS, 13400)
def read_doip(window: Window, draft: Draft) -> bool:
    """Read the payload type (ISO 13400-2, 7); diagnostic messages carry UDS."""
    draft.name("DoIP")
    draft.write("")
    kind = window.u16(2)
    draft.write(_DOIP.get(kind, f"0x{kind:04x} Unknown payload"))
    if kind == _DIAGNOSTIC:
        draft.name("UDS")
    return True
