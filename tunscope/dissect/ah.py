"""The IP authentication header (RFC 4302)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.packet import IP_PROTOCOLS, decode_data, entered

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

AUTHENTICATION: Final = 51
_FIXED: Final = 12


def add_authentication(parent: Tree, window: Window, dissection: Dissection) -> tuple[int, int]:
    """Add the header at the start of `window`; return the next header's number and place."""
    dissection.enter("AH", "ah")
    following, units = window.u8(0), window.u8(1)
    size = (units + 2) * 4
    tree = parent.protocol("ah", "Authentication Header", window, size)
    tree.field("ah.next_header", 0, 1)
    tree.field("ah.length", 1, 1, note=f" ({size} bytes)")
    tree.field("ah.reserved", 2, 2)
    tree.field("ah.spi", 4, 4)
    tree.field("ah.sequence", 8, 4)
    if size > _FIXED:
        tree.field("ah.icv", _FIXED, size - _FIXED)
    return following, size


@entered(IP_PROTOCOLS, AUTHENTICATION)
def decode_ah(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the header and the payload behind it."""
    following, size = add_authentication(parent, window, dissection)
    dissection.run(IP_PROTOCOLS.get(following, decode_data), window.sub(size), parent)
