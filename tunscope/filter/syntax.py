"""The syntax tree of a display filter: what was written, before any field is looked up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from tunscope.filter.errors import Span


class Quantifier(Enum):
    """`any` or `all` in front of a relation; DEFAULT where neither was written."""

    DEFAULT = "default"
    ANY = "any"
    ALL = "all"


class Comparison(Enum):
    """The eight comparisons of the language."""

    ANY_EQ = "=="
    ALL_EQ = "==="
    ANY_NE = "!=="
    ALL_NE = "!="
    GT = ">"
    GE = ">="
    LT = "<"
    LE = "<="


class ArithmeticOperator(Enum):
    """The operators of arithmetic, lowest precedence first."""

    BITAND = "&"
    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    MODULO = "%"


@dataclass(frozen=True, slots=True)
class Range:
    """Part of a slice or of layers: from `start`, `length` long or up to `last` (inclusive).

    Both absent: to the end. Negative numbers count from the end.
    """

    start: int
    length: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A name or a literal as it stands: a field if there is one, unless `literal`."""

    text: str
    span: Span
    literal: bool = False
    must_be_field: bool = False
    layers: tuple[Range, ...] = ()


@dataclass(frozen=True, slots=True)
class String:
    """A quoted string: its bytes after escapes."""

    value: bytes
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Character:
    """A character constant."""

    value: int
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Reference:
    """`${field}`: the field's value in a packet chosen elsewhere."""

    name: str
    layers: tuple[Range, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Slice:
    """`source[ranges]`."""

    source: Entity
    ranges: tuple[Range, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """`name(arguments)`."""

    name: str
    arguments: tuple[Operand, ...]
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class Negative:
    """Unary minus."""

    operand: Entity
    span: Span


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left operator right`."""

    operator: ArithmeticOperator
    left: Operand
    right: Operand
    span: Span


Entity: TypeAlias = Word | String | Character | Reference | Slice | Call
Operand: TypeAlias = Entity | Negative | Arithmetic


@dataclass(frozen=True, slots=True)
class Truth:
    """An operand alone: a field that exists, a slice that is not empty, a number that is not 0."""

    operand: Operand
    span: Span


@dataclass(frozen=True, slots=True)
class Compare:
    """`left comparison right`."""

    comparison: Comparison
    quantifier: Quantifier
    left: Operand
    right: Operand
    span: Span
    operator_span: Span


@dataclass(frozen=True, slots=True)
class Contains:
    """`left contains right`."""

    quantifier: Quantifier
    left: Entity
    right: Entity
    span: Span


@dataclass(frozen=True, slots=True)
class Matches:
    """`left matches right`."""

    quantifier: Quantifier
    left: Entity
    right: Entity
    span: Span


@dataclass(frozen=True, slots=True)
class Member:
    """`left in {elements}`: each element a value, or two for a range that includes both."""

    quantifier: Quantifier
    left: Entity
    elements: tuple[tuple[Entity | Negative, Entity | Negative | None], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Not:
    """Logical negation."""

    operand: Test
    span: Span


@dataclass(frozen=True, slots=True)
class And:
    """Both hold."""

    left: Test
    right: Test
    span: Span


@dataclass(frozen=True, slots=True)
class Or:
    """At least one holds."""

    left: Test
    right: Test
    span: Span


Test: TypeAlias = Truth | Compare | Contains | Matches | Member | Not | And | Or
