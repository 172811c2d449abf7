"""BGP (RFC 4271)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import TCP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_MARKER: Final = b"\xff" * 16
_HEADER: Final = 19
_MESSAGES: Final = {
    1: "OPEN Message",
    2: "UPDATE Message",
    3: "NOTIFICATION Message",
    4: "KEEPALIVE Message",
    5: "ROUTE-REFRESH Message",
    6: "CAPABILITY Message",
    128: "Cisco ROUTE-REFRESH Message",
}
_MAX_MESSAGES: Final = 256


@entered(TCP_PORTS, 179)
def read_bgp(window: Window, draft: Draft) -> bool:
    """Read the types of the messages in a segment, from the first marker on."""
    draft.name("BGP")
    draft.write("")
    offset = window.rest().find(_MARKER)
    if offset < 0:
        return True
    for _ in range(_MAX_MESSAGES):
        if offset + _HEADER > window.length:
            break
        length, kind = window.u16(offset + 16), window.u8(offset + 18)
        if not _HEADER <= length <= 65535:
            break
        draft.append_item(_MESSAGES.get(kind, f"Unknown message type (0x{kind:02x})"))
        window.check(offset, length)
        offset += length
    return True
