"""ARCNET, as two link types of captures have it (RFC 1201, RFC 1051)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tunscope.filter.layers.arp import dissect_arp
from tunscope.filter.layers.dissection import Dissection, Octets, take, u16
from tunscope.filter.layers.ipv4 import dissect_ipv4
from tunscope.filter.layers.ipv6 import dissect_ipv6
from tunscope.filter.layers.registry import dissect_data, takes

#: Behind it a split flag and a sequence number stand; in the first packet of several also before.
_EXCEPTION: Final = 0xFF
#: Protocols whose header has no more than its identity: RFC 1051, and diagnosis.
_SHORT: Final = frozenset({0xF0, 0xF1, 0x80})
_CARRIED: Final[dict[int, Callable[[Dissection, Octets], None]]] = {
    0xF0: dissect_ipv4,
    0xD4: dissect_ipv4,
    0xF1: dissect_arp,
    0xD5: dissect_arp,
    0xC4: dissect_ipv6,
}


@takes("linktype", 7)
def dissect_arcnet(dissection: Dissection, octets: Octets) -> None:
    """Dissect an ARCNET packet as the BSDs capture it."""
    _dissect(dissection, octets, 0)


@takes("linktype", 129)
def dissect_arcnet_linux(dissection: Dissection, octets: Octets) -> None:
    """Dissect an ARCNET packet as Linux captures it: an offset stands behind the addresses."""
    _dissect(dissection, octets, 2)


def _dissect(dissection: Dissection, octets: Octets, offset_size: int) -> None:
    data = octets.data
    wanted = dissection.begin("arcnet", octets)
    add = dissection.add
    if wanted:
        add("arcnet.src", data[0])
        add("arcnet.dst", data[1])
    offset = 2
    if offset_size:
        if wanted:
            add("arcnet.offset", take(data, offset, offset_size))
        offset += offset_size
    protocol = data[offset]
    if wanted:
        add("arcnet.protID", protocol)
    offset += 1
    if protocol not in _SHORT:
        offset = _add_sequence(dissection, data, offset, exceptional=not offset_size)
    dissector = _CARRIED.get(protocol, dissect_data)
    dissector(dissection, octets.rest(offset))


def _add_sequence(dissection: Dissection, data: bytes, offset: int, *, exceptional: bool) -> int:
    """Note the place of a packet among those it was split into; return where the rest stands."""
    flag = data[offset]
    if flag == _EXCEPTION and exceptional:
        if "arcnet" in dissection.wanted:
            dissection.add("arcnet.exception_flag", flag)
        offset += 4
        flag = data[offset]
    if "arcnet" in dissection.wanted:
        dissection.add("arcnet.split_flag", flag)
        dissection.add("arcnet.sequence", u16(data, offset + 1))
    return offset + 3
