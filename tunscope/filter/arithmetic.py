"""Arithmetic on values, with the overflows of the machine words Wireshark computes in.

A result that does not fit is no result: the pair of operands is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias, cast

from tunscope.filter.fieldtypes import FLOATS, SIGNED_BITS, WIDE, FieldType
from tunscope.filter.syntax import ArithmeticOperator
from tunscope.filter.values import Network, Value

#: Computes with two values; None where the result does not fit.
Operation: TypeAlias = Callable[[Any, Any], Value]


def operation(operator: ArithmeticOperator, kind: FieldType) -> Operation:
    """Return the function that applies `operator` to two values, the left one of type `kind`."""
    if operator is ArithmeticOperator.BITAND:
        return _BITAND.get(kind, _bitand_integers(kind))
    if kind in FLOATS:
        return _FLOAT[operator]
    if kind is FieldType.RELATIVE_TIME:
        return _TIMES[operator]
    return _integer(operator, kind)


def negated(value: Value, kind: FieldType) -> Value:
    """Return `value` with its sign changed, None where that does not fit."""
    assert isinstance(value, int | float)
    if kind in FLOATS or kind is FieldType.RELATIVE_TIME:
        return -value
    bits = 64 if kind in WIDE else 32
    return -value if abs(value) < 1 << bits - 1 else None


def combine(left: Iterable[Value], right: Sequence[Value], apply: Operation) -> list[Value]:
    """Return `apply` of every pair of `left` and `right` that has a result."""
    results: list[Value] = []
    for a in left:
        for b in right:
            result = apply(a, b)
            if result is not None:
                results.append(result)
    return results


def _integer(operator: ArithmeticOperator, kind: FieldType) -> Operation:
    bits = 64 if kind in WIDE else 32
    half = 1 << bits - 1
    signed = kind in SIGNED_BITS
    apply = _INTEGER[operator]

    def compute(a: int, b: int) -> int | None:
        """Unsigned as long as the left side is; a difference below 0 is signed, if both fit."""
        unsigned = a >= 0 and not signed
        if (unsigned and b < 0) or (not unsigned and b >= half):
            return None
        result = apply(a, b)
        if result is None:
            return None
        if result < 0:
            return result if result >= -half and a < half and b < half else None
        return result if result < (2 * half if unsigned else half) else None

    return compute


def _divide(a: int, b: int) -> int | None:
    """Divide as C does: towards zero."""
    if not b:
        return None
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _modulo(a: int, b: int) -> int | None:
    quotient = _divide(a, b)
    return None if quotient is None else a - b * quotient


_INTEGER: Final[dict[ArithmeticOperator, Callable[[int, int], int | None]]] = {
    ArithmeticOperator.ADD: lambda a, b: a + b,
    ArithmeticOperator.SUBTRACT: lambda a, b: a - b,
    ArithmeticOperator.MULTIPLY: lambda a, b: a * b,
    ArithmeticOperator.DIVIDE: _divide,
    ArithmeticOperator.MODULO: _modulo,
}
_FLOAT: Final[dict[ArithmeticOperator, Operation]] = {
    ArithmeticOperator.ADD: lambda a, b: a + b,
    ArithmeticOperator.SUBTRACT: lambda a, b: a - b,
    ArithmeticOperator.MULTIPLY: lambda a, b: a * b,
    ArithmeticOperator.DIVIDE: lambda a, b: a / b if b else None,
}
_TIMES: Final[dict[ArithmeticOperator, Operation]] = {
    ArithmeticOperator.ADD: lambda a, b: a + b,
    ArithmeticOperator.SUBTRACT: lambda a, b: a - b,
}


def _bitand_integers(kind: FieldType) -> Operation:
    bits = 64 if kind in WIDE else 32
    mask = (1 << bits) - 1
    return lambda a, b: a & b & mask


def _bitand_bytes(a: bytes, b: bytes) -> bytes:
    """Every byte of both; what the longer one has more is dropped."""
    return bytes(x & y for x, y in zip(a, b, strict=False))


def _bitand_ipv4(a: int, b: int | Network) -> int:
    return a & (b.address if isinstance(b, Network) else b)


def _bitand_ipv6(a: bytes, b: bytes | Network) -> bytes:
    other = b.address.to_bytes(16) if isinstance(b, Network) else b
    return _bitand_bytes(a, other)


_BITAND: Final[dict[FieldType, Operation]] = {
    FieldType.BYTES: _bitand_bytes,
    FieldType.UINT_BYTES: _bitand_bytes,
    FieldType.ETHER: _bitand_bytes,
    FieldType.OID: _bitand_bytes,
    FieldType.IPV4: cast("Operation", _bitand_ipv4),
    FieldType.IPV6: cast("Operation", _bitand_ipv6),
}
