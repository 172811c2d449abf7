"""Options in hop-by-hop and destination headers of IPv6 (RFC 8200, 2711, 2675, 6275)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.fieldtable import value_name

if TYPE_CHECKING:
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_PAD1: Final = 0
_PADN: Final = 1
#: The low bits of the types set aside for experiments (RFC 4727).
_EXPERIMENTAL: Final = 0x1E
#: Options with one field: its name and size.
_SIMPLE: Final = {
    0x05: ("ipv6.opt.router_alert", 2),
    0xC2: ("ipv6.opt.jumbo", 4),
    0xC9: ("ipv6.opt.mipv6.home_address", 16),
    0x04: ("ipv6.opt.tel", 1),
}


def add_options(parent: Tree, window: Window, offset: int, stop: int) -> None:
    """Add the options from `offset` to `stop`."""
    while offset < stop:
        kind = window.u8(offset)
        title = value_name("ipv6.opt.type", kind, f"Unknown IPv6 Option ({kind})")
        size = 1 if kind == _PAD1 else 2 + window.u8(offset + 1)
        option = parent.marked("ipv6.opt", title, offset, size)
        types = option.field("ipv6.opt.type", offset, 1)
        if kind == _PAD1:
            option.marked("ipv6.opt.pad1", "Pad1", offset, 1)
        else:
            for name in ("action", "change", "rest"):
                types.field(f"ipv6.opt.type.{name}", offset, 1)
            option.field("ipv6.opt.length", offset + 1, 1)
            if offset + size > stop:
                return
            _add_body(option, kind, offset + 2, size - 2)
        offset += size


def _add_body(option: Tree, kind: int, offset: int, size: int) -> None:
    simple = _SIMPLE.get(kind)
    if simple and size >= simple[1]:
        option.field(simple[0], offset, simple[1])
    elif kind == _PADN:
        if size:
            option.field("ipv6.opt.padn", offset, size)
    elif size:
        name = "experimental" if kind & 0x1F == _EXPERIMENTAL else "unknown"
        option.field(f"ipv6.opt.{name}", offset, size)
