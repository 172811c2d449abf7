"""Options of TCP (RFC 9293, 7323, 2018, 2385, 5482, 5925, 7413, 8684)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tunscope.dissect.fieldtable import value_name

if TYPE_CHECKING:
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_END: Final = 0
_NO_OPERATION: Final = 1
_MAX_SHIFT: Final = 14
_FAST_OPEN_ID: Final = 0xF989
#: Field name and title of each kind.
_NAMES: Final = {
    0: ("eol", "End of Option List (EOL)"),
    1: ("nop", "No-Operation (NOP)"),
    2: ("mss", "Maximum segment size"),
    3: ("wscale", "Window scale"),
    4: ("sack_perm", "SACK permitted"),
    5: ("sack", "SACK"),
    6: ("echo", "Echo"),
    7: ("echo_reply", "Echo reply"),
    8: ("timestamp", "Timestamps"),
    11: ("cc", "CC"),
    12: ("cc_new", "CC.NEW"),
    13: ("cc_echo", "CC.ECHO"),
    19: ("md5", "TCP MD5 signature"),
    28: ("user_to", "User Timeout"),
    29: ("ao", "TCP AO"),
    30: ("mptcp", "MPTCP"),
    34: ("tfo", "TCP Fast Open"),
    253: ("experimental", "Experimental"),
    254: ("experimental", "Experimental"),
}
#: Sizes that an option of a kind must have.
_SIZES: Final = {2: 4, 3: 3, 4: 2, 6: 6, 7: 6, 8: 10, 11: 6, 12: 6, 13: 6, 19: 18, 28: 4}


def add_options(parent: Tree, window: Window, stop: int) -> None:
    """Add the options between the fixed header and `stop`."""
    size = stop - 20
    captured = min(size, window.captured - 20)
    tree = parent.field("tcp.options", 20, max(captured, 0), label=f"Options: ({size} bytes)")
    offset = 20
    while offset < stop:
        kind = window.u8(offset)
        name, title = _NAMES.get(kind, ("unknown", f"Unknown (0x{kind:02x})"))
        if kind in {_END, _NO_OPERATION}:
            option = tree.octets(f"tcp.options.{name}", f"TCP Option - {title}", offset, 1)
            option.field("tcp.option_kind", offset, 1)
            tree.label += f", {title}"
            offset += 1
            continue
        length = window.u8(offset + 1)
        if length < 2 or offset + length > stop:
            fault = (
                f"(with too-short option length = {length} byte{'s' if length != 1 else ''})"
                if length < 2
                else f"(option length = {length} bytes says option goes past end of options)"
            )
            broken = tree.group(f"{title} {fault}", offset, stop - offset)
            broken.expert("tcp.option.len.invalid", "Note/Sequence", broken.label)
            return
        heading = "Unknown" if name == "unknown" else title
        option = tree.octets(f"tcp.options.{name}", f"TCP Option - {heading}", offset, length)
        tree.label += f", {title}"
        option.field("tcp.option_kind", offset, 1)
        option.field("tcp.option_len", offset + 1, 1)
        reader = _BODIES.get(kind, _unknown)
        if length == _SIZES.get(kind, length):
            reader(option, window, offset, length)
        offset += length


def _segment_size(option: Tree, window: Window, offset: int, length: int) -> None:
    option.field("tcp.options.mss_val", offset + 2, 2)
    option.label += f": {window.u16(offset + 2)} bytes"


def _scale(option: Tree, window: Window, offset: int, length: int) -> None:
    shift = window.u8(offset + 2)
    factor = 1 << min(shift, _MAX_SHIFT)
    field = option.field("tcp.options.wscale.shift", offset + 2, 1)
    if shift > _MAX_SHIFT:
        text = "Window scale shift exceeds 14"
        field.expert("tcp.options.wscale.shift.invalid", "Warning/Protocol", text)
    multiplier = option.field("tcp.options.wscale.multiplier", offset + 2, 1, value=factor)
    multiplier.label = f"[{multiplier.label}]"
    option.label += f": {shift} (multiply by {factor})"


def _sack(option: Tree, window: Window, offset: int, length: int) -> None:
    count = 0
    for at in range(offset + 2, offset + length, 8):
        if at + 8 > offset + length:
            option.group("suboption would go past end of option", at, offset + length - at)
            break
        left, right = window.u32(at), window.u32(at + 4)
        option.field("tcp.options.sack_le", at, 4, label=f"left edge = {left}")
        option.field("tcp.options.sack_re", at + 4, 4, label=f"right edge = {right}")
        option.label += f" {left}-{right}"
        count += 1
    option.derived("tcp.options.sack.count", count, offset)


def _timestamps(option: Tree, window: Window, offset: int, length: int) -> None:
    option.field("tcp.options.timestamp.tsval", offset + 2, 4)
    option.field("tcp.options.timestamp.tsecr", offset + 6, 4)
    option.label += f": TSval {window.u32(offset + 2)}, TSecr {window.u32(offset + 6)}"


def _echo(option: Tree, window: Window, offset: int, length: int) -> None:
    option.field("tcp.options.echo_value", offset + 2, 4)
    option.label += f": {window.u32(offset + 2)}"


def _connection_count(option: Tree, window: Window, offset: int, length: int) -> None:
    option.field("tcp.options.cc_value", offset + 2, 4)


def _signature(option: Tree, window: Window, offset: int, length: int) -> None:
    option.field("tcp.options.md5.digest", offset + 2, 16)


def _user_timeout(option: Tree, window: Window, offset: int, length: int) -> None:
    option.field("tcp.options.user_to_granularity", offset + 2, 2)
    option.field("tcp.options.user_to_val", offset + 2, 2)


def _authentication(option: Tree, window: Window, offset: int, length: int) -> None:
    if length < 4:
        return
    option.field("tcp.options.ao.keyid", offset + 2, 1)
    option.field("tcp.options.ao.rnextkeyid", offset + 3, 1)
    if length > 4:
        option.field("tcp.options.ao.mac", offset + 4, length - 4)


def _fast_open(option: Tree, window: Window, offset: int, length: int) -> None:
    if length > 2:
        option.field("tcp.options.tfo.cookie", offset + 2, length - 2)
    else:
        option.marked("tcp.options.tfo.request", "Fast Open Cookie Request", offset + 2, 0)


def _experiment(option: Tree, window: Window, offset: int, length: int) -> None:
    if length < 4:
        return
    option.field("tcp.options.experimental.exid", offset + 2, 2)
    if window.u16(offset + 2) == _FAST_OPEN_ID:
        option.label += ": Fast Open"
        if length > 4:
            option.field("tcp.options.tfo.cookie", offset + 4, length - 4)
        else:
            option.marked("tcp.options.tfo.request", "Fast Open Cookie Request", offset + 2, 0)
    elif length > 4:
        option.field("tcp.options.experimental.data", offset + 4, length - 4)


def _multipath(option: Tree, window: Window, offset: int, length: int) -> None:
    if length < 3:
        return
    kind = window.u8(offset + 2) >> 4
    option.label += f": {value_name('tcp.options.mptcp.subtype', kind)}"
    option.bits("tcp.options.mptcp.subtype", (offset + 2) * 8, 4)


def _nothing(option: Tree, window: Window, offset: int, length: int) -> None:
    """Leave an option as it is that says all by being there."""


def _unknown(option: Tree, window: Window, offset: int, length: int) -> None:
    if length > 2:
        option.field("tcp.options.unknown.payload", offset + 2, length - 2)


_BODIES: Final[dict[int, Callable[[Tree, Window, int, int], None]]] = {
    2: _segment_size,
    3: _scale,
    4: _nothing,
    5: _sack,
    6: _echo,
    7: _echo,
    8: _timestamps,
    11: _connection_count,
    12: _connection_count,
    13: _connection_count,
    19: _signature,
    28: _user_timeout,
    29: _authentication,
    30: _multipath,
    34: _fast_open,
    253: _experiment,
    254: _experiment,
}
