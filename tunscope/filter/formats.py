"""Values as text, the way `tshark -T fields` prints them."""

from __future__ import annotations

import ipaddress
import itertools
import math
import time
from typing import Final

from tunscope.filter.fieldtypes import (
    FLOATS,
    SIGNED_BITS,
    STRINGS,
    UNSIGNED_BITS,
    FieldType,
)
from tunscope.filter.table import HEXADECIMAL_BASES, Field
from tunscope.filter.values import ProtocolValue, Value

_NANOSECONDS: Final = 10**9
#: Control characters in strings, as C writes them.
_ESCAPES: Final = {
    **{code: f"\\x{code:02x}" for code in (*range(32), 127)},
    **{ord(sign): f"\\{letter}" for sign, letter in zip("\a\b\f\n\r\t\v", "abfnrtv", strict=True)},
}


def format_value(field: Field, value: Value) -> str:
    """Return the text of one occurrence of `field`: numbers in the field's base, times in the
    local zone, bytes in hexadecimal."""
    kind = field.type
    if kind in STRINGS:
        return str(value).translate(_ESCAPES)
    if isinstance(value, bool | int):
        return _number(field, value)
    if isinstance(value, float):
        return _float(kind, value)
    if isinstance(value, bytes):
        return _bytes(kind, field.base, value)
    if isinstance(value, ProtocolValue):
        return field.name
    return "1" if value is None else str(value)


def format_seconds(nanoseconds: int) -> str:
    """Return a time offset in seconds with nine places."""
    sign = "-" if nanoseconds < 0 else ""
    seconds, rest = divmod(abs(nanoseconds), _NANOSECONDS)
    return f"{sign}{seconds}.{rest:09d}"


def format_time(nanoseconds: int, *, utc: bool = False) -> str:
    """Return a date and time as `Nov 21, 2026 01:11:37.982690000 UTC`."""
    seconds, rest = divmod(nanoseconds, _NANOSECONDS)
    try:
        moment = time.gmtime(seconds) if utc else time.localtime(seconds)
    except (OverflowError, OSError, ValueError):
        return format_seconds(nanoseconds)
    zone = "UTC" if utc else time.strftime("%Z", moment)
    month = time.strftime("%b", moment)
    clock = f"{moment.tm_hour:02d}:{moment.tm_min:02d}:{moment.tm_sec:02d}.{rest:09d}"
    return f"{month} {moment.tm_mday:2d}, {moment.tm_year} {clock} {zone}"


def _number(field: Field, value: int) -> str:
    kind = field.type
    match kind:
        case FieldType.IPV4:
            return str(ipaddress.IPv4Address(value))
        case FieldType.RELATIVE_TIME:
            return format_seconds(value)
        case FieldType.ABSOLUTE_TIME if not value and field.protocol == "ntp":
            return "NULL"  # RFC 5905, 6: zero is a time that is not known
        case FieldType.ABSOLUTE_TIME:
            return format_time(value, utc=field.base == "UTC")
        case FieldType.EUI64:
            return value.to_bytes(8).hex(":")
        case FieldType.CHAR:
            return f"0x{value:02x}"
    if field.base in HEXADECIMAL_BASES:
        digits = (UNSIGNED_BITS.get(kind) or SIGNED_BITS.get(kind, 32)) // 4
        return f"0x{value & (1 << digits * 4) - 1:0{digits}x}"
    return str(int(value))


def _float(kind: FieldType, value: float) -> str:
    assert kind in FLOATS
    if math.isinf(value) or math.isnan(value):
        return str(value)
    return f"{value:.{6 if kind is FieldType.FLOAT else 15}g}"


def _bytes(kind: FieldType, base: str, value: bytes) -> str:
    if not value:
        return "<MISSING>"
    match kind:
        case FieldType.ETHER:
            return value.hex(":")
        case FieldType.IPV6:
            return ipv6_text(value)
        case FieldType.GUID:
            text = value.hex()
            cuts = (0, 8, 12, 16, 20, 32)
            return "-".join(text[a:b] for a, b in itertools.pairwise(cuts))
        case FieldType.OID:
            return format_oid(value)
    return value.hex(":") if base == "SEP_COLON" else value.hex()


def format_oid(value: bytes) -> str:
    """Return a BER-encoded object identifier with dots (X.690, 8.19)."""
    arcs, arc = [], 0
    for octet in value:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    if not arcs:
        return ""
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))


def ipv6_text(value: bytes) -> str:
    """Return an IPv6 address of 16 bytes as it is written."""
    from socket import AF_INET6, inet_ntop  # with what it brings, not needed to count packets

    return inet_ntop(AF_INET6, value)
