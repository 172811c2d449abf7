"""Packets written as scapy expressions, read without ever running the text as a program.

``IP(dst="10.9.0.2")/ICMP(id=7)/b"hello"`` is parsed to Python's syntax tree, and only this much of
it is understood: calls of scapy's protocols, ``/`` between packets, literals, ``|`` of numbers,
and ``*`` of a text and a number.
"""

from __future__ import annotations

import ast
import ipaddress
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any, Final

from tunscope.dissect.scapy_import import packet_class
from tunscope.errors import UsageError
from tunscope.packet.printable import printable

_MODULES: Final = (
    "l2", "inet", "inet6", "dns", "dhcp", "dhcp6", "ntp", "snmp", "tftp", "rip", "vxlan", "gprs",
    "http", "sctp", "radius", "hsrp", "vrrp", "llmnr", "netbios", "isakmp", "ppp", "l2tp", "eap",
)  # fmt: skip
_MAX_TEXT: Final = 20_000
_MAX_BYTES: Final = 65_535
_MAX_DEPTH: Final = 100
_MAC: Final = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")


def packet_of(text: str) -> Any:
    """Return the scapy packet that `text` writes; UsageError says where it is not understood."""
    if len(text) > _MAX_TEXT:
        raise UsageError("--scapy", f"longer than {_MAX_TEXT} characters")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        where = f", column {error.offset}" if isinstance(error, SyntaxError) else ""
        what = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UsageError("--scapy", f"{printable(what)}{where}") from None
    value = _value(tree.body, 0)
    if not isinstance(value, _packet()):
        raise UsageError("--scapy", "is not a packet", 'as in IP(dst="10.9.0.2")/ICMP()')
    return value


def _value(node: ast.expr, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise UsageError("--scapy", "nested too deeply")
    deeper = depth + 1
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | bytes() | None):
            return node.value
        case ast.List(elts=items):
            return [_value(item, deeper) for item in items]
        case ast.Tuple(elts=items):
            return tuple(_value(item, deeper) for item in items)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _over(node, _value(left, deeper), _value(right, deeper))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            a, b = _value(left, deeper), _value(right, deeper)
            if isinstance(a, int) and isinstance(b, int):
                return a | b
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _repeated(node, _value(left, deeper), _value(right, deeper))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
            return _call(node, name, args, keywords, deeper)
    raise _not_understood(node, f"{type(node).__name__} is not understood")


def _over(node: ast.expr, lower: Any, upper: Any) -> Any:
    packet = _packet()
    if not isinstance(lower, packet) or not isinstance(upper, packet | str | bytes):
        raise _not_understood(node, "/ stands between a packet and a packet, text or bytes")
    return lower / upper


def _repeated(node: ast.expr, text: Any, times: Any) -> Any:
    if not isinstance(text, str | bytes) or not isinstance(times, int):
        raise _not_understood(node, "* stands between text or bytes and a number")
    if times < 0 or len(text) * times > _MAX_BYTES:
        raise _not_understood(node, f"more than {_MAX_BYTES} bytes")
    return text * times


def _call(
    node: ast.Call, name: str, args: list[ast.expr], keywords: list[ast.keyword], depth: int
) -> Any:
    layer = layer_class(name)
    if layer is None:
        raise _not_understood(node, f"{printable(name)} is no protocol of scapy's that is allowed")
    if len(args) > (1 if name == "Raw" else 0):
        raise _not_understood(node, f"{name} takes names, as in {name}({_example(layer)})")
    given: dict[str, Any] = {"load": _value(args[0], depth)} if args else {}
    known = {field.name for field in layer.fields_desc}
    for keyword in keywords:
        if keyword.arg is None or keyword.arg not in known:
            shown = printable(keyword.arg or "**")
            raise _not_understood(keyword.value, f"{name} has no field {shown}")
        given[keyword.arg] = value = _value(keyword.value, depth)
        field = next(one for one in layer.fields_desc if one.name == keyword.arg)
        try:
            check_address(field, value)
        except ValueError as error:
            shown = printable(f"{value!r} {error}")
            raise _not_understood(keyword.value, shown) from None
    return _built(node, name, lambda: layer(**given))


def _built(node: ast.expr, name: str, make: Callable[[], Any]) -> Any:
    try:
        return make()
    # Each of scapy's fields checks values in a way of its own and raises what it likes.
    except Exception as error:  # noqa: BLE001
        raise _not_understood(node, f"{name}: {printable(first_line(error))}") from None


@cache
def layer_class(name: str) -> Any:
    """Return scapy's protocol of that name, None if it is none or not one of those allowed."""
    if not name.isidentifier() or name.startswith("_"):
        return None
    if name == "Raw":
        return packet_class("packet", "Raw")
    base = _packet()
    for module in _MODULES:
        try:
            found = packet_class(f"layers.{module}", name)
        except (AttributeError, ImportError):
            continue
        if isinstance(found, type) and issubclass(found, base):
            return found if found.__module__.startswith("scapy.layers.") else None
    return None


def check_address(field: Any, value: Any) -> None:
    """Raise ValueError for a text that is no address, where `field` takes one.

    Scapy would look it up as a name, or take its letters for the bytes.
    """
    if not isinstance(value, str):
        return
    kinds = [_ADDRESSES[kind] for kind in _kinds(field) if kind in _ADDRESSES]
    for _, read in kinds:
        with suppress(ValueError):
            read(value)
            return
    if kinds:
        raise ValueError(f"is no {' or '.join(name for name, _ in kinds)} address")


def _kinds(field: Any) -> Iterator[str]:
    """Yield what the class of the field, or of those it chooses from, is called."""
    if (choices := getattr(field, "flds", None)) is not None:
        for choice, _ in choices:
            yield from _kinds(choice)
        return
    name = type(getattr(field, "fld", field)).__name__
    yield next((kind for kind in _ADDRESSES if kind in name), name)


def _mac_address(text: str) -> None:
    if not _MAC.fullmatch(text):
        raise ValueError(text)


def first_line(error: Exception) -> str:
    """Return what one of scapy's errors says, without its advice."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


#: What is in the name of scapy's fields of addresses: the kind, and what reads one.
_ADDRESSES: Final[dict[str, tuple[str, Callable[[str], object]]]] = {
    "IP6Field": ("IPv6", ipaddress.IPv6Address),
    "IPField": ("IPv4", ipaddress.IPv4Address),
    "MACField": ("MAC", _mac_address),
}


def _packet() -> Any:
    packet_class("packet", "Raw")
    return import_module("scapy.packet").Packet


def _example(layer: Any) -> str:
    return f"{layer.fields_desc[0].name}=..." if layer.fields_desc else ""


def _not_understood(node: ast.expr, why: str) -> UsageError:
    return UsageError("--scapy", f"{why}, column {node.col_offset + 1}")
