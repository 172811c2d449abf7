"""The semantic check of values: fields, literals, slices, arithmetic."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tunscope.filter import fieldtypes, functions, literals
from tunscope.filter.errors import FilterError, Span
from tunscope.filter.fieldtypes import BYTE_SEQUENCES, CAN_SLICE, FieldType, compatible
from tunscope.filter.literals import LiteralError
from tunscope.filter.program import (
    ArithmeticValue,
    Constant,
    FieldValue,
    Missing,
    NegativeValue,
    SliceValue,
    ValueNode,
)
from tunscope.filter.syntax import (
    Arithmetic,
    ArithmeticOperator,
    Call,
    Character,
    Negative,
    Operand,
    Range,
    Reference,
    Slice,
    String,
    Word,
)
from tunscope.filter.table import Field, lookup, suggest, value_names
from tunscope.filter.values import Value

_ABLE: Final = {
    ArithmeticOperator.BITAND: fieldtypes.CAN_BITAND,
    ArithmeticOperator.ADD: fieldtypes.CAN_ADD,
    ArithmeticOperator.SUBTRACT: fieldtypes.CAN_ADD,
    ArithmeticOperator.MULTIPLY: fieldtypes.CAN_MULTIPLY,
    ArithmeticOperator.DIVIDE: fieldtypes.CAN_MULTIPLY,
    ArithmeticOperator.MODULO: fieldtypes.CAN_MODULO,
}
_WHOLE: Final = (Range(0),)


class Operands:
    """Checks the operands of one filter, whose text its errors show."""

    def __init__(self, text: str) -> None:
        self._text = text

    def fail(self, message: str, span: Span, hint: str = "") -> FilterError:
        """Return an error about the part of the filter at `span`."""
        return FilterError(message, self._text, span, hint)

    # fields

    def is_field(self, word: Word) -> bool:
        """Whether `word` is a field's name (and FilterError where it must be and is not)."""
        if word.literal:
            return False
        if word.must_be_field and lookup(word.text) is None:
            raise self._no_field(word.text, word.span)
        return lookup(word.text) is not None

    def field(self, operand: Operand) -> FieldValue:
        """Return the field that `operand` names, or FilterError."""
        if isinstance(operand, Word) and self.is_field(operand):
            field = lookup(operand.text)
            assert field is not None
            return FieldValue(field, operand.layers)
        raise self._no_field(self._shown(operand), operand.span)

    def left_field(self, operand: Operand, operator: str) -> FieldValue:
        """Return the field on the left of `operator`; literals are refused there."""
        if isinstance(operand, Word) and (operand.literal or not _looks_like_field(operand.text)):
            message = f"the left side of {operator} must be a field or function"
            raise self.fail(message, operand.span)
        return self.field(operand)

    def _no_field(self, name: str, span: Span) -> FilterError:
        meant = suggest(name) if _looks_like_field(name) else ""
        hint = f"did you mean {meant}?" if meant else ""
        return self.fail(f'"{name}" is neither a field nor a protocol', span, hint)

    def _shown(self, operand: Operand) -> str:
        return self._text[operand.span.start : operand.span.stop]

    # values on the left, where the type is not known yet

    def value(self, operand: Operand, kind: FieldType | None) -> ValueNode:
        """Return `operand` checked; `kind` is the type its literals have, None if not known."""
        match operand:
            case Slice():
                return self.slice(operand)
            case Call():
                return functions.check_call(self, operand)
            case Arithmetic():
                return self._arithmetic(operand, kind)
            case Negative():
                return self._negative(operand, kind)
            case Reference():
                return self._reference(operand)
            case Word() if self.is_field(operand):
                return self.field(operand)
        if kind is None:
            message = "arithmetic on the left needs a field or function as its first operand"
            raise self.fail(message, operand.span)
        if not isinstance(operand, Word):
            raise self.fail(f"{self._shown(operand)} is no number to compute with", operand.span)
        return self._literal(operand, kind, None)

    def slice(self, node: Slice) -> SliceValue:
        """Return a slice of a field, a function's value or another slice."""
        source: ValueNode
        match node.source:
            case Slice():
                source = self.slice(node.source)
            case Call():
                source = functions.check_call(self, node.source)
            case Word() if self.is_field(node.source):
                source = self.field(node.source)
            case _:
                message = f"{self._shown(node.source)} cannot be sliced: it is no field"
                raise self.fail(message, node.source.span)
        if source.type not in CAN_SLICE:
            message = f"a {source.type.label} cannot be sliced into bytes"
            raise self.fail(message, node.source.span)
        return SliceValue(source, node.ranges)

    def _arithmetic(self, node: Arithmetic, kind: FieldType | None) -> ValueNode:
        able = _ABLE[node.operator]
        left = self.value(node.left, kind)
        if left.type not in able:
            message = f"{left.type.label} cannot take part in {node.operator.value}"
            raise self.fail(message, node.left.span)
        right = self.value(node.right, left.type)
        if right.type not in able:
            message = f"{right.type.label} cannot take part in {node.operator.value}"
            raise self.fail(message, node.right.span)
        if not compatible(left.type, right.type):
            raise self._incompatible(node.left, left, node.right, right)
        return ArithmeticValue(node.operator, left, right, left.type)

    def _negative(self, node: Negative, kind: FieldType | None) -> ValueNode:
        operand = self.value(node.operand, kind)
        if operand.type not in fieldtypes.CAN_NEGATE:
            raise self.fail(f"a {operand.type.label} has no negative", node.span)
        if isinstance(operand, Constant) and isinstance(operand.value, int | float):
            return Constant(-operand.value, operand.type)
        return NegativeValue(operand)

    def _reference(self, node: Reference) -> Missing:
        field = lookup(node.name)
        if field is None:
            raise self._no_field(node.name, node.span)
        return Missing(field.type)

    # values on the right, read for the type on the left

    def right(
        self, left: ValueNode, operand: Operand, shown: Operand, *, partial: bool
    ) -> tuple[ValueNode, ValueNode]:
        """Return both sides of a relation, `operand` read as a value that goes with `left`.

        `left` comes back as a slice where that makes the two comparable. `partial`: see
        literals.from_word.
        """
        match operand:
            case String() | Character():
                return left, self._literal(operand, left.type, _named(left))
            case Word() if not self.is_field(operand):
                return left, self._literal(operand, left.type, _named(left), partial=partial)
        value = self.value(operand, left.type)
        if isinstance(value, SliceValue) and left.type not in BYTE_SEQUENCES:
            return self._as_bytes(left, shown), value
        if isinstance(left, SliceValue) and value.type not in BYTE_SEQUENCES:
            return left, self._as_bytes(value, operand)
        if not compatible(left.type, value.type):
            raise self._incompatible(shown, left, operand, value)
        return left, value

    def _as_bytes(self, value: ValueNode, shown: Operand) -> SliceValue:
        if value.type not in CAN_SLICE or isinstance(value, ArithmeticValue):
            message = f"a {value.type.label} cannot be compared with bytes"
            raise self.fail(message, shown.span)
        return SliceValue(value, _WHOLE)

    def _incompatible(
        self, left: Operand, left_value: ValueNode, right: Operand, right_value: ValueNode
    ) -> FilterError:
        message = (
            f"{self._shown(left)} ({left_value.type.label}) and {self._shown(right)} "
            f"({right_value.type.label}) cannot be compared"
        )
        return self.fail(message, right.span)

    def _literal(
        self,
        node: Word | String | Character,
        kind: FieldType,
        named: Field | None,
        *,
        partial: bool = False,
    ) -> Constant:
        try:
            return Constant(_plain_literal(node, kind, partial=partial), kind)
        except LiteralError as error:
            reason = str(error)
        if named is not None and not isinstance(node, Character):
            number = _number_of(named, node)
            if number is not None:
                return Constant(number, kind)
            if value_names(named):
                names = value_names(named).values()
                raise self.fail(
                    f"{node.text} is no value of {named.name}", node.span, _some(names)
                ) from None
        raise self.fail(reason, node.span)


def _plain_literal(node: Word | String | Character, kind: FieldType, *, partial: bool) -> Value:
    match node:
        case Word():
            return literals.from_word(kind, node.text, partial=partial)
        case String():
            return literals.from_string(kind, node.value)
        case Character():
            return literals.from_character(kind, node.value, node.text)


def _named(left: ValueNode) -> Field | None:
    """The field whose value names a literal on the right may use."""
    return left.field if isinstance(left, FieldValue) else None


def _number_of(field: Field, node: Word | String) -> int | None:
    text = node.value.decode("utf-8", "replace") if isinstance(node, String) else node.text
    wanted = text.casefold()
    for number, name in value_names(field).items():
        if name.casefold() == wanted:
            return number
    return None


def _some(names: Iterable[str]) -> str:
    shown = [f'"{name}"' for name in dict.fromkeys(names)]
    rest = ", ..." if len(shown) > 3 else ""
    return f"values are {', '.join(shown[:3])}{rest}"


def _looks_like_field(text: str) -> bool:
    return not text[:1].isdigit()
