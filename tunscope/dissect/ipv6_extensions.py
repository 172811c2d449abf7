"""Extension headers of IPv6 (RFC 8200, 6275, 6554, 8754)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tunscope.dissect.ah import AUTHENTICATION, add_authentication
from tunscope.dissect.fieldtable import value_name
from tunscope.dissect.ipv6_options import add_options

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

NO_NEXT_HEADER: Final = 59


@dataclass(slots=True)
class Chain:
    """Where the walk over the extension headers stands."""

    next_header: int
    offset: int
    fragment: bool = False
    fragment_offset: int = 0


Extension = Callable[["Tree", "Window", Chain, "Dissection"], None]


def _options(kind: str, label: str) -> Extension:
    """Return the decoder of a header that holds options."""
    prefix = f"ipv6.{kind}"

    def decode(parent: Tree, window: Window, chain: Chain, dissection: Dissection) -> None:
        offset = chain.offset
        dissection.layers.append(prefix)
        size = (window.u8(offset + 1) + 1) * 8
        tree = parent.marked(prefix, label, offset, size)
        _add_lengths(tree, prefix, window, offset, size)
        add_options(tree, window, offset + 2, offset + size)
        chain.next_header, chain.offset = window.u8(offset), offset + size

    return decode


def _add_lengths(tree: Tree, prefix: str, window: Window, offset: int, size: int) -> None:
    tree.field(f"{prefix}.nxt", offset, 1)
    tree.field(f"{prefix}.len", offset + 1, 1)
    length = tree.field(f"{prefix}.len_oct", offset + 1, 1, value=size)
    length.label = f"[{length.label}]"


def _routing(parent: Tree, window: Window, chain: Chain, dissection: Dissection) -> None:
    offset = chain.offset
    dissection.layers.append("ipv6.routing")
    size = (window.u8(offset + 1) + 1) * 8
    kind, left = window.u8(offset + 2), window.u8(offset + 3)
    name = value_name("ipv6.routing.type", kind)
    tree = parent.marked("ipv6.routing", f"Routing Header for IPv6 ({name})", offset, size)
    _add_lengths(tree, "ipv6.routing", window, offset, size)
    kinds = tree.field("ipv6.routing.type", offset + 2, 1)
    if kind == 0:
        kinds.expert(
            "ipv6.routing.deprecated", "Note/Deprecated", "Routing header type is deprecated"
        )
    tree.field("ipv6.routing.segleft", offset + 3, 1)
    stop = offset + size
    if kind in _ROUTES:
        _ROUTES[kind](tree, window, offset + 4, stop, left)
    elif stop > offset + 4:
        tree.field("ipv6.routing.unknown_data", offset + 4, stop - offset - 4)
    chain.next_header, chain.offset = window.u8(offset), stop


def _source_route(tree: Tree, window: Window, offset: int, stop: int, left: int) -> None:
    tree.field("ipv6.routing.src.reserved", offset, 4)
    for number, at in enumerate(range(offset + 4, stop - 15, 16), 1):
        address = tree.field("ipv6.routing.src.addr", at, 16)
        address.label = address.label.replace("Address", f"Address[{number}]", 1)


def _home_address(tree: Tree, window: Window, offset: int, stop: int, left: int) -> None:
    tree.field("ipv6.routing.mipv6.reserved", offset, 4)
    address = tree.field("ipv6.routing.mipv6.home_address", offset + 4, 16)
    address.label = f"Address[1]: {address.value}"


def _segments(tree: Tree, window: Window, offset: int, stop: int, left: int) -> None:
    last = window.u8(offset)
    tree.field("ipv6.routing.srh.last_entry", offset, 1)
    tree.field("ipv6.routing.srh.flags", offset + 1, 1)
    tree.field("ipv6.routing.srh.tag", offset + 2, 2)
    for number in range(min(last + 1, (stop - offset - 4) // 16)):
        address = tree.field("ipv6.routing.srh.addr", offset + 4 + 16 * number, 16)
        address.label = address.label.replace("Address", f"Address[{number}]", 1)


def _fragment(parent: Tree, window: Window, chain: Chain, dissection: Dissection) -> None:
    offset = chain.offset
    dissection.layers.append("ipv6.fraghdr")
    window.check(offset, 8)
    word = window.u16(offset + 2)
    tree = parent.marked("ipv6.fraghdr", "Fragment Header for IPv6", offset, 8)
    tree.field("ipv6.fraghdr.nxt", offset, 1)
    tree.field("ipv6.fraghdr.reserved_octet", offset + 1, 1)
    units = word >> 3
    tree.field("ipv6.fraghdr.offset", offset + 2, 2, text=f"{units} ({units * 8} bytes)")
    tree.field("ipv6.fraghdr.reserved_bits", offset + 2, 2)
    tree.field("ipv6.fraghdr.more", offset + 2, 2)
    tree.field("ipv6.fraghdr.ident", offset + 4, 4)
    chain.fragment = chain.fragment or bool(word & ~6)
    chain.fragment_offset = units
    chain.next_header, chain.offset = window.u8(offset), offset + 8


def _authentication(parent: Tree, window: Window, chain: Chain, dissection: Dissection) -> None:
    following, size = add_authentication(parent, window.sub(chain.offset), dissection)
    chain.next_header, chain.offset = following, chain.offset + size


_ROUTES: Final[dict[int, Callable[[Tree, Window, int, int, int], None]]] = {
    0: _source_route,
    2: _home_address,
    4: _segments,
}
#: Decoders of extension headers by their number.
EXTENSIONS: Final[dict[int, Extension]] = {
    0: _options("hopopts", "IPv6 Hop-by-Hop Option"),
    43: _routing,
    44: _fragment,
    AUTHENTICATION: _authentication,
    60: _options("dstopts", "Destination Options for IPv6"),
}
