"""IPv6 and its extension headers (RFC 8200)."""

from __future__ import annotations

from typing import Final

from tunscope.summary.addresses import ipv6_text
from tunscope.summary.draft import MAX_DEPTH, Draft
from tunscope.summary.ip_protocols import protocol_name
from tunscope.summary.registry import ETHERTYPES, IP_PROTOCOLS, entered
from tunscope.summary.window import Malformed, Window

_HEADER: Final = 40
_HOP_BY_HOP: Final = 0
_ROUTING: Final = 43
_FRAGMENT: Final = 44
_AUTHENTICATION: Final = 51
_NO_NEXT: Final = 59
_DESTINATION: Final = 60
_MOBILITY: Final = 135
_SHIM6: Final = 140


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
    payload, following = window.u16(4), window.u8(6)
    draft.ttl = window.u8(7)
    source, destination = draft.network = window.take(8, 16), window.take(24, 16)
    draft.addresses(ipv6_text(source), ipv6_text(destination))
    if payload:  # 0 in a jumbogram, and where segmentation offload has yet to fill it in
        window = window.shortened(_HEADER + payload)
    body = window.sub(_HEADER)
    read_next_header(following, body, draft)


def read_next_header(following: int, body: Window, draft: Draft) -> None:
    """Walk extension headers from `following` on to the upper-layer protocol."""
    for _ in range(MAX_DEPTH):
        if following in {_HOP_BY_HOP, _ROUTING, _DESTINATION}:
            size = (body.u8(1) + 1) * 8
        elif following == _FRAGMENT:
            word, identification = body.u16(2), body.u32(4)
            offset, more = word & 0xFFF8, word & 1
            following = body.u8(0)
            body = body.sub(8)
            if offset or more:
                flag = "y" if more else "n"
                draft.write(
                    f"IPv6 fragment (off={offset} more={flag} "
                    f"ident=0x{identification:08x} nxt={following})"
                )
                draft.fragmented = True
            if offset:
                return
            continue
        else:
            break
        following, body = body.u8(0), body.sub(size)
    if following == _NO_NEXT:
        draft.write("IPv6 no next header")
        return
    reader = IP_PROTOCOLS.get(following)
    if reader is None:
        draft.write(f"{protocol_name(following)} ({following})")
        return
    draft.depth += 1
    if draft.depth > MAX_DEPTH:
        raise Malformed
    reader(body, draft)
