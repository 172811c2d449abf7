"""Generic Routing Encapsulation (RFC 2784, 2890), PPTP's (RFC 2637) and ERSPAN."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.ethernet import MAX_LENGTH, read_802_3, read_ethernet, read_ethertype
from tunscope.summary.ppp import read_ppp
from tunscope.summary.registry import ETHERTYPES, IP_PROTOCOLS, UDP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_CHECKSUM: Final = 0x8000
_ROUTING: Final = 0x4000
_KEY: Final = 0x2000
_SEQUENCE: Final = 0x1000
_ACKNOWLEDGMENT: Final = 0x0080
_TRANSPARENT_ETHERNET: Final = 0x6558
_PPP: Final = 0x880B
_ERSPAN_2: Final = 0x88BE
_ERSPAN_3: Final = 0x22EB
_NAMES: Final = {0: "Possible GRE keepalive packet", 0x0800: "IP", 0x86DD: "IPv6"}


@entered(IP_PROTOCOLS, 47)
def read_gre(window: Window, draft: Draft) -> None:
    """Read the header and the packet inside."""
    draft.name("GRE")
    flags, kind = window.u16(0), window.u16(2)
    draft.write(f"Encapsulated {_NAMES.get(kind, f'0x{kind:04x} (unknown)')}")
    size = 4
    if flags & (_CHECKSUM | _ROUTING):
        size += 4
    size += sum(4 for bit in (_KEY, _SEQUENCE) if flags & bit)
    if flags & 7 == 1 and flags & _ACKNOWLEDGMENT:
        size += 4
    body = window.sub(size)
    if kind == _TRANSPARENT_ETHERNET:
        read_ethernet(body, draft)
    elif kind == _PPP:
        read_ppp(body, draft)
    elif kind == _ERSPAN_2:
        header = 8 if flags & _SEQUENCE else 0
        read_ethernet(body.sub(header), draft)
    elif kind == _ERSPAN_3:
        header = 20 if body.u8(11) & 1 else 12
        read_ethernet(body.sub(header), draft)
    elif kind in ETHERTYPES:
        read_ethertype(kind, body, draft)
    elif 0 < kind <= MAX_LENGTH:
        read_802_3(kind, body, draft)


@entered(UDP_PORTS, 4754)
def read_gre_over_udp(window: Window, draft: Draft) -> bool:
    """Read GRE in UDP (RFC 8086)."""
    read_gre(window, draft)
    return True
