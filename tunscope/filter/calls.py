"""The functions of the language, applied to the occurrences of their arguments."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from tunscope.filter.compare import comparator
from tunscope.filter.fieldtypes import FieldType
from tunscope.filter.formats import format_oid, ipv6_text
from tunscope.filter.program import FunctionValue, Operator
from tunscope.filter.values import Value


def call_function(
    node: FunctionValue, arguments: Sequence[Sequence[Value] | None]
) -> Sequence[Value] | None:
    """Return what the function of `node` makes of its arguments' occurrences.

    None where no argument has any: then there is nothing to compare.
    """
    present = [values for values in arguments if values]
    if not present:
        return None
    first = present[0]
    match node.name:
        case "upper":
            return [_translate(value, upper=True) for value in first]
        case "lower":
            return [_translate(value, upper=False) for value in first]
        case "count":
            return [len(first)]
        case "string":
            kind = node.arguments[0].type
            return [_text(value, kind) for value in first]
        case "abs":
            return [abs(value) if isinstance(value, int | float) else value for value in first]
        case _:
            operator = Operator.GT if node.name == "max" else Operator.LT
            better = comparator(operator, node.type, node.type)
            best = present[-1][0]
            for values in reversed(present):
                for value in values:
                    if better(value, best) is True:
                        best = value
            return [best]


def _translate(value: Value, *, upper: bool) -> str:
    """Change the case of ASCII letters, and of no others."""
    text = str(value)
    return "".join(
        (character.upper() if upper else character.lower()) if character.isascii() else character
        for character in text
    )


def _text(value: Value, kind: FieldType) -> str:
    """Return a value as text: numbers in decimal, addresses as they are written."""
    match kind:
        case FieldType.IPV4 if isinstance(value, int):
            return str(ipaddress.IPv4Address(value))
        case FieldType.IPV6 if isinstance(value, bytes):
            return ipv6_text(value)
        case FieldType.EUI64 if isinstance(value, int):
            return value.to_bytes(8).hex(":")
        case FieldType.OID if isinstance(value, bytes):
            return format_oid(value)
    if isinstance(value, bytes):
        return value.hex(":")
    return f"{value:g}" if isinstance(value, float) else str(value)
