"""MPLS label stacks (RFC 3032)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.ethernet import read_ethernet
from tunscope.summary.registry import ETHERTYPES, IP_PROTOCOLS, UDP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft
    from tunscope.summary.window import Window

_IPV4: Final = 0x0800
_IPV6: Final = 0x86DD
_MAX_LABELS: Final = 64


@entered(ETHERTYPES, 0x8847, 0x8848)
@entered(IP_PROTOCOLS, 137)
def read_mpls(window: Window, draft: Draft) -> None:
    """Step over the labels; what follows is known by its first four bits (RFC 4928)."""
    draft.name("MPLS")
    draft.write("MPLS Label Switched Packet")
    offset = 0
    for _ in range(_MAX_LABELS):
        entry = window.u32(offset)
        offset += 4
        if entry & 0x100:
            break
    body = window.sub(offset)
    version = body.u8(0) >> 4
    if version == 4:
        ETHERTYPES[_IPV4](body, draft)
    elif version == 6:
        ETHERTYPES[_IPV6](body, draft)
    elif version == 0 and body.length > 18:
        read_ethernet(body, draft)


@entered(UDP_PORTS, 6635)
def read_mpls_over_udp(window: Window, draft: Draft) -> bool:
    """Read MPLS in UDP (RFC 7510)."""
    read_mpls(window, draft)
    return True
