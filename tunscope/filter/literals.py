"""Literals to values: what the words of a filter mean for a field of a given type."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Final
from uuid import UUID

from tunscope.filter.fieldtypes import FLOATS, SIGNED_BITS, STRINGS, UNSIGNED_BITS, FieldType
from tunscope.filter.timestamps import parse_absolute_time, parse_relative_time
from tunscope.filter.values import Network, Value


class LiteralError(ValueError):
    """A word that means nothing for a field of this type; the message says why."""


_HEX_BYTE: Final = re.compile(r"0[xX][0-9A-Fa-f]{2}")
_SEPARATOR: Final = re.compile(r"[:.-]")
_HEX_RUN: Final = re.compile(r"[0-9A-Fa-f]+")
_PAIR: Final = re.compile(r"[0-9A-Fa-f]{1,2}")
_OID: Final = re.compile(r"[0-2](?:\.[0-9]+)+")
#: Digits beyond what 64 bits can need are not read.
_NUMBER: Final = re.compile(
    r"0[xX](?P<hexadecimal>[0-9A-Fa-f]{1,64})|0[bB](?P<binary>[01]{1,80})"
    r"|(?P<octal>0[0-7]{0,64})|(?P<decimal>[1-9][0-9]{0,64})"
)
_BASES: Final = {"hexadecimal": 16, "binary": 2, "octal": 8, "decimal": 10}


def from_word(kind: FieldType, text: str, *, partial: bool = False) -> Value:
    """Return the value that the unquoted `text` has for a field of type `kind`.

    `partial` allows a MAC address with fewer bytes (for contains). LiteralError if it has none.
    """
    if kind in STRINGS:
        return text
    if kind in UNSIGNED_BITS or kind in SIGNED_BITS or kind is FieldType.EUI64:
        return _integer(kind, text)
    if kind in FLOATS:
        return _float(text)
    if kind is FieldType.ETHER:
        return _ether(text, partial=partial)
    if kind is FieldType.BOOLEAN:
        return _boolean(text)
    parse = _PARSERS.get(kind)
    if parse is None:
        raise LiteralError(f"a {kind.label} cannot be compared with a value")
    return parse(text)


def from_string(kind: FieldType, value: bytes) -> Value:
    """Return the value that a quoted string has for a field of type `kind`."""
    if kind in STRINGS:
        return value.decode("utf-8", "surrogateescape")
    if kind in (FieldType.BYTES, FieldType.PROTOCOL):
        return value
    text = value.decode("utf-8", "replace")
    if kind is FieldType.ABSOLUTE_TIME:
        return _absolute_time(text)
    raise LiteralError(f'a string ("{text}") is no {kind.label}')


def from_character(kind: FieldType, value: int, text: str) -> Value:
    """Return the value that a character constant has for a field of type `kind`."""
    if kind in STRINGS:
        return chr(value) if value < 128 else bytes([value]).decode("utf-8", "surrogateescape")
    if kind in (FieldType.BYTES, FieldType.PROTOCOL):
        return bytes([value])
    if kind is FieldType.BOOLEAN:
        return int(value != 0)
    if kind in UNSIGNED_BITS or kind in SIGNED_BITS:
        bits = UNSIGNED_BITS.get(kind) or SIGNED_BITS[kind] - 1
        if value >> bits:
            raise LiteralError(f"{text} is too large, the maximum is {(1 << bits) - 1}")
        return value
    raise LiteralError(f"the character constant {text} is no {kind.label}")


def parse_unsigned(text: str) -> int:
    """Return the number `text` writes: decimal, 0x, leading-0 octal or 0b."""
    match = _NUMBER.fullmatch(text)
    if match is None or match.lastgroup is None:
        raise LiteralError(f'"{text}" is not a valid number')
    number = int(match[match.lastgroup], _BASES[match.lastgroup])
    if number >= 1 << 64:
        raise LiteralError(f'"{text}" does not fit 64 bits')
    return number


def _integer(kind: FieldType, text: str) -> int:
    if kind is FieldType.EUI64 and not text.isdecimal():
        octets = _bytes(text, "an EUI64 address")
        if len(octets) != 8:
            raise LiteralError(f'"{text}" is not an EUI64 address of 8 bytes')
        return int.from_bytes(octets)
    bits = UNSIGNED_BITS.get(kind, 64) if kind not in SIGNED_BITS else SIGNED_BITS[kind] - 1
    number = parse_unsigned(text)
    if number >> bits:
        raise LiteralError(f'"{text}" is too big for this field, the maximum is {(1 << bits) - 1}')
    return number


def _float(text: str) -> float:
    reason = LiteralError(f'"{text}" is not a valid floating-point number')
    if "_" in text:
        raise reason
    try:
        return float.fromhex(text) if text[:2] in ("0x", "0X") else float(text)
    except (ValueError, OverflowError):
        raise reason from None


def _boolean(text: str) -> int:
    if text in ("True", "TRUE"):
        return 1
    if text in ("False", "FALSE"):
        return 0
    return int(parse_unsigned(text) != 0)


def _bytes(text: str, what: str = "a byte string") -> bytes:
    if _HEX_BYTE.fullmatch(text):
        return bytes([int(text, 16)])
    body = text.removeprefix(":")
    runs = _SEPARATOR.split(body)
    if len(set(_SEPARATOR.findall(body))) > 1 or not all(map(_HEX_RUN.fullmatch, runs)):
        raise LiteralError(f'"{text}" is not {what}')
    return bytes(int(pair, 16) for run in runs for pair in _PAIR.findall(run))


def _ether(text: str, *, partial: bool) -> bytes:
    octets = _bytes(text, "a MAC address")
    if len(octets) > 6:
        raise LiteralError(f'"{text}" has too many bytes for a MAC address')
    if len(octets) < 6 and not partial:
        raise LiteralError(f'"{text}" has too few bytes for a MAC address')
    return octets


def _ipv4(text: str) -> Value:
    address, slash, prefix = text.partition("/")
    try:
        number = int(ipaddress.IPv4Address(address))
    except ipaddress.AddressValueError:
        raise LiteralError(f'"{address}" is not an IPv4 address') from None
    if not slash:
        return number
    return Network(number, _mask(prefix, 32))


def _ipv6(text: str) -> Value:
    address, slash, prefix = text.partition("/")
    try:
        packed = ipaddress.IPv6Address(address).packed
    except ipaddress.AddressValueError:
        raise LiteralError(f'"{address}" is not an IPv6 address') from None
    if not slash:
        return packed
    return Network(int.from_bytes(packed), _mask(prefix, 128))


def _mask(prefix: str, bits: int) -> int:
    length = parse_unsigned(prefix)
    if length > bits:
        raise LiteralError(f"a prefix has at most {bits} bits, not {length}")
    return ((1 << length) - 1) << (bits - length)


def _guid(text: str) -> bytes:
    try:
        return UUID(text).bytes
    except ValueError:
        raise LiteralError(f'"{text}" is not a GUID') from None


def _oid(text: str) -> bytes:
    if not _OID.fullmatch(text):
        raise LiteralError(f'"{text}" is not an object identifier')
    first, second, *rest = (int(part) for part in text.split("."))
    if (first < 2 and second > 39) or any(arc >> 64 for arc in (second, *rest)):
        raise LiteralError(f'"{text}" is not an object identifier')
    return b"".join(_base128(arc) for arc in (first * 40 + second, *rest))


def _base128(arc: int) -> bytes:
    """Return `arc` in groups of 7 bits, all but the last one flagged (X.690, 8.19)."""
    groups = [arc & 0x7F]
    while arc := arc >> 7:
        groups.append(arc & 0x7F | 0x80)
    return bytes(reversed(groups))


def _absolute_time(text: str) -> int:
    time = parse_absolute_time(text)
    if time is None:
        raise LiteralError(f'"{text}" is not a date and time such as "2020-07-04 12:34:56"')
    return time


def _relative_time(text: str) -> int:
    time = parse_relative_time(text)
    if time is None:
        raise LiteralError(f'"{text}" is not a time in seconds')
    return time


_PARSERS: Final[dict[FieldType, Callable[[str], Value]]] = {
    FieldType.BYTES: _bytes,
    FieldType.UINT_BYTES: _bytes,
    FieldType.PROTOCOL: _bytes,
    FieldType.IPV4: _ipv4,
    FieldType.IPV6: _ipv6,
    FieldType.GUID: _guid,
    FieldType.OID: _oid,
    FieldType.ABSOLUTE_TIME: _absolute_time,
    FieldType.RELATIVE_TIME: _relative_time,
}
