"""UDP (RFC 768)."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import APPLICATIONS, IP_PROTOCOLS, UDP_GUESSES, UDP_PORTS, entered
from tunscope.summary.window import Malformed

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_PORTS: Final = Struct(">HH").unpack_from
_UDP: Final = 17
_HEADER: Final = 8
#: Guessing looks at this many bytes of a payload.
_LOOK: Final = 4


@entered(IP_PROTOCOLS, 17)
def read_udp(window: Window, draft: Draft) -> None:
    """Read ports and length, and the application protocol if one is known."""
    sport, dport = _PORTS(window.data, window.check(0, 4))
    draft.name("UDP")
    draft.sport, draft.dport = sport, dport
    draft.write(f"{sport} → {dport}")
    length = window.u16(4)
    jumbo = length == 0 and len(draft.network[0]) == 16
    if jumbo:
        length = window.length
    elif length < _HEADER:
        draft.append(f" [BAD UDP LENGTH {length} < {_HEADER}]")
        return
    elif length > window.length and not draft.fragmented:
        draft.append(f" [BAD UDP LENGTH {length} > IP PAYLOAD LENGTH]")
    draft.append(f" Len={length - _HEADER}{' [Jumbogram]' if jumbo else ''}")
    if window.u16(6) == 0 and len(draft.network[0]) == 16:
        draft.append(" [ILLEGAL CHECKSUM (0)]")  # RFC 8200, 8.1
    window = window.shortened(length)
    body = window.sub(_HEADER)
    if length > _HEADER and not body.length and not draft.fragmented:
        raise Malformed
    if not body.length or draft.quoted:
        return
    body.check(0, 1)
    draft.conversation = draft.memory.conversation(_UDP, (*draft.network, sport, dport))
    reader = APPLICATIONS.get(draft.conversation.application)
    if reader is not None and reader(body, draft):
        return
    low, high = min(sport, dport), max(sport, dport)
    for port in (low, high):
        reader = UDP_PORTS.get(port)
        if reader is not None and reader(body, draft):
            return
    for guess in UDP_GUESSES:
        if guess(body, draft):
            return
    body.check(0, min(_LOOK, body.length))
