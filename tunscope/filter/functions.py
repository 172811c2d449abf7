"""The functions of the language: which arguments they take, and what they return."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.filter.fieldtypes import CAN_ABS, CAN_COMPARE, CAN_STRING, STRINGS, FieldType
from tunscope.filter.program import (
    ArithmeticValue,
    Constant,
    FieldValue,
    FunctionValue,
    LengthValue,
    NegativeValue,
    ValueNode,
)
from tunscope.filter.syntax import Arithmetic, Call, Negative, Operand, Word

if TYPE_CHECKING:
    from tunscope.filter.operands import Operands

#: Name -> fewest and most arguments.
FUNCTIONS: Final[dict[str, tuple[int, int]]] = {
    "abs": (1, 1),
    "count": (1, 1),
    "len": (1, 1),
    "lower": (1, 1),
    "max": (1, 1000),
    "min": (1, 1000),
    "string": (1, 1),
    "upper": (1, 1),
}


def check_call(operands: Operands, call: Call) -> FunctionValue | LengthValue:
    """Return the checked call, or raise FilterError at what is wrong with it."""
    limits = FUNCTIONS.get(call.name)
    if limits is None:
        message = f'there is no function "{call.name}"'
        raise operands.fail(message, call.name_span, f"there are {', '.join(FUNCTIONS)}")
    fewest, most = limits
    if not fewest <= len(call.arguments) <= most:
        wanted = "one argument" if most == 1 else "at least one argument"
        raise operands.fail(f"{call.name}() takes {wanted}", call.span)
    first = call.arguments[0]
    match call.name:
        case "len":
            return LengthValue(_field(operands, call, first))
        case "count":
            return FunctionValue("count", (_field(operands, call, first),), FieldType.UINT32)
        case "upper" | "lower":
            field = _field(operands, call, first)
            if field.type not in STRINGS:
                raise operands.fail(f"{call.name}() takes a string field", first.span)
            return FunctionValue(call.name, (field,), field.type)
        case "string":
            field = _field(operands, call, first)
            if field.type not in CAN_STRING:
                message = f"a {field.type.label} cannot be converted to a string"
                raise operands.fail(message, first.span)
            return FunctionValue("string", (field,), FieldType.STRING)
        case "abs":
            value = _computed(operands, call, first, None)
            if value.type not in CAN_ABS:
                message = f"a {value.type.label} has no absolute value"
                raise operands.fail(message, first.span)
            return FunctionValue("abs", (value,), value.type)
        case _:
            return _extreme(operands, call)


def _field(operands: Operands, call: Call, argument: Operand) -> FieldValue:
    if isinstance(argument, Word) and operands.is_field(argument):
        return operands.field(argument)
    raise operands.fail(f"{call.name}() takes a field", argument.span)


def _computed(
    operands: Operands, call: Call, argument: Operand, kind: FieldType | None
) -> ValueNode:
    """Return an argument that is a field, a function's value, arithmetic, or (given `kind`) a
    number."""
    if not isinstance(argument, Word | Call | Arithmetic | Negative):
        shown = f"{call.name}() takes fields, functions and arithmetic"
        raise operands.fail(shown, argument.span)
    value = operands.value(argument, kind)
    allowed = FieldValue | FunctionValue | LengthValue | ArithmeticValue | NegativeValue | Constant
    if not isinstance(value, allowed):
        raise operands.fail(f"{call.name}() cannot take this", argument.span)
    return value


def _extreme(operands: Operands, call: Call) -> FunctionValue:
    kind: FieldType | None = None
    values = []
    for argument in call.arguments:
        value = _computed(operands, call, argument, kind)
        if kind is not None and value.type is not kind:
            message = f"all arguments of {call.name}() must have the type of the first one"
            raise operands.fail(message, argument.span)
        if value.type not in CAN_COMPARE:
            raise operands.fail(f"a {value.type.label} has no order", argument.span)
        kind = value.type
        values.append(value)
    assert kind is not None
    return FunctionValue(call.name, tuple(values), kind)
