"""Options of neighbour discovery (RFC 4861, 4191, 8106, 3971)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.dns_names import read_name
from tunscope.dissect.fieldtable import value_name
from tunscope.dissect.formats import ipv6_text, mac_text, shown_text
from tunscope.dissect.icmp import decode_quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_REDIRECTED: Final = 4


def add_options(parent: Tree, window: Window, offset: int, dissection: Dissection) -> None:
    """Add the options from `offset` to the end of the message."""
    while offset < window.length:
        kind = window.u8(offset)
        units = window.u8(offset + 1)
        size = units * 8
        name = value_name("icmpv6.opt.type", kind, f"Unknown {kind}")
        option = parent.marked("icmpv6.opt", f"ICMPv6 Option ({name}", offset, size)
        option.field("icmpv6.opt.type", offset, 1)
        length = option.field("icmpv6.opt.length", offset + 1, 1, text=f"{units} ({size} bytes)")
        if not units:
            length.expert(
                "icmpv6.invalid_option_length", "Error/Malformed", "Invalid option length (Zero)"
            )
            option.label += ")"
            return
        try:
            if kind == _REDIRECTED:
                _redirected(option, window, offset, size, dissection)
            elif kind in _BODIES:
                _BODIES[kind](option, window, offset, size)
            else:
                option.field("icmpv6.data", offset + 2, size - 2)
        finally:
            option.label += ")"
        offset += size


def _link_address(option: Tree, window: Window, offset: int, size: int) -> None:
    address = mac_text(window.take(offset + 2, size - 2))
    option.field("icmpv6.opt.linkaddr", offset + 2, size - 2, value=address)
    option.label += f" : {address}"


def _prefix(option: Tree, window: Window, offset: int, size: int) -> None:
    option.field("icmpv6.opt.prefix.length", offset + 2, 1)
    flags = option.field("icmpv6.opt.prefix.flag", offset + 3, 1)
    for name in ("l", "a", "r", "reserved"):
        field = flags.field(f"icmpv6.opt.prefix.flag.{name}", offset + 3, 1)
        if name != "reserved" and field.value == "1":
            flags.label += f", {field.label.partition(' = ')[2].partition(':')[0]}"
    for name, at in (("valid_lifetime", 4), ("preferred_lifetime", 8)):
        option.field(
            f"icmpv6.opt.prefix.{name}", offset + at, 4, text=lifetime(window.u32(offset + at))
        )
    option.marked("icmpv6.opt.reserved", "Reserved", offset + 12, 4)
    option.field("icmpv6.opt.prefix", offset + 16, 16)
    prefix = ipv6_text(window.take(offset + 16, 16))
    option.label += f" : {prefix}/{window.u8(offset + 2)}"


def lifetime(seconds: int) -> str:
    """Return a lifetime, in words where it never ends."""
    return f"Infinity ({seconds})" if seconds == 0xFFFFFFFF else str(seconds)


def _redirected(
    option: Tree, window: Window, offset: int, size: int, dissection: Dissection
) -> None:
    option.marked("icmpv6.opt.reserved", "Reserved", offset + 2, 6)
    option.marked("icmpv6.opt.redirected_packet", "Redirected Packet", offset + 8, size - 8)
    decode_quoted(0x86DD, window.sub(offset + 8, size - 8), option, dissection)


def _mtu(option: Tree, window: Window, offset: int, size: int) -> None:
    option.marked("icmpv6.opt.reserved", "Reserved", offset + 2, 2)
    option.field("icmpv6.opt.mtu", offset + 4, 4)
    option.label += f" : {window.u32(offset + 4)}"


def _nonce(option: Tree, window: Window, offset: int, size: int) -> None:
    option.field("icmpv6.opt.nonce", offset + 2, size - 2)


def _route(option: Tree, window: Window, offset: int, size: int) -> None:
    bits = window.u8(offset + 2)
    option.field("icmpv6.opt.prefix.length", offset + 2, 1)
    flags = option.field("icmpv6.opt.route_info.flag", offset + 3, 1)
    preference = flags.field("icmpv6.opt.route_info.flag.route_preference", offset + 3, 1)
    flags.field("icmpv6.opt.route_info.flag.reserved", offset + 3, 1)
    heading, _, worded = preference.label.partition(" = ")[2].partition(": ")
    worded = worded.partition(" (")[0]
    flags.label += f", {heading}: {worded}"
    option.field("icmpv6.opt.route_lifetime", offset + 4, 4, text=lifetime(window.u32(offset + 4)))
    prefix = window.take(offset + 8, min(size - 8, 16)).ljust(16, b"\0")
    if size > 8:
        option.field("icmpv6.opt.prefix", offset + 8, size - 8, value=ipv6_text(prefix))
    option.label += f" : {worded} {ipv6_text(prefix)}/{bits}"


def _servers(option: Tree, window: Window, offset: int, size: int) -> None:
    option.marked("icmpv6.opt.reserved", "Reserved", offset + 2, 2)
    option.field("icmpv6.opt.rdnss.lifetime", offset + 4, 4, text=lifetime(window.u32(offset + 4)))
    for at in range(offset + 8, offset + size - 15, 16):
        option.field("icmpv6.opt.rdnss", at, 16)
        option.label += f" {ipv6_text(window.take(at, 16))}"


def _search_list(option: Tree, window: Window, offset: int, size: int) -> None:
    option.marked("icmpv6.opt.reserved", "Reserved", offset + 2, 2)
    option.field("icmpv6.opt.dnssl.lifetime", offset + 4, 4, text=lifetime(window.u32(offset + 4)))
    at, stop = offset + 8, offset + size
    while at < stop:
        if window.u8(at) == 0:
            option.marked("icmpv6.opt.padding", "Padding", at, stop - at)
            return
        name, following, _ = read_name(window, at)
        text = shown_text(name)
        option.field("icmpv6.opt.dnssl", at, following - at, value=text)
        option.label += f" {text}"
        at = following


_BODIES: Final[dict[int, Callable[[Tree, Window, int, int], None]]] = {
    1: _link_address,
    2: _link_address,
    3: _prefix,
    5: _mtu,
    14: _nonce,
    24: _route,
    25: _servers,
    31: _search_list,
}
