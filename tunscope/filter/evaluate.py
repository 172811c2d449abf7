"""A checked filter over one packet's fields: the reference for every faster evaluation.

A relation is asked of all pairs of occurrences left and right. Where one side is missing from the
packet it does not hold, however it is quantified.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from tunscope.filter.arithmetic import combine, negated, operation
from tunscope.filter.calls import call_function
from tunscope.filter.compare import comparator
from tunscope.filter.program import (
    ArithmeticValue,
    Conjunction,
    Constant,
    Disjunction,
    Exists,
    FieldValue,
    FunctionValue,
    InRange,
    LengthValue,
    MatchesPattern,
    Missing,
    Negation,
    NegativeValue,
    NotEmpty,
    NotZero,
    Operator,
    Relation,
    SliceValue,
    TestNode,
    ValueNode,
)
from tunscope.filter.slices import in_layers, length_of, octets_of, slice_value
from tunscope.filter.values import Value


class Fields(Protocol):
    """A packet's fields."""

    @property
    def values(self) -> Mapping[str, Sequence[Value]]:
        """The occurrences of each field that is there, outer ones first."""
        ...

    @property
    def layers(self) -> Mapping[str, Sequence[int]]:
        """For each occurrence the number of the header it stands in, per protocol, from 1."""
        ...


#: Occurrences of a value in a packet, None where a field it needs is not there.
Reader: TypeAlias = Callable[[Fields], Sequence[Value] | None]
Predicate: TypeAlias = Callable[[Fields], bool]


def predicate(test: TestNode) -> Predicate:
    """Return the function that tells whether `test` holds for a packet's fields."""
    match test:
        case Conjunction():
            left, right = predicate(test.left), predicate(test.right)
            return lambda fields: left(fields) and right(fields)
        case Disjunction():
            left, right = predicate(test.left), predicate(test.right)
            return lambda fields: left(fields) or right(fields)
        case Negation():
            operand = predicate(test.operand)
            return lambda fields: not operand(fields)
        case Exists():
            read = reader(test.value)
            return lambda fields: bool(read(fields))
        case NotEmpty():
            return _any_of(reader(test.value), bool)
        case NotZero():
            return _any_of(reader(test.value), _is_not_zero)
        case Relation():
            return _relation(test)
        case InRange():
            return _in_range(test)
        case MatchesPattern():
            search = test.pattern.search
            every = all if test.every else any
            read = reader(test.value)

            def matches(fields: Fields) -> bool:
                values = read(fields)
                return values is not None and every(search(octets_of(v)) for v in values)

            return matches


def reader(node: ValueNode) -> Reader:
    """Return the function that reads `node`'s occurrences from a packet's fields."""
    match node:
        case FieldValue():
            return _field(node)
        case Constant():
            constant = [node.value]
            return lambda _: constant
        case Missing():
            return lambda _: None
        case SliceValue():
            read, ranges = reader(node.source), node.ranges
            return _mapped(read, lambda value: slice_value(value, ranges))
        case LengthValue():
            kind = node.field.type
            return _mapped(reader(node.field), lambda value: length_of(value, kind))
        case NegativeValue():
            return _negative(node)
        case ArithmeticValue():
            return _arithmetic(node)
        case FunctionValue():
            return _function(node)


def _field(node: FieldValue) -> Reader:
    name, ranges = node.field.name, node.layers
    if not ranges:
        return lambda fields: fields.values.get(name)

    def read(fields: Fields) -> Sequence[Value] | None:
        values = fields.values.get(name)
        if values is None:
            return None
        return in_layers(values, fields.layers[name], ranges) or None

    return read


def _mapped(read: Reader, apply: Callable[[Value], Value]) -> Reader:
    def mapped(fields: Fields) -> Sequence[Value] | None:
        values = read(fields)
        return None if values is None else [apply(value) for value in values]

    return mapped


def _negative(node: NegativeValue) -> Reader:
    read, kind = reader(node.operand), node.type

    def negative(fields: Fields) -> Sequence[Value] | None:
        values = read(fields)
        if values is None:
            return None
        results = [negated(value, kind) for value in values]
        return [result for result in results if result is not None]

    return negative


def _arithmetic(node: ArithmeticValue) -> Reader:
    left, right = reader(node.left), reader(node.right)
    apply = operation(node.operator, node.type)

    def compute(fields: Fields) -> Sequence[Value] | None:
        first = left(fields)
        second = None if first is None else right(fields)
        if first is None or second is None:
            return None
        return combine(first, second, apply)

    return compute


def _function(node: FunctionValue) -> Reader:
    readers = [reader(argument) for argument in node.arguments]

    def call(fields: Fields) -> Sequence[Value] | None:
        return call_function(node, [read(fields) for read in readers])

    return call


def _relation(test: Relation) -> Predicate:
    left, right = reader(test.left), reader(test.right)
    compare = comparator(test.operator, test.left.type, test.right.type)
    every = all if test.every else any

    def related(fields: Fields) -> bool:
        first = left(fields)
        second = None if first is None else right(fields)
        if first is None or second is None:
            return False
        results = (compare(a, b) for a in first for b in second)
        return every(result for result in results if result is not None)

    return related


def _in_range(test: InRange) -> Predicate:
    value, low, high = reader(test.value), reader(test.low), reader(test.high)
    at_least = comparator(Operator.GE, test.value.type, test.low.type)
    at_most = comparator(Operator.LE, test.value.type, test.high.type)
    every = all if test.every else any

    def inside(fields: Fields) -> bool:
        values, lowest, highest = value(fields), low(fields), high(fields)
        if values is None or not lowest or not highest:
            return False
        results = ((at_least(v, lowest[0]), at_most(v, highest[0])) for v in values)
        return every(all(result) for result in results if None not in result)

    return inside


def _any_of(read: Reader, accept: Callable[[Value], bool]) -> Predicate:
    def holds(fields: Fields) -> bool:
        values = read(fields)
        return values is not None and any(accept(value) for value in values)

    return holds


def _is_not_zero(value: Value) -> bool:
    """A number that is not 0, bytes that are not all 0."""
    return bool(value) if not isinstance(value, bytes) else any(value)
