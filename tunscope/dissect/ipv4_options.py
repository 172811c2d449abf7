"""Options of IPv4 (RFC 791, 1063, 1108, 1393, 2113; IANA registry)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.fieldtable import value_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_END: Final = 0
_NO_OPERATION: Final = 1
_SOURCE_ROUTES: Final = (131, 137)
_NAMES: Final = {
    7: ("record_route", "Record Route"),
    11: ("mtu_probe", "MTU Probe"),
    12: ("mtu_reply", "MTU Reply"),
    25: ("qs", "Quick-Start"),
    68: ("timestamp", "Time Stamp"),
    82: ("traceroute", "Traceroute"),
    130: ("security", "Security"),
    131: ("route", "Loose Source Route"),
    133: ("ext_security", "Extended Security"),
    134: ("cipso", "Commercial Security"),
    136: ("sid", "Stream ID"),
    137: ("source_route", "Strict Source Route"),
    148: ("routeralert", "Router Alert"),
}


def add_options(parent: Tree, window: Window, stop: int) -> None:
    """Add the options between the fixed header and `stop`."""
    size = stop - 20
    tree = parent.group(f"Options: ({size} bytes)", 20, size)
    offset = 20
    titles: list[str] = []
    while offset < stop:
        kind = window.u8(offset)
        if kind in {_END, _NO_OPERATION}:
            name, title = (
                ("nop", "No-Operation (NOP)") if kind else ("eol", "End of Options List (EOL)")
            )
            option = tree.octets(f"ip.options.{name}", f"IP Option - {title}", offset, 1)
            _add_type(option, offset)
            titles.append(title)
            offset += 1
            if kind == _END:
                break
            continue
        length = window.u8(offset + 1)
        name, title = _NAMES.get(kind, ("", f"Unknown (0x{kind:02x})"))
        titles.append(title)
        if length < 2 or offset + length > stop:
            fault = (
                "with too-short option length" if length < 2 else "option goes past end of options"
            )
            tree.group(
                f"{title} (option length = {length} bytes says {fault})", offset, stop - offset
            )
            break
        label = f"IP Option - {title} ({length} bytes)"
        if not name:
            tree.group(label, offset, length)
            offset += length
            continue
        option = tree.octets(f"ip.options.{name}", label, offset, length)
        _add_type(option, offset)
        option.field("ip.opt.len", offset + 1, 1)
        if kind in _BODIES:
            _BODIES[kind](option, window, offset, length)
        offset += length
    tree.label += "".join(f", {title}" for title in titles)


def last_hop(window: Window, stop: int) -> bytes:
    """Return where a source route that is not used up leads, or nothing."""
    offset = 20
    while offset < stop and offset < window.captured:
        kind = window.u8(offset)
        if kind == _END:
            break
        if kind == _NO_OPERATION:
            offset += 1
            continue
        if offset + 3 > window.captured:
            break
        length, pointer = window.u8(offset + 1), window.u8(offset + 2)
        if length < 2 or offset + length > min(stop, window.captured):
            break
        if kind in _SOURCE_ROUTES and length >= 7 and pointer < length:
            return window.take(offset + 3 + (length - 7) // 4 * 4, 4)
        offset += length
    return b""


def _add_type(option: Tree, offset: int) -> None:
    kind = option.field("ip.opt.type", offset, 1)
    for name in ("copy", "class", "number"):
        kind.field(f"ip.opt.type.{name}", offset, 1)


def _alert(option: Tree, window: Window, offset: int, length: int) -> None:
    option.field("ip.opt.ra", offset + 2, 2)
    number = window.u16(offset + 2)
    option.label += f": {value_name('ip.opt.ra', number)} ({number})"


def _route(recorded: str) -> Callable[[Tree, Window, int, int], None]:
    """Return the reader of a list of addresses with a pointer; `recorded` names those passed."""

    def read(option: Tree, window: Window, offset: int, length: int) -> None:
        option.field("ip.opt.ptr", offset + 2, 1)
        pointer = window.u8(offset + 2)
        addresses = range(3, length - 3, 4)
        last = list(addresses)[-1:] if recorded != "ip.rec_rt" else []
        for at in addresses:
            note = " <- (next)" if at + 1 == pointer else ""
            name = recorded
            if recorded == "ip.src_rt":
                name = "ip.rec_rt" if at + 1 < pointer else "ip.dst" if at in last else "ip.src_rt"
                if at in last:
                    name = "ip.dst" if at + 1 >= pointer else "ip.rec_rt"
            elif at + 1 >= pointer:
                name = "ip.empty_rt"
            option.field(name, offset + at, 4, note="" if name == "ip.dst" else note)

    return read


def _timestamps(option: Tree, window: Window, offset: int, length: int) -> None:
    option.field("ip.opt.ptr", offset + 2, 1)
    option.field("ip.opt.overflow", offset + 3, 1)
    option.field("ip.opt.flag", offset + 3, 1)
    addressed = window.u8(offset + 3) & 15 in {1, 3}
    step = 8 if addressed else 4
    for at in range(offset + 4, offset + length - step + 1, step):
        if addressed:
            option.field("ip.opt.time_stamp_addr", at, 4)
        option.field("ip.opt.time_stamp", at + step - 4, 4)


def _security(option: Tree, window: Window, offset: int, length: int) -> None:
    if length == 11:
        option.field("ip.opt.sec_rfc791_sec", offset + 2, 2)
        option.field("ip.opt.sec_rfc791_comp", offset + 4, 2)
        option.field("ip.opt.sec_rfc791_hr", offset + 6, 2)
        option.field("ip.opt.sec_rfc791_tcc", offset + 8, 3)
    elif length > 2:
        option.field("ip.opt.sec_cl", offset + 2, 1)


def _number(name: str) -> Callable[[Tree, Window, int, int], None]:
    """Return the reader of one 16-bit number."""

    def read(option: Tree, window: Window, offset: int, length: int) -> None:
        option.field(name, offset + 2, 2)

    return read


def _traceroute(option: Tree, window: Window, offset: int, length: int) -> None:
    for at, name in ((2, "id_number"), (4, "ohc"), (6, "rhc")):
        option.field(f"ip.opt.{name}", offset + at, 2)
    option.field("ip.opt.originator", offset + 8, 4)


_BODIES: Final[dict[int, Callable[[Tree, Window, int, int], None]]] = {
    7: _route("ip.rec_rt"),
    11: _number("ip.opt.mtu"),
    12: _number("ip.opt.mtu"),
    68: _timestamps,
    82: _traceroute,
    130: _security,
    131: _route("ip.src_rt"),
    136: _number("ip.opt.sid"),
    137: _route("ip.src_rt"),
    148: _alert,
}
