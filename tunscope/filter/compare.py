"""Comparing two values of a relation, by the type of the left one."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from tunscope.filter.fieldtypes import INTEGERS, SIGNED_BITS, WIDE, FieldType
from tunscope.filter.program import Operator
from tunscope.filter.values import Network, ProtocolValue, Value

#: Whether a pair of values satisfies a relation; None where the two cannot be compared, and the
#: relation is not asked of them.
Comparator: TypeAlias = Callable[[Any, Any], bool | None]
_Order: TypeAlias = Callable[[Any, Any], bool]

_ORDER: Final[dict[Operator, _Order]] = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
}


def comparator(relation: Operator, left: FieldType, right: FieldType) -> Comparator:
    """Return the function that compares a value of type `left` with one of type `right`."""
    if relation is Operator.CONTAINS:
        return _contains
    order = _ORDER[relation]
    if left in INTEGERS or left is FieldType.EUI64:
        return _integers(order, left)
    if left is FieldType.IPV4:
        return _networks(order, lambda value: value)
    if left is FieldType.IPV6:
        return _networks(order, int.from_bytes)
    if left is FieldType.PROTOCOL:
        return lambda a, b: order(_sized(_own(a)), _sized(_own(b)))
    if left in _SIZED:
        return lambda a, b: order(_sized(a), _sized(b))
    del right
    return order


_SIZED: Final = frozenset({FieldType.BYTES, FieldType.UINT_BYTES, FieldType.OID, FieldType.ETHER})


def _sized(value: bytes) -> tuple[int, bytes]:
    """The order of byte sequences: the shorter one is less, then the first byte that differs."""
    return len(value), value


def _own(value: Value) -> bytes:
    return value.own if isinstance(value, ProtocolValue) else bytes(_octets(value))


def _octets(value: Value) -> bytes:
    match value:
        case bytes():
            return value
        case str():
            return value.encode("utf-8", "surrogateescape")
        case ProtocolValue():
            return value.data
    raise TypeError(value)


def _contains(value: Value, part: Value) -> bool:
    """Whether `part` occurs in `value`: text in text, bytes in bytes or a protocol's payload."""
    if isinstance(value, str) and isinstance(part, str):
        return part in value
    return _octets(part) in _octets(value)


def _integers(order: _Order, kind: FieldType) -> Comparator:
    """Compare numbers. One that the other's type cannot hold is not comparable with it: a
    negative one with an unsigned one, or one past the largest signed one with a negative one."""
    bits = 64 if kind in WIDE else 32
    half = 1 << bits - 1
    lowest = -half if kind in SIGNED_BITS else 0

    def compare(a: int, b: int) -> bool | None:
        if b < 0:
            return order(a, b) if a < 0 or lowest < 0 else None
        return order(a, b) if b < half or (a >= 0 and not lowest) else None

    return compare


def _networks(order: _Order, number: Callable[[Any], int]) -> Comparator:
    """Compare addresses; a network on the right compares only the bits of its prefix."""

    def compare(a: Any, b: Any) -> bool:
        if isinstance(b, Network):
            return order(number(a) & b.mask, b.address & b.mask)
        return order(number(a), number(b))

    return compare
