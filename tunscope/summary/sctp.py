"""SCTP (RFC 9260)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import IP_PROTOCOLS, UDP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_DATA: Final = 0
_SACK: Final = 3
_HEARTBEAT: Final = (4, 5)
_FRAGMENT_BITS: Final = 3
_CHUNKS: Final = {
    0: "DATA", 1: "INIT", 2: "INIT_ACK", 3: "SACK", 4: "HEARTBEAT", 5: "HEARTBEAT_ACK",
    6: "ABORT", 7: "SHUTDOWN", 8: "SHUTDOWN_ACK", 9: "ERROR", 10: "COOKIE_ECHO",
    11: "COOKIE_ACK", 12: "ECNE", 13: "CWR", 14: "SHUTDOWN_COMPLETE", 15: "AUTH",
    16: "NR_SACK", 64: "I_DATA", 128: "ASCONF_ACK", 129: "PKTDROP", 130: "RE_CONFIG",
    132: "PAD", 192: "FORWARD_TSN", 193: "ASCONF", 194: "I_FORWARD_TSN",
}  # fmt: skip
_HEADER: Final = 12
_MAX_CHUNKS: Final = 256


@entered(IP_PROTOCOLS, 132)
def read_sctp(window: Window, draft: Draft) -> None:
    """Read the ports and the name of each chunk."""
    draft.name("SCTP")
    draft.write("")
    draft.sport, draft.dport = window.u16(0), window.u16(2)
    window.check(0, _HEADER)
    offset = _HEADER
    for _ in range(_MAX_CHUNKS):
        if offset + 4 > window.length:
            return
        kind, flags, length = window.u8(offset), window.u8(offset + 1), window.u16(offset + 2)
        draft.append(f"{_CHUNKS.get(kind, 'RESERVED')} ")
        if length < 4:
            return
        chunk = window.sub(offset, length)
        if kind == _DATA:
            draft.append(f"(TSN={chunk.u32(4)}) ")
            if flags & _FRAGMENT_BITS != _FRAGMENT_BITS:
                draft.append("(Message Fragment) ")
        elif kind == _SACK:
            draft.append(f"(Ack={chunk.u32(4)}, Arwnd={chunk.u32(8)}) ")
        elif kind in _HEARTBEAT:
            chunk.check(4, 4)
        offset += length + -length % 4


@entered(UDP_PORTS, 9899)
def read_sctp_over_udp(window: Window, draft: Draft) -> bool:
    """Read SCTP in UDP (RFC 6951)."""
    read_sctp(window, draft)
    return True
