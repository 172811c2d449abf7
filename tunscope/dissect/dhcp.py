"""DHCP and BOOTP (RFC 2131, 951)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.dhcp_options import add_options
from tunscope.dissect.fieldtable import value_name
from tunscope.dissect.packet import UDP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_FIXED: Final = 236
_COOKIE: Final = 0x63825363
_ADDRESSES: Final = (("client", 12), ("your", 16), ("server", 20), ("relay", 24))
_TEXTS: Final = (
    ("dhcp.server", "Server host name", 44, 64),
    ("dhcp.file", "Boot file name", 108, 128),
)


@entered(UDP_PORTS, 67, 68)
def decode_dhcp(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the fixed part, and the options behind the magic cookie."""
    dissection.enter("DHCP", "dhcp")
    tree = parent.protocol("dhcp", "Bootstrap Protocol", window)
    tree.field("dhcp.type", 0, 1)
    tree.field("dhcp.hw.type", 1, 1)
    tree.field("dhcp.hw.len", 2, 1)
    tree.field("dhcp.hops", 3, 1)
    tree.field("dhcp.id", 4, 4)
    tree.field("dhcp.secs", 8, 2)
    word = "Broadcast" if window.u16(10) & 0x8000 else "Unicast"
    flags = tree.field("dhcp.flags", 10, 2, note=f" ({word})")
    flags.field("dhcp.flags.bc", 10, 2)
    flags.field("dhcp.flags.reserved", 10, 2)
    for name, offset in _ADDRESSES:
        tree.field(f"dhcp.ip.{name}", offset, 4)
    _add_hardware_address(tree, window)
    for field, title, offset, size in _TEXTS:
        text = window.take(offset, size).split(b"\0", 1)[0]
        if text:
            tree.field(field, offset, len(text))
        else:
            tree.marked(field, f"{title} not given", offset, size)
    if window.length < _FIXED + 4 or window.u32(_FIXED) != _COOKIE:
        return
    tree.field("dhcp.cookie", _FIXED, 4, text="DHCP")
    message = add_options(tree, window, _FIXED + 4)
    title = "Dynamic Host Configuration Protocol"
    tree.label = title if message is None else f"{title} ({message_name(message)})"


def message_name(number: int) -> str:
    """Return the name of a DHCP message type."""
    return value_name("dhcp.option.dhcp", number)


def _add_hardware_address(tree: Tree, window: Window) -> None:
    size = window.u8(2)
    if not 0 < size <= 16:
        tree.marked("dhcp.hw.addr", "Client address not given", 28, 16)
        return
    ethernet = size == 6 and window.u8(1) in {1, 6}
    tree.field("dhcp.hw.mac_addr" if ethernet else "dhcp.hw.addr", 28, size)
    if size < 16:
        tree.field("dhcp.hw.addr_padding", 28 + size, 16 - size)
