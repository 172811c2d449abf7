"""Novell's IPX, and NetBIOS frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.llc import SAPS
from tunscope.summary.registry import ETHERTYPES, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_SOCKETS: Final = {0x0451: "NCP", 0x0452: "IPX SAP", 0x0453: "IPX RIP", 0x0455: "NBIPX"}


@entered(SAPS, 0xE0)
@entered(ETHERTYPES, 0x8137)
def read_ipx(window: Window, draft: Draft) -> None:
    """Read the addresses, and what the sockets are for."""
    draft.name("IPX")
    draft.write("")
    target, target_socket = window.take(6, 10), window.u16(16)
    source, source_socket = window.take(18, 10), window.u16(28)
    draft.addresses(_address(source), _address(target))
    for socket in (target_socket, source_socket):
        if socket in _SOCKETS:
            draft.name(_SOCKETS[socket])
            return
    draft.write(f"Unknown (0x{target_socket:04x})")


def _address(address: bytes) -> str:
    return f"{address[:4].hex()}.{address[4:].hex()}"


@entered(SAPS, 0xF0)
def read_netbios(window: Window, draft: Draft) -> None:
    """Name a NetBIOS frame."""
    draft.name("NetBIOS")
    draft.write("")
    if window.rest(2, 2) != b"\xff\xef":
        draft.write("Bad packet, no 0xEFFF marker")
