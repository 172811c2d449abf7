"""Cisco's layer 2 protocols over SNAP: CDP, DTP, VTP, UDLD, PAgP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import mac_text
from tunscope.summary.llc import SNAP_PROTOCOLS
from tunscope.summary.registry import entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_CISCO: Final = 0x00000C
_DEVICE: Final = 1
_PORT: Final = 3
_VTP: Final = {
    1: "Summary Advertisement",
    2: "Subset Advertisement",
    3: "Advertisement Request",
    4: "Join/Prune Message",
}


@entered(SNAP_PROTOCOLS, (_CISCO, 0x2000))
def read_cdp(window: Window, draft: Draft) -> None:
    """Read device and port."""
    draft.name("CDP")
    draft.write("")
    offset = 4
    while offset + 4 <= window.length:
        kind, size = window.u16(offset), window.u16(offset + 2)
        if size < 4:
            return
        if kind in {_DEVICE, _PORT}:
            text = window.take(offset + 4, size - 4).decode("utf-8", "replace")
            draft.append(f"{'Device' if kind == _DEVICE else 'Port'} ID: {text}  ")
        offset += size


@entered(SNAP_PROTOCOLS, (_CISCO, 0x2004))
def read_dtp(window: Window, draft: Draft) -> None:
    """Name the Dynamic Trunk Protocol."""
    draft.name("DTP")
    draft.write("Dynamic Trunk Protocol")


@entered(SNAP_PROTOCOLS, (_CISCO, 0x2003))
def read_vtp(window: Window, draft: Draft) -> None:
    """Read the message of the VLAN Trunking Protocol."""
    draft.name("VTP")
    draft.write("")
    code = window.u8(1)
    draft.write(_VTP.get(code, f"Unknown (0x{code:02x})"))
    if code == 1:
        draft.append(f", Revision: {window.u32(36)}, Followers: {window.u8(2)}")
    elif code == 2:
        draft.append(f", Revision: {window.u32(36)}, Seq: {window.u8(2)}")


@entered(SNAP_PROTOCOLS, (_CISCO, 0x0111))
def read_udld(window: Window, draft: Draft) -> None:
    """Name Unidirectional Link Detection."""
    draft.name("UDLD")
    draft.write("")


@entered(SNAP_PROTOCOLS, (_CISCO, 0x0104))
def read_pagp(window: Window, draft: Draft) -> None:
    """Read a Port Aggregation Protocol message."""
    draft.name("PAGP")
    draft.write("")
    if window.u8(0) == 1:
        flags, device = window.u8(1), mac_text(window.take(2, 6))
        draft.write(f"Info PDU; Flags 0x{flags:x}; Local DevID: {device}")
