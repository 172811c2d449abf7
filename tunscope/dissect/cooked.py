"""Link types without a real link header: raw IP, BSD loopback, Linux cooked capture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.llc import decode_llc
from tunscope.dissect.packet import ETHERTYPES, LINK_TYPES, decode_data, entered

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_IPV4: Final = 0x0800
_IPV6: Final = 0x86DD
#: Address families of loopback headers: IPv6 has a number of its own on each system.
_FAMILIES: Final = {2: _IPV4, 10: _IPV6, 24: _IPV6, 28: _IPV6, 30: _IPV6}
_FAMILY_NAMES: Final = {2: "IP", 10: "IPv6", 24: "IPv6", 28: "IPv6", 30: "IPv6"}
_ETHERNET_LIKE: Final = frozenset({1, 6, 801, 802, 803})
_GRE_TYPES: Final = frozenset({768, 769, 776, 778, 823})
_FIRST_TYPE: Final = 1536
_LLC: Final = 4


@entered(LINK_TYPES, 12, 14, 101)
def decode_raw(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode an IP packet of either version."""
    dissection.enter("Raw", "raw")
    version = window.u8(0) >> 4
    parent.protocol("raw", "Raw packet data", window, 0)
    kind = {4: _IPV4, 6: _IPV6}.get(version)
    dissection.run(decode_data if kind is None else ETHERTYPES[kind], window, parent)


@entered(LINK_TYPES, 228)
def decode_raw_ipv4(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode an IPv4 packet."""
    ETHERTYPES[_IPV4](window, parent, dissection)


@entered(LINK_TYPES, 229)
def decode_raw_ipv6(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode an IPv6 packet."""
    ETHERTYPES[_IPV6](window, parent, dissection)


@entered(LINK_TYPES, 0, 108)
def decode_null(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the four bytes of a BSD loopback header, of either byte order."""
    dissection.enter("Null", "null")
    family = window.u32(0)
    little = family > 0xFFFF
    if little:
        family = int.from_bytes(window.take(0, 4), "little")
    tree = parent.protocol("null", "Null/Loopback", window, 4)
    name = _FAMILY_NAMES.get(family, "Unknown")
    tree.field("null.family", 0, 4, little=little, text=f"{name} ({family})")
    kind = _FAMILIES.get(family)
    decoder = decode_data if kind is None else ETHERTYPES[kind]
    dissection.run(decoder, window.sub(4), parent)


@entered(LINK_TYPES, 113)
def decode_sll(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode a Linux cooked-mode header (LINKTYPE_LINUX_SLL)."""
    dissection.enter("SLL", "sll")
    window.check(0, 16)
    tree = parent.protocol("sll", "Linux cooked capture v1", window, 16)
    tree.field("sll.pkttype", 0, 2)
    tree.field("sll.hatype", 2, 2)
    tree.field("sll.halen", 4, 2)
    _add_source(tree, window, window.u16(4), 6)
    _decode_payload(tree, window, parent, dissection, header=16, kind_at=14, device_at=2)


@entered(LINK_TYPES, 276)
def decode_sll2(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode a Linux cooked-mode header with an interface (LINKTYPE_LINUX_SLL2)."""
    dissection.enter("SLL", "sll")
    window.check(0, 20)
    tree = parent.protocol("sll", "Linux cooked capture v2", window, 20)
    payload = window.u16(0), window.u16(8)
    _add_protocol(tree, payload[0], payload[1], 0)
    tree.field("sll.ifindex", 4, 4)
    tree.field("sll.hatype", 8, 2)
    tree.field("sll.pkttype", 10, 1)
    tree.field("sll.halen", 11, 1)
    _add_source(tree, window, window.u8(11), 12)
    _run_payload(payload[0], window.sub(20), parent, dissection)


def _add_source(tree: Tree, window: Window, size: int, offset: int) -> None:
    if size == 4:
        tree.field("sll.src.ipv4", offset, 4)
    elif size == 6:
        tree.field("sll.src.eth", offset, 6)
    elif size:
        tree.field("sll.src.other", offset, min(size, 8))
    if size < 8:
        tree.field("sll.unused", offset + size, 8 - size)


def _decode_payload(
    tree: Tree,
    window: Window,
    parent: Tree,
    dissection: Dissection,
    *,
    header: int,
    kind_at: int,
    device_at: int,
) -> None:
    kind = window.u16(kind_at)
    _add_protocol(tree, kind, window.u16(device_at), kind_at)
    _run_payload(kind, window.sub(header), parent, dissection)


def _add_protocol(tree: Tree, kind: int, device: int, offset: int) -> None:
    if kind < _FIRST_TYPE:
        name = "sll.ltype"
    else:
        name = "sll.gretype" if device in _GRE_TYPES else "sll.etype"
    tree.field(name, offset, 2)


def _run_payload(kind: int, payload: Window, parent: Tree, dissection: Dissection) -> None:
    if kind == _LLC:
        dissection.run(decode_llc, payload, parent)
        return
    decoder = ETHERTYPES.get(kind, decode_data) if kind >= _FIRST_TYPE else decode_data
    dissection.layers.append("ethertype")
    dissection.run(decoder, payload, parent)
