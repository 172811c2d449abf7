"""IPv6 and its extension headers (RFC 8200)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.addresses import ipv6_text
from tunscope.summary.ip_protocols import protocol_name
from tunscope.summary.registry import ETHERTYPES, IP_PROTOCOLS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_HEADER: Final = 40
_HOP_BY_HOP: Final = 0
_ROUTING: Final = 43
_FRAGMENT: Final = 44
_NO_NEXT: Final = 59
_EXTENSIONS: Final = {
    0: "IPv6 hop-by-hop options",
    43: "IPv6 routing",
    60: "IPv6 destination options",
}
#: Routing header types with their addresses in the order of travel, and in reverse.
_SOURCE_ROUTES: Final = (0, 2)
_SEGMENT_ROUTING: Final = 4


@entered(ETHERTYPES, 0x86DD)
@entered(IP_PROTOCOLS, 41)
def read_ipv6(window: Window, draft: Draft) -> None:
    """Read an IPv6 header, walk its extension headers, and read what they carry."""
    draft.name("IPv6")
    draft.write("")
    version = window.u8(0) >> 4
    if version != 6:
        draft.write(f"Bogus IPv6 version ({version}, must be 6)")
        return
    if window.length < _HEADER:
        draft.write(f"Invalid IPv6 header ({window.length} bytes, need exactly {_HEADER})")
    payload, following = window.u16(4), window.u8(6)
    draft.ttl = window.u8(7)
    source = window.take(8, 16)
    draft.source = ipv6_text(source)
    destination = window.take(24, 16)
    draft.destination = ipv6_text(destination)
    draft.network = source, destination
    if payload or following != _HOP_BY_HOP:  # a jumbogram gives its length in an option
        window = window.shortened(_HEADER + payload)
    read_next_header(following, window.sub(_HEADER), draft)


def read_next_header(following: int, body: Window, draft: Draft) -> None:
    """Walk extension headers from `following` on to the upper-layer protocol."""
    while True:  # each header takes at least eight bytes
        if following in _EXTENSIONS:
            _mention(_EXTENSIONS[following], draft)
            size = (body.u8(1) + 1) * 8
            if following == _ROUTING:
                _follow_route(body, draft)
        elif following == _FRAGMENT:
            size = 8
            if _read_fragment(body, draft):
                return
        else:
            break
        body.check(0, size)
        following, body = body.u8(0), body.sub(size)
    if following == _NO_NEXT:
        draft.write("IPv6 no next header")
        return
    reader = IP_PROTOCOLS.get(following)
    if reader is None:
        draft.write(f"Unknown IP Protocol: {protocol_name(following)} ({following})")
        return
    draft.descend()
    reader(body, draft)


def _mention(text: str, draft: Draft) -> None:
    shown = draft.info[draft.fence :]
    draft.append(f" , {text}" if shown else text)


def _read_fragment(body: Window, draft: Draft) -> bool:
    """Read a fragment header; return whether there is nothing to read behind it."""
    following, word, identification = body.u8(0), body.u16(2), body.u32(4)
    offset, more = word & 0xFFF8, word & 1
    if offset or more:
        flag = "y" if more else "n"
        where = f"off={offset} more={flag} ident=0x{identification:08x} nxt={following}"
        _mention(f"IPv6 fragment ({where})", draft)
        draft.fragmented = body.partial = True
    return offset != 0


def _follow_route(body: Window, draft: Draft) -> None:
    """Show the final destination of a source route (RFC 5095, RFC 6275, RFC 8754)."""
    size, kind, left = body.u8(1), body.u8(2), body.u8(3)
    if not left or size < 2:
        return
    if kind == _SEGMENT_ROUTING:
        final = body.take(8, 16)
    elif kind in _SOURCE_ROUTES:
        final = body.take(8 + (size // 2 - 1) * 16, 16)
    else:
        return
    draft.destination = ipv6_text(final)
    draft.network = draft.network[0], final
