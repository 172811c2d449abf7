"""MPLS label stacks (RFC 3032)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import Dissection, Octets, u16, u32
from tunscope.filter.layers.registry import dissect_data, dissect_next, dissector_of, takes

_IPV4_NULL, _ROUTER_ALERT, _IPV6_NULL, _CHANNEL = 0, 1, 2, 13
_ETHERNET: Final = 0x6558


@takes("ethertype", 0x8847, 0x8848)
@takes("ip.proto", 137)
@takes("udp.port", 6635)
@takes("ppp", 0x281, 0x283)
def dissect_mpls(dissection: Dissection, octets: Octets) -> None:
    """Dissect a label stack, and guess what stands behind it as Wireshark does."""
    wanted = dissection.begin("mpls", octets)
    data = octets.data
    offset, label = 0, 0
    while True:
        entry = u32(data, offset)
        label = entry >> 12
        offset += 4
        if wanted:
            dissection.add("mpls.label", label)
            dissection.add("mpls.exp", entry >> 9 & 7)
            dissection.add("mpls.bottom", entry >> 8 & 1)
            dissection.add("mpls.ttl", entry & 0xFF)
        if entry >> 8 & 1:
            break
        if offset >= len(data) and offset >= octets.reported:
            break
    payload = octets.rest(offset)
    if not payload.data:
        return
    _dissect_payload(dissection, label, payload)


def _dissect_payload(dissection: Dissection, label: int, payload: Octets) -> None:
    """IP by its version; a pseudowire control word or Ethernet by what looks like addresses."""
    data = payload.data
    if label == _CHANNEL and data[0] >> 4 == 1:
        dissection.begin("pwach", payload)
        dissect_data(dissection, payload.rest(4))
        return
    version = data[0] >> 4
    if version == 4:
        dissect_next(dissection, "ethertype", 0x0800, payload)
    elif version == 6:
        dissect_next(dissection, "ethertype", 0x86DD, payload)
    elif version == 1:
        dissection.begin("pwach", payload)
        dissect_data(dissection, payload.rest(4))
    elif version == 0 and _looks_like_ethernet(data[4:]):
        dissection.begin("pwethcw", payload)
        dissect_next(dissection, "ethertype", _ETHERNET, payload.rest(4))
    elif _looks_like_ethernet(data):
        dissect_next(dissection, "ethertype", _ETHERNET, payload)
    else:
        dissect_data(dissection, payload)


def _looks_like_ethernet(data: bytes) -> bool:
    """Whether the type behind two addresses is a length or one that somebody takes."""
    if len(data) < 14:
        return False
    kind = u16(data, 12)
    return kind <= 1500 or dissector_of("ethertype", kind) is not None
