"""Overlay tunnels over UDP: VXLAN (RFC 7348), VXLAN-GPE, Geneve (RFC 8926), Teredo, GTP-U."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.ethernet import read_ethernet, read_ethertype
from tunscope.summary.registry import ETHERTYPES, UDP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_HEADER: Final = 8
_ETHERNET: Final = 0x6558
_IPV4: Final = 0x0800
_IPV6: Final = 0x86DD
#: Next protocols of VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe, 3.2).
_NEXT: Final = {1: _IPV4, 2: _IPV6}


@entered(UDP_PORTS, 4789)
def read_vxlan(window: Window, draft: Draft) -> bool:
    """Read a VXLAN header and the frame inside."""
    draft.name("VxLAN")
    draft.write("")
    draft.descend()
    window.check(0, _HEADER)
    read_ethernet(window.sub(_HEADER), draft)
    return True


@entered(UDP_PORTS, 4790)
def read_vxlan_gpe(window: Window, draft: Draft) -> bool:
    """Read a VXLAN-GPE header and what is inside."""
    draft.name("VxLAN-GPE")
    draft.write("")
    draft.descend()
    following = window.u8(3)
    body = window.sub(_HEADER)
    if following in _NEXT:
        read_ethertype(_NEXT[following], body, draft)
    else:
        read_ethernet(body, draft)
    return True


@entered(UDP_PORTS, 6081)
def read_geneve(window: Window, draft: Draft) -> bool:
    """Read a Geneve header, step over its options, and read what is inside."""
    draft.name("Geneve")
    options, kind = (window.u8(0) & 0x3F) * 4, window.u16(2)
    draft.write(f"Encapsulated {f'0x{kind:04x} (unknown)'}")
    draft.descend()
    body = window.sub(_HEADER + options)
    if kind == _ETHERNET:
        read_ethernet(body, draft)
    elif kind in ETHERTYPES:
        read_ethertype(kind, body, draft)
    return True


@entered(UDP_PORTS, 3544)
def read_teredo(window: Window, draft: Draft) -> bool:
    """Read IPv6 in UDP (RFC 4380), behind authentication and origin indications."""
    draft.name("Teredo")
    draft.write("")
    draft.descend()
    offset = 0
    if window.u16(offset) == 1:
        offset += 4 + window.u8(offset + 2) + window.u8(offset + 3) + 9
    if window.u16(offset) == 0:
        offset += 8
    if window.u8(offset) >> 4 == 6:
        ETHERTYPES[_IPV6](window.sub(offset), draft)
    return True
