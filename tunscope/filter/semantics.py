"""The semantic check: syntax tree to program, or an error that points at the fault.

Follows Wireshark 4.0: the left side of a relation decides the type, literals are read for that
type, value names stand for numbers, and byte sequences may stand for whatever can be sliced.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tunscope.filter.errors import FilterError
from tunscope.filter.fieldtypes import CAN_COMPARE, CAN_CONTAIN, CAN_MATCH
from tunscope.filter.operands import Operands
from tunscope.filter.parser import parse
from tunscope.filter.pcre import PatternError, compile_pattern
from tunscope.filter.program import (
    Conjunction,
    Disjunction,
    Exists,
    InRange,
    MatchesPattern,
    Negation,
    NotEmpty,
    NotZero,
    Operator,
    Relation,
    TestNode,
    ValueNode,
)
from tunscope.filter.syntax import (
    And,
    Arithmetic,
    Call,
    Compare,
    Comparison,
    Contains,
    Matches,
    Member,
    Negative,
    Not,
    Operand,
    Or,
    Quantifier,
    Reference,
    Slice,
    String,
    Test,
    Truth,
    Word,
)

#: What each comparison does, and whether it asks every pair where no quantifier says.
_COMPARISONS: Final = {
    Comparison.ANY_EQ: (Operator.EQ, False),
    Comparison.ALL_EQ: (Operator.EQ, True),
    Comparison.ANY_NE: (Operator.NE, False),
    Comparison.ALL_NE: (Operator.NE, True),
    Comparison.GT: (Operator.GT, False),
    Comparison.GE: (Operator.GE, False),
    Comparison.LT: (Operator.LT, False),
    Comparison.LE: (Operator.LE, False),
}


def check(text: str) -> TestNode | None:
    """Return the checked program of the filter `text`, None where it is blank.

    FilterError: the text is not a filter, with the place of the mistake.
    """
    tree = parse(text)
    return None if tree is None else _Checker(text).test(tree)


class _Checker:
    def __init__(self, text: str) -> None:
        self._text = text
        self._operands = Operands(text)

    def test(self, node: Test) -> TestNode:
        match node:
            case Not():
                return Negation(self.test(node.operand))
            case And():
                return Conjunction(self.test(node.left), self.test(node.right))
            case Or():
                return Disjunction(self.test(node.left), self.test(node.right))
            case Truth():
                return self._truth(node.operand)
            case Compare():
                operator, every = _COMPARISONS[node.comparison]
                left = self._left(node.left, f'"{node.comparison.value}"')
                every = _every(node.quantifier, default=every)
                return self._relation(operator, left, node.right, node.left, every=every)
            case Contains():
                left = self._left(node.left, '"contains"')
                every = _every(node.quantifier)
                return self._relation(Operator.CONTAINS, left, node.right, node.left, every=every)
            case Matches():
                return self._matches(node)
            case Member():
                return self._member(node)

    def _truth(self, operand: Operand) -> TestNode:
        match operand:
            case Slice():
                return NotEmpty(self._operands.slice(operand))
            case Call():
                message = "a function alone is no test: compare what it returns"
                raise FilterError(message, self._text, operand.name_span)
            case Arithmetic() | Negative():
                return NotZero(self._operands.value(operand, None))
            case _:
                return Exists(self._operands.field(operand))

    def _left(self, node: Operand, operator: str) -> ValueNode:
        """Return the left side of a relation, which must read some field."""
        if not isinstance(node, Arithmetic | Negative | Slice | Call | Reference):
            return self._operands.left_field(node, operator)
        return self._operands.value(node, None)

    def _relation(
        self, operator: Operator, left: ValueNode, right: Operand, shown: Operand, *, every: bool
    ) -> Relation:
        able = CAN_CONTAIN if operator is Operator.CONTAINS else CAN_COMPARE
        if left.type not in able:
            message = f'a {left.type.label} cannot take part in "{operator.value}"'
            raise FilterError(message, self._text, shown.span)
        left, value = self._operands.right(
            left, right, shown, partial=operator is Operator.CONTAINS
        )
        if value.type not in able:
            message = f'a {value.type.label} cannot take part in "{operator.value}"'
            raise FilterError(message, self._text, right.span)
        return Relation(operator, every, left, value)

    def _matches(self, node: Matches) -> TestNode:
        left = self._left(node.left, '"matches"')
        if left.type not in CAN_MATCH:
            message = f'a {left.type.label} cannot take part in "matches"'
            raise FilterError(message, self._text, node.left.span)
        if not isinstance(node.right, String):
            message = "matches needs a double quoted string on its right side"
            raise FilterError(message, self._text, node.right.span)
        try:
            pattern = compile_pattern(node.right.value)
        except PatternError as error:
            message = f"not a regular expression: {error}"
            raise FilterError(message, self._text, node.right.span) from None
        return MatchesPattern(_every(node.quantifier), left, pattern)

    def _member(self, node: Member) -> TestNode:
        if not (isinstance(node.left, Word) and self._operands.is_field(node.left)):
            message = "only a field can be looked up in a set"
            raise FilterError(message, self._text, node.left.span)
        left: ValueNode = self._operands.field(node.left)
        every = _every(node.quantifier)
        return _any_of(
            [self._element(left, node, low, high, every=every) for low, high in node.elements]
        )

    def _element(
        self, left: ValueNode, node: Member, low: Operand, high: Operand | None, *, every: bool
    ) -> TestNode:
        for bound in (low, high):
            if isinstance(bound, Slice):
                message = "a slice cannot stand in a set"
                raise FilterError(message, self._text, bound.span)
        relation = self._relation(Operator.EQ, left, low, node.left, every=every)
        if high is None:
            return relation
        upper = self._relation(Operator.LE, left, high, node.left, every=every)
        return InRange(every, left, relation.right, upper.right)


def _every(quantifier: Quantifier, *, default: bool = False) -> bool:
    return default if quantifier is Quantifier.DEFAULT else quantifier is Quantifier.ALL


def _any_of(tests: Sequence[TestNode]) -> TestNode:
    """Return the disjunction of `tests` (at least one) as a tree of little depth."""
    if len(tests) == 1:
        return tests[0]
    middle = len(tests) // 2
    return Disjunction(_any_of(tests[:middle]), _any_of(tests[middle:]))
