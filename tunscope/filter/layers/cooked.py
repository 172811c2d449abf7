"""Link layers without Ethernet: raw IP, BSD loopback, Linux cooked captures."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import CutShort, Dissection, Octets, take, u16, u32
from tunscope.filter.layers.ethernet import add_trailer, dissect_type
from tunscope.filter.layers.ipv4 import dissect_ipv4
from tunscope.filter.layers.ipv6 import dissect_ipv6
from tunscope.filter.layers.registry import dissect_data, dissector_of, takes

#: Address families of the BSDs and Linux that stand for IPv6.
_INET6_FAMILIES: Final = frozenset({10, 24, 28, 30})
_INET: Final = 2
#: Bytes that are looked at before a raw packet is taken for IP: PPP may have a header in front.
_PPP_GUESS: Final = 8
_ETHERNET_HARDWARE: Final = frozenset({1, 772, 6})
_GRE_HARDWARE: Final = frozenset({778, 823})


@takes("linktype", 101, 12, 14)
def dissect_raw(dissection: Dissection, octets: Octets) -> None:
    """Dissect a bare IP packet of either version."""
    dissection.begin("raw", octets, 0)
    data = octets.data
    if not data:
        return
    if len(data) < _PPP_GUESS:
        raise CutShort
    version = data[0] >> 4
    if version == 4:
        dissect_ipv4(dissection, octets)
    elif version == 6:
        dissect_ipv6(dissection, octets)
    else:
        dissect_data(dissection, octets)


@takes("linktype", 228)
def dissect_raw_ipv4(dissection: Dissection, octets: Octets) -> None:
    """Dissect a bare IPv4 packet; one of version 6 has no more of IPv4 than the name."""
    if octets.data[0] >> 4 == 6:
        dissection.protocols.append("ip")
        dissect_ipv6(dissection, octets)
    else:
        dissect_ipv4(dissection, octets)


@takes("linktype", 229)
def dissect_raw_ipv6(dissection: Dissection, octets: Octets) -> None:
    """Dissect a bare IPv6 packet."""
    dissect_ipv6(dissection, octets)


@takes("linktype", 0)
def dissect_null(dissection: Dissection, octets: Octets) -> None:
    """Dissect BSD loopback: an address family in the byte order of the machine that wrote it."""
    data = octets.data
    wanted = dissection.begin("null", octets, 4)
    family = int.from_bytes(take(data, 0, 4), "little")
    if family >> 16:
        family = int.from_bytes(data[:4])
    _dissect_family(dissection, octets, family, wanted=wanted)


@takes("linktype", 108)
def dissect_loop(dissection: Dissection, octets: Octets) -> None:
    """Dissect OpenBSD loopback: an address family in network byte order."""
    wanted = dissection.begin("null", octets, 4)
    _dissect_family(dissection, octets, u32(octets.data, 0), wanted=wanted)


def _dissect_family(dissection: Dissection, octets: Octets, family: int, *, wanted: bool) -> None:
    if wanted:
        dissection.add("null.family", family)
    payload = octets.rest(4)
    if family == _INET:
        dissect_ipv4(dissection, payload)
    elif family in _INET6_FAMILIES:
        dissect_ipv6(dissection, payload)
    else:
        dissect_data(dissection, payload)


@takes("linktype", 113)
def dissect_sll(dissection: Dissection, octets: Octets) -> None:
    """Dissect a Linux cooked capture (LINKTYPE_LINUX_SLL)."""
    data = octets.data
    wanted = dissection.begin("sll", octets, 16)
    hardware = u16(data, 2)
    if wanted:
        add = dissection.add
        add("sll.pkttype", u16(data, 0))
        add("sll.hatype", hardware)
        size = u16(data, 4)
        add("sll.halen", size)
        _add_address(dissection, take(data, 6, 8), size)
    kind = u16(data, 14)
    _dissect_protocol(dissection, octets.rest(16), hardware, kind, wanted=wanted)


@takes("linktype", 276)
def dissect_sll2(dissection: Dissection, octets: Octets) -> None:
    """Dissect a Linux cooked capture, version 2 (LINKTYPE_LINUX_SLL2)."""
    data = octets.data
    wanted = dissection.begin("sll", octets, 20)
    hardware, kind = u16(data, 8), u16(data, 0)
    if wanted:
        add = dissection.add
        _add_type(dissection, hardware, kind)
        add("sll.ifindex", u32(data, 4))
        add("sll.hatype", hardware)
        add("sll.pkttype", data[10])
        size = data[11]
        add("sll.halen", size)
        _add_address(dissection, take(data, 12, 8), size)
    _dissect_protocol(dissection, octets.rest(20), hardware, kind, wanted=False)


def _add_address(dissection: Dissection, field: bytes, size: int) -> None:
    if size == 4:
        dissection.add("sll.src.ipv4", u32(field, 0))
    elif size == 6:
        dissection.add("sll.src.eth", field[:6])
    elif size:
        dissection.add("sll.src.other", field[: min(size, 8)])
    if size < 8:
        dissection.add("sll.unused", field[size:])


def _add_type(dissection: Dissection, hardware: int, kind: int) -> None:
    if hardware in _GRE_HARDWARE:
        dissection.add("sll.gretype", kind)
    elif kind < 1536:
        dissection.add("sll.ltype", kind)
    else:
        dissection.add("sll.etype", kind)


def _dissect_protocol(
    dissection: Dissection, payload: Octets, hardware: int, kind: int, *, wanted: bool
) -> None:
    if wanted:
        _add_type(dissection, hardware, kind)
    if kind == 4:
        (dissector_of("llc", 0) or dissect_data)(dissection, payload)
    elif kind < 1536:
        dissect_data(dissection, payload)
    else:
        before = payload.reported
        whole = Octets(payload.data, payload.reported)
        dissect_type(dissection, kind, payload)
        if payload.reported < before and "sll" in dissection.wanted:
            dissection.resume("sll")
            trailer = whole.rest(payload.reported)
            add_trailer(dissection, whole, trailer, "sll.trailer", maybe_fcs=False)
