"""UDP (RFC 768)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.summary.registry import IP_PROTOCOLS, UDP_GUESSES, UDP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window


@entered(IP_PROTOCOLS, 17)
def read_udp(window: Window, draft: Draft) -> None:
    """Read ports and length, and the application protocol if one is known."""
    draft.name("UDP")
    draft.write("")
    sport, dport, length = window.u16(0), window.u16(2), window.u16(4)
    draft.sport, draft.dport = sport, dport
    draft.write(f"{sport} → {dport}")
    if 0 < length < 8:
        draft.append(f" [BAD UDP LENGTH {length} < 8]")
        return
    if length == 0:
        length = window.length
    draft.append(f" Len={length - 8}")
    window = window.shortened(length)
    body = window.sub(8)
    if not body.length:
        return
    low, high = min(sport, dport), max(sport, dport)
    for port in (low, high):
        reader = UDP_PORTS.get(port)
        if reader is not None and reader(body, draft):
            return
    for guess in UDP_GUESSES:
        if guess(body, draft):
            return
