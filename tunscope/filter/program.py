"""A checked filter: every name is a field, every literal a value of the right type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from tunscope.filter.fieldtypes import FieldType
from tunscope.filter.syntax import ArithmeticOperator, Range
from tunscope.filter.table import Field
from tunscope.filter.values import Value


class Operator(Enum):
    """What a relation compares, pair by pair."""

    EQ = "=="
    NE = "!="
    GT = ">"
    GE = ">="
    LT = "<"
    LE = "<="
    CONTAINS = "contains"


@dataclass(frozen=True, slots=True)
class FieldValue:
    """All occurrences of `field`, or those in `layers` (counted per protocol, from 1)."""

    field: Field
    layers: tuple[Range, ...] = ()

    @property
    def type(self) -> FieldType:
        """The field's type."""
        return self.field.type


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    value: Value
    type: FieldType


@dataclass(frozen=True, slots=True)
class Missing:
    """A reference to a field of a packet chosen elsewhere, where there is no such packet."""

    type: FieldType


@dataclass(frozen=True, slots=True)
class SliceValue:
    """Parts of each occurrence of `source`, joined; empty where one of them is past the end."""

    source: ValueNode
    ranges: tuple[Range, ...]

    @property
    def type(self) -> FieldType:
        """Slices are bytes."""
        return FieldType.BYTES


@dataclass(frozen=True, slots=True)
class NegativeValue:
    """Each occurrence of `operand` with its sign changed."""

    operand: ValueNode

    @property
    def type(self) -> FieldType:
        """The operand's type."""
        return self.operand.type


@dataclass(frozen=True, slots=True)
class ArithmeticValue:
    """`operator` applied to every pair of occurrences."""

    operator: ArithmeticOperator
    left: ValueNode
    right: ValueNode
    type: FieldType


@dataclass(frozen=True, slots=True)
class LengthValue:
    """Length in bytes of each occurrence."""

    field: FieldValue

    @property
    def type(self) -> FieldType:
        """Lengths are numbers."""
        return FieldType.UINT32


@dataclass(frozen=True, slots=True)
class FunctionValue:
    """A function (upper, lower, count, string, max, min, abs) of its arguments' occurrences."""

    name: str
    arguments: tuple[ValueNode, ...]
    type: FieldType


ValueNode: TypeAlias = (
    FieldValue
    | Constant
    | Missing
    | SliceValue
    | NegativeValue
    | ArithmeticValue
    | LengthValue
    | FunctionValue
)


@dataclass(frozen=True, slots=True)
class Exists:
    """The field occurs."""

    value: FieldValue


@dataclass(frozen=True, slots=True)
class NotEmpty:
    """Some slice has bytes."""

    value: SliceValue


@dataclass(frozen=True, slots=True)
class NotZero:
    """Some number, or some byte of a byte sequence, is not zero."""

    value: ValueNode


@dataclass(frozen=True, slots=True)
class Relation:
    """`operator` holds for some pair of left and right occurrences, or for every pair."""

    operator: Operator
    every: bool
    left: ValueNode
    right: ValueNode


@dataclass(frozen=True, slots=True)
class InRange:
    """Some or every occurrence lies between the bounds, which are included."""

    every: bool
    value: ValueNode
    low: ValueNode
    high: ValueNode


@dataclass(frozen=True, slots=True)
class MatchesPattern:
    """Some or every occurrence has a part that matches."""

    every: bool
    value: ValueNode
    pattern: re.Pattern[bytes]


@dataclass(frozen=True, slots=True)
class Negation:
    """The test does not hold."""

    operand: TestNode


@dataclass(frozen=True, slots=True)
class Conjunction:
    """Both tests hold."""

    left: TestNode
    right: TestNode


@dataclass(frozen=True, slots=True)
class Disjunction:
    """At least one test holds."""

    left: TestNode
    right: TestNode


TestNode: TypeAlias = (
    Exists
    | NotEmpty
    | NotZero
    | Relation
    | InRange
    | MatchesPattern
    | Negation
    | Conjunction
    | Disjunction
)
ProgramNode: TypeAlias = ValueNode | TestNode


def children(node: ProgramNode) -> tuple[ProgramNode, ...]:
    """Return the nodes right below `node`."""
    match node:
        case FieldValue() | Constant() | Missing():
            return ()
        case Exists() | NotEmpty() | NotZero() | MatchesPattern():
            return (node.value,)
        case InRange():
            return (node.value, node.low, node.high)
        case SliceValue():
            return (node.source,)
        case NegativeValue() | Negation():
            return (node.operand,)
        case LengthValue():
            return (node.field,)
        case FunctionValue():
            return node.arguments
        case _:
            return (node.left, node.right)


def walk(node: ProgramNode) -> Iterator[ProgramNode]:
    """Yield `node` and everything below it."""
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))


def fields_of(node: ProgramNode) -> frozenset[Field]:
    """Return the fields that a test or value reads."""
    return frozenset(part.field for part in walk(node) if isinstance(part, FieldValue))


def needs_layers(node: ProgramNode) -> bool:
    """Whether some field is restricted to layers."""
    return any(isinstance(part, FieldValue) and part.layers for part in walk(node))
