"""WireGuard, OpenVPN, L2TP and DTLS: tunnels over UDP whose payload is mostly encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.ppp import read_ppp
from tunscope.summary.registry import (
    TCP_PORTS,
    UDP_GUESSES,
    UDP_PORTS,
    application,
    entered,
    guessed,
)
from tunscope.summary.stream import read_units

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_INITIATION: Final = 1
_RESPONSE: Final = 2
_COOKIE: Final = 3
_TRANSPORT: Final = 4
_LEAST_TRANSPORT: Final = 32
_SIZES: Final = {_INITIATION: 148, _RESPONSE: 92, _COOKIE: 64}

_OPCODES: Final = {
    1: "P_CONTROL_HARD_RESET_CLIENT_V1", 2: "P_CONTROL_HARD_RESET_SERVER_V1",
    3: "P_CONTROL_SOFT_RESET_V1", 4: "P_CONTROL_V1", 5: "P_ACK_V1", 6: "P_DATA_V1",
    7: "P_CONTROL_HARD_RESET_CLIENT_V2", 8: "P_CONTROL_HARD_RESET_SERVER_V2", 9: "P_DATA_V2",
    10: "P_CONTROL_HARD_RESET_CLIENT_V3",
}  # fmt: skip
_CONTROL_MESSAGES: Final = {
    1: "SCCRQ", 2: "SCCRP", 3: "SCCCN", 4: "StopCCN", 6: "Hello", 7: "OCRQ", 8: "OCRP",
    9: "OCCN", 10: "ICRQ", 11: "ICRP", 12: "ICCN", 14: "CDN", 15: "WEN", 16: "SLI",
}  # fmt: skip


@guessed(UDP_GUESSES)
@application("WireGuard")
def read_wireguard(window: Window, draft: Draft) -> bool:
    """Read a WireGuard message; decline what has not its type, zeros and size."""
    kind = window.rest(0, 4)
    if len(kind) < 4 or kind[1:] != b"\0\0\0" or kind[0] not in {1, 2, 3, 4}:
        return False
    code = kind[0]
    if code == _TRANSPORT:
        if window.length < _LEAST_TRANSPORT:
            return False
    elif window.length != _SIZES[code]:
        return False
    draft.name("WireGuard")
    draft.write("")
    if code == _INITIATION:
        draft.write(f"Handshake Initiation, sender=0x{window.le32(4):08X}")
    elif code == _RESPONSE:
        draft.write(
            f"Handshake Response, sender=0x{window.le32(4):08X}, receiver=0x{window.le32(8):08X}"
        )
    elif code == _COOKIE:
        draft.write(f"Cookie Reply, receiver=0x{window.le32(4):08X}")
    else:
        receiver = window.le32(4)
        counter = int.from_bytes(window.take(8, 8), "little")
        size = window.length - _LEAST_TRANSPORT
        what = "Transport Data" if size else "Keepalive"
        draft.write(f"{what}, receiver=0x{receiver:08X}, counter={counter}")
        if size:
            draft.append(f", datalen={size}")
    return True


@entered(UDP_PORTS, 1194)
def read_openvpn(window: Window, draft: Draft) -> bool:
    """Read the opcode of an OpenVPN packet."""
    draft.name("OpenVPN")
    draft.write("")
    opcode = window.u8(0) >> 3
    draft.write(f"MessageType: {_OPCODES.get(opcode, 'Unknown Messagetype')}")
    if opcode not in {6, 9}:
        window.check(0, 14)
    return True


@entered(TCP_PORTS, 1194)
def read_openvpn_stream(window: Window, draft: Draft) -> bool:
    """Read OpenVPN packets in TCP, each behind its length."""

    def read(unit: Window, draft: Draft) -> None:
        read_openvpn(unit.sub(2), draft)

    read_units(window, draft, 2, lambda unit: 2 + unit.u16(0), read)
    return True


@entered(UDP_PORTS, 1701)
def read_l2tp(window: Window, draft: Draft) -> bool:
    """Read an L2TPv2 header: the control message, or the PPP frame inside (RFC 2661)."""
    draft.name("L2TP")
    draft.write("")
    flags = window.u16(0)
    offset = 2
    if flags & 0x4000:
        offset += 2
    tunnel, session = window.u16(offset), window.u16(offset + 2)
    offset += 4
    if flags & 0x0800:
        offset += 4
    if flags & 0x8000:
        if offset + 8 <= window.length:
            code = window.u16(offset + 6)
            name = _CONTROL_MESSAGES.get(code, "Unknown")
        else:
            name = "ZLB"
        label = "Control Message - " + name
        draft.write(f"{label} (tunnel id={tunnel}, session id={session})")
        return True
    draft.write(f"Data    Message            (tunnel id={tunnel}, session id={session})")
    if flags & 0x0200:
        offset += 2 + window.u16(offset)
    read_ppp(window.sub(offset), draft)
    return True
