"""Parts of values: bytes of a slice, occurrences in a layer, lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tunscope.filter.fieldtypes import SIGNED_BITS, UNSIGNED_BITS, FieldType
from tunscope.filter.syntax import Range
from tunscope.filter.values import ProtocolValue, Value


def octets_of(value: Value) -> bytes:
    """Return the bytes that contains and matches look at: a protocol's with its payload."""
    match value:
        case bytes():
            return value
        case str():
            return value.encode("utf-8", "surrogateescape")
        case ProtocolValue():
            return value.data
        case int():
            return value.to_bytes(4)
    raise TypeError(value)


def slice_value(value: Value, ranges: tuple[Range, ...]) -> bytes:
    """Return the parts of `value` that `ranges` name, joined.

    A range that reaches past the end has no bytes, and ends the list of ranges.
    """
    data = value.own if isinstance(value, ProtocolValue) else octets_of(value)
    size = value.length if isinstance(value, ProtocolValue) else len(data)
    parts = []
    for one in ranges:
        start, stop = _bounds(one, size)
        if start < 0 or start >= len(data) or stop > len(data):
            break
        parts.append(data[start:stop])
    return b"".join(parts)


def _bounds(one: Range, size: int) -> tuple[int, int]:
    start = one.start + size if one.start < 0 else one.start
    if one.length is not None:
        return start, start + one.length
    if one.last is not None:
        last = one.last + size if one.last < 0 else one.last
        return start, last + 1
    return start, size


def in_layers(
    values: Sequence[Value], layers: Sequence[int], ranges: tuple[Range, ...]
) -> list[Value]:
    """Return the occurrences whose layer one of `ranges` names, counted from 1.

    Negative numbers count from the last layer that has the field.
    """
    highest = max(layers)
    chosen = []
    for value, layer in zip(values, layers, strict=True):
        for one in ranges:
            start = one.start + highest + 1 if one.start < 0 else one.start
            if one.length is not None:
                inside = start <= layer < start + one.length
            elif one.last is not None:
                last = one.last + highest + 1 if one.last < 0 else one.last
                inside = start <= layer <= last
            else:
                inside = start <= layer
            if inside:
                chosen.append(value)
                break
    return chosen


_FIXED: Final = {
    FieldType.BOOLEAN: 0,
    FieldType.ABSOLUTE_TIME: 0,
    FieldType.RELATIVE_TIME: 0,
    FieldType.FLOAT: 4,
    FieldType.DOUBLE: 8,
    FieldType.IPV4: 4,
    FieldType.FRAMENUM: 4,
    FieldType.EUI64: 8,
    FieldType.NONE: 0,
}


def length_of(value: Value, kind: FieldType) -> int:
    """Return what len() says of a value of type `kind`."""
    if isinstance(value, ProtocolValue):
        return value.length
    if isinstance(value, bytes | str):
        return len(octets_of(value))
    if kind in _FIXED:
        return _FIXED[kind]
    return (UNSIGNED_BITS.get(kind) or SIGNED_BITS.get(kind, 0)) // 8
