"""NetBIOS over TCP/IP (RFC 1002), SMB on top of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import ipv4_text
from tunscope.summary.registry import TCP_PORTS, UDP_PORTS, entered
from tunscope.summary.stream import read_units
from tunscope.summary.window import Malformed, Window

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft

_OPCODES: Final = {
    0: "Name query", 5: "Registration", 6: "Release", 7: "Wait for acknowledgment",
    8: "Refresh", 9: "Refresh (alternate opcode)", 15: "Multi-homed registration",
}  # fmt: skip
_RCODES: Final = {
    1: "Request was invalidly formatted", 2: "Problem with NBNS server",
    3: "Requested name does not exist", 4: "NBNS server does not support that request",
    5: "Request refused by NBNS server", 6: "Name is owned by another node",
    7: "Name is in conflict",
}  # fmt: skip
_TYPES: Final = {0x20: "NB", 0x21: "NBSTAT"}
_RESPONSE: Final = 0x8000
_DATAGRAMS: Final = {
    0x10: "Direct_unique datagram", 0x11: "Direct_group datagram", 0x12: "Broadcast datagram",
    0x13: "Datagram error", 0x14: "Datagram query request",
    0x15: "Datagram positive query response", 0x16: "Datagram negative query response",
}  # fmt: skip
_SESSIONS: Final = {
    0x00: "Session message", 0x81: "Session request", 0x82: "Positive session response",
    0x83: "Negative session response", 0x84: "Retarget session response",
    0x85: "Session keep-alive",
}  # fmt: skip
_SMB2: Final = (
    "Negotiate Protocol", "Session Setup", "Session Logoff", "Tree Connect", "Tree Disconnect",
    "Create", "Close", "Flush", "Read", "Write", "Lock", "Ioctl", "Cancel", "KeepAlive", "Find",
    "Notify", "GetInfo", "SetInfo", "Break",
)  # fmt: skip
_SMB: Final = {
    0x00: "Create Directory", 0x01: "Delete Directory", 0x02: "Open", 0x04: "Close",
    0x06: "Delete", 0x08: "Query Information", 0x25: "Trans", 0x2B: "Echo",
    0x2E: "Read AndX", 0x2F: "Write AndX", 0x32: "Trans2", 0x71: "Tree Disconnect",
    0x72: "Negotiate Protocol", 0x73: "Session Setup AndX", 0x74: "Logoff AndX",
    0x75: "Tree Connect AndX", 0xA0: "NT Trans", 0xA2: "NT Create AndX", 0xA4: "NT Cancel",
}  # fmt: skip


@entered(UDP_PORTS, 137)
def read_name_service(window: Window, draft: Draft) -> bool:
    """Read a name service message: what is asked of which name, or the answer."""
    draft.name("NBNS")
    draft.write("")
    flags = window.u16(2)
    counts = [window.u16(place) for place in (4, 6, 8, 10)]
    opcode = flags >> 11 & 15
    draft.write(_OPCODES.get(opcode, f"Unknown operation ({opcode})"))
    if flags & _RESPONSE:
        draft.append(" response")
        rcode = flags & 15
        if rcode:
            draft.append(f", {_RCODES.get(rcode, 'Unknown error')}")
    offset = 12
    for _ in range(counts[0]):
        name, offset = _name(window, offset)
        kind = window.u16(offset)
        offset += 4
        if not flags & _RESPONSE:
            draft.append(f" {_TYPES.get(kind, 'unknown')} {name}")
    for _ in range(counts[1]):
        _, offset = _name(window, offset)
        kind, size = window.u16(offset), window.u16(offset + 8)
        offset += 10
        draft.append(f" {_TYPES.get(kind, 'unknown')}")
        if kind == 0x20 and size >= 6:
            draft.append(f" {ipv4_text(window.take(offset + 2, 4))}")
        window.check(offset, size)
        offset += size
    return True


def _name(window: Window, offset: int) -> tuple[str, int]:
    """Read a first-level encoded name (RFC 1001, 14.1), following one pointer."""
    end = -1
    if window.u8(offset) & 0xC0:
        end = offset + 2
        offset = window.u16(offset) & 0x3FFF
    size = window.u8(offset)
    if size != 32:
        raise Malformed
    coded = window.take(offset + 1, 32)
    raw = bytes(
        ((coded[n] - 0x41) << 4 | (coded[n + 1] - 0x41) & 15) & 0xFF for n in range(0, 32, 2)
    )
    offset += 33
    while end < 0:  # a scope follows, label by label
        step = window.u8(offset)
        offset += 1 + step
        if not step:
            end = offset
    return name_text(raw), end


def name_text(raw: bytes) -> str:
    """Return a NetBIOS name of 16 bytes with its suffix, as `WORKGROUP<1d>`."""
    name = raw[:15].rstrip(b" ")
    shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else f"<{byte:02x}>" for byte in name)
    return f"{shown}<{raw[15]:02x}>"


@entered(UDP_PORTS, 138)
def read_datagram_service(window: Window, draft: Draft) -> bool:
    """Read a datagram and the SMB message in it."""
    draft.name("NBDS")
    draft.write("")
    kind = window.u8(0)
    draft.write(_DATAGRAMS.get(kind, "Unknown message type"))
    if kind in {0x10, 0x11, 0x12}:
        offset = 14
        for _ in range(2):
            _, offset = _name(window, offset)
        if offset < window.length:
            _read_smb(window.sub(offset), draft)
    return True


@entered(TCP_PORTS, 139, 445)
def read_session_service(window: Window, draft: Draft) -> bool:
    """Read session packets and the SMB messages in them."""
    read_units(window, draft, 4, lambda unit: 4 + (unit.u24(1) & 0x1FFFF), _read_session)
    return True


def _read_session(unit: Window, draft: Draft) -> None:
    kind = unit.u8(0)
    draft.name("NBSS")
    draft.write("")
    if kind == 0 and unit.length > 4 and _read_smb(unit.sub(4), draft):
        return
    draft.write(_SESSIONS.get(kind, "Unknown message type"))
    if kind == 0x81:
        called, offset = _name(unit, 4)
        calling, _ = _name(unit, offset)
        draft.append(f", to {called} from {calling}")


def _read_smb(window: Window, draft: Draft) -> bool:
    mark = window.rest(0, 4)
    if mark == b"\xfeSMB":
        draft.name("SMB2")
        command, flags = window.le16(12), window.le32(16)
        name = _SMB2[command] if command < len(_SMB2) else f"Unknown (0x{command:02x})"
    elif mark == b"\xffSMB":
        draft.name("SMB")
        command, flags = window.u8(4), window.u8(9) >> 7
        name = _SMB.get(command, f"Unknown (0x{command:02x})")
    elif mark in {b"\xfdSMB", b"\xfcSMB"}:
        draft.name("SMB2")
        draft.write("Encrypted SMB3" if mark[0] == 0xFD else "Compressed SMB3")
        return True
    else:
        return False
    draft.write(f"{name} {'Response' if flags & 1 else 'Request'}")
    return True
