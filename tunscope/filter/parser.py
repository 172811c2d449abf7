"""Tokens to a syntax tree, by the grammar and precedence of Wireshark 4.0.

From loose to tight: or, and, not, relations, bitwise and, addition, multiplication, unary minus.
Parentheses group tests, braces group arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tunscope.filter.errors import FilterError
from tunscope.filter.lexer import tokenize
from tunscope.filter.ranges import parse_range
from tunscope.filter.syntax import (
    And,
    Arithmetic,
    ArithmeticOperator,
    Call,
    Character,
    Compare,
    Comparison,
    Contains,
    Entity,
    Matches,
    Member,
    Negative,
    Not,
    Operand,
    Or,
    Quantifier,
    Range,
    Reference,
    Slice,
    String,
    Test,
    Truth,
    Word,
)
from tunscope.filter.tokens import COMPARISONS, Kind, Token

#: Nesting beyond this is refused: hostile text must not exhaust the stack.
_DEEPEST: Final = 100

_PRECEDENCE: Final = {
    Kind.BITAND: 0,
    Kind.PLUS: 1,
    Kind.MINUS: 1,
    Kind.STAR: 2,
    Kind.SLASH: 2,
    Kind.PERCENT: 2,
}
_TIGHTEST: Final = 3


def parse(text: str) -> Test | None:
    """Return the syntax tree of the filter `text`, None where it is blank.

    FilterError: the text is not a filter.
    """
    tokens = tokenize(text)
    if tokens[0].kind is Kind.END:
        return None
    return _Parser(text, tokens).run()


class _Parser:
    def __init__(self, text: str, tokens: list[Token]) -> None:
        self._text = text
        self._tokens = tokens
        self._index = 0
        self._depth = 0
        self._is_entity = False

    def run(self) -> Test:
        test = self._or()
        if self._peek.kind is not Kind.END:
            raise self._unexpected()
        return test

    # tokens

    @property
    def _peek(self) -> Token:
        return self._tokens[self._index]

    def _take(self) -> Token:
        token = self._tokens[self._index]
        self._index += 1
        return token

    def _accept(self, kind: Kind) -> Token | None:
        return self._take() if self._peek.kind is kind else None

    def _expect(self, kind: Kind) -> Token:
        if self._peek.kind is not kind:
            raise self._unexpected()
        return self._take()

    def _unexpected(self) -> FilterError:
        token = self._peek
        if token.kind is Kind.END:
            return FilterError("the filter ends too early", self._text, token.span)
        return FilterError(f'"{token.text}" was unexpected here', self._text, token.span)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FilterError("the filter is nested too deeply", self._text, self._peek.span)

    # tests

    def _or(self) -> Test:
        tests = [self._and()]
        while self._accept(Kind.OR):
            tests.append(self._and())
        return _balanced(Or, tests)

    def _and(self) -> Test:
        tests = [self._not()]
        while self._accept(Kind.AND):
            tests.append(self._not())
        return _balanced(And, tests)

    def _not(self) -> Test:
        negations = []
        while token := self._accept(Kind.NOT):
            negations.append(token)
        test = self._group() if self._peek.kind is Kind.LPAREN else self._relation()
        if len(negations) % 2:
            test = Not(test, negations[0].span.to(test.span))
        return test

    def _group(self) -> Test:
        self._deeper()
        self._expect(Kind.LPAREN)
        test = self._or()
        self._expect(Kind.RPAREN)
        self._depth -= 1
        return test

    def _relation(self) -> Test:
        if self._peek.kind not in (Kind.ANY, Kind.ALL):
            return self._plain_relation(Quantifier.DEFAULT)
        quantifier = Quantifier.ANY if self._take().kind is Kind.ANY else Quantifier.ALL
        relation = self._plain_relation(quantifier)
        if isinstance(relation, Truth):
            raise self._unexpected()
        return relation

    def _plain_relation(self, quantifier: Quantifier) -> Test:
        left = self._arithmetic(0)
        entity = left if self._is_entity else None
        operator = self._peek.kind
        if operator in COMPARISONS:
            return self._comparison(quantifier, left)
        if entity is None or isinstance(entity, Negative | Arithmetic):
            return Truth(left, left.span)
        if self._accept(Kind.CONTAINS):
            right = self._entity()
            return Contains(quantifier, entity, right, entity.span.to(right.span))
        if self._accept(Kind.MATCHES):
            right = self._entity()
            return Matches(quantifier, entity, right, entity.span.to(right.span))
        if operator is Kind.IN:
            return self._member(quantifier, entity)
        if operator is Kind.NOT and self._tokens[self._index + 1].kind is Kind.IN:
            self._take()
            # The quantifier goes to the negation, where it says nothing.
            member = self._member(Quantifier.DEFAULT, entity)
            return Not(member, member.span)
        return Truth(left, left.span)

    def _comparison(self, quantifier: Quantifier, left: Operand) -> Test:
        """`a == b`, or a chain `a < b < c`, which means `a < b and b < c` (without quantifier)."""
        links: list[tuple[Operand, Token, Operand]] = []
        while self._peek.kind in COMPARISONS:
            operator = self._take()
            right = self._arithmetic(0)
            links.append((left, operator, right))
            left = right
        if len(links) > 1:
            quantifier = Quantifier.DEFAULT
        tests: list[Test] = [
            Compare(
                Comparison(operator.kind.value),
                quantifier,
                before,
                after,
                before.span.to(after.span),
                operator.span,
            )
            for before, operator, after in links
        ]
        return _balanced(And, tests)

    def _member(self, quantifier: Quantifier, left: Entity) -> Member:
        self._expect(Kind.IN)
        self._expect(Kind.LBRACE)
        elements = [self._element()]
        while self._accept(Kind.COMMA):
            elements.append(self._element())
        closing = self._expect(Kind.RBRACE)
        return Member(quantifier, left, tuple(elements), left.span.to(closing.span))

    def _element(self) -> tuple[Entity | Negative, Entity | Negative | None]:
        lowest = self._signed_entity()
        return lowest, self._signed_entity() if self._accept(Kind.DOTDOT) else None

    # operands

    def _arithmetic(self, level: int) -> Operand:
        """Return an operand; `_is_entity` then tells whether it is one without any arithmetic."""
        if level == _TIGHTEST:
            return self._primary()
        left = self._arithmetic(level + 1)
        depth = self._depth
        while _PRECEDENCE.get(self._peek.kind) == level:
            self._deeper()
            operator = ArithmeticOperator(self._take().kind.value)
            right = self._arithmetic(level + 1)
            left = Arithmetic(operator, left, right, left.span.to(right.span))
            self._is_entity = False
        self._depth = depth
        return left

    def _primary(self) -> Operand:
        if self._accept(Kind.LBRACE):
            self._deeper()
            inner = self._arithmetic(0)
            self._expect(Kind.RBRACE)
            self._depth -= 1
            self._is_entity = False
            return inner
        signed = self._peek.kind in (Kind.PLUS, Kind.MINUS)
        operand = self._signed_entity()
        self._is_entity = not signed
        return operand

    def _signed_entity(self) -> Entity | Negative:
        if self._accept(Kind.PLUS):
            return self._entity()
        if minus := self._accept(Kind.MINUS):
            operand = self._entity()
            return Negative(operand, minus.span.to(operand.span))
        return self._entity()

    def _entity(self) -> Entity:
        entity = self._atom()
        depth = self._depth
        while self._peek.kind is Kind.LBRACKET:
            self._deeper()
            if isinstance(entity, Reference | String | Character):
                raise self._unexpected()
            ranges, closing = self._bracketed_ranges()
            entity = Slice(entity, ranges, entity.span.to(closing.span))
        self._depth = depth
        return entity

    def _atom(self) -> Entity:
        token = self._peek
        match token.kind:
            case Kind.STRING:
                self._take()
                return String(token.value, token.text, token.span)
            case Kind.CHARACTER:
                self._take()
                return Character(token.value[0], token.text, token.span)
            case Kind.LITERAL:
                self._take()
                return Word(token.text, token.span, literal=True)
            case Kind.DOLLAR_BRACE:
                return self._reference()
            case Kind.FIELD:
                self._take()
                return self._layered(Word(token.text[1:], token.span, must_be_field=True))
            case Kind.WORD:
                self._take()
                if self._peek.kind is Kind.LPAREN:
                    return self._call(token)
                return self._layered(Word(token.text, token.span))
            case _:
                raise self._unexpected()

    def _layered(self, word: Word) -> Word:
        layers, stop = self._layers()
        if stop is None:
            return word
        return Word(word.text, word.span.to(stop.span), must_be_field=True, layers=layers)

    def _layers(self) -> tuple[tuple[Range, ...], Token | None]:
        if not self._accept(Kind.HASH):
            return (), None
        if number := self._accept(Kind.LAYER):
            return (parse_range(number, self._text),), number
        return self._bracketed_ranges()

    def _bracketed_ranges(self) -> tuple[tuple[Range, ...], Token]:
        self._expect(Kind.LBRACKET)
        ranges = [parse_range(self._expect(Kind.RANGE), self._text)]
        while self._accept(Kind.COMMA):
            ranges.append(parse_range(self._expect(Kind.RANGE), self._text))
        return tuple(ranges), self._expect(Kind.RBRACKET)

    def _reference(self) -> Reference:
        opening = self._take()
        name = self._expect(Kind.WORD)
        layers, _ = self._layers()
        closing = self._expect(Kind.RBRACE)
        return Reference(name.text, layers, opening.span.to(closing.span))

    def _call(self, name: Token) -> Call:
        self._deeper()
        self._expect(Kind.LPAREN)
        arguments: list[Operand] = []
        if self._peek.kind is not Kind.RPAREN:
            arguments.append(self._arithmetic(0))
            while self._accept(Kind.COMMA):
                arguments.append(self._arithmetic(0))
        closing = self._expect(Kind.RPAREN)
        self._depth -= 1
        return Call(name.text, tuple(arguments), name.span.to(closing.span), name.span)


def _balanced(join: type[And] | type[Or], tests: Sequence[Test]) -> Test:
    """Return `tests` joined in their order, as a tree whose depth grows with the logarithm of how
    many there are: a long filter must not exhaust the stack."""
    if len(tests) == 1:
        return tests[0]
    middle = len(tests) // 2
    left, right = _balanced(join, tests[:middle]), _balanced(join, tests[middle:])
    return join(left, right, left.span.to(right.span))
