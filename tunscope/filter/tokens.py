"""The words of the display filter language."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tunscope.filter.errors import Span


class Kind(Enum):
    """What a token is for the parser."""

    LPAREN = "("
    RPAREN = ")"
    LBRACE = "{"
    RBRACE = "}"
    LBRACKET = "["
    RBRACKET = "]"
    COMMA = ","
    DOTDOT = ".."
    HASH = "#"
    DOLLAR_BRACE = "${"
    PLUS = "+"
    MINUS = "-"
    STAR = "*"
    SLASH = "/"
    PERCENT = "%"
    BITAND = "&"
    ANY_EQ = "=="
    ALL_NE = "!="
    ALL_EQ = "==="
    ANY_NE = "!=="
    GT = ">"
    GE = ">="
    LT = "<"
    LE = "<="
    CONTAINS = "contains"
    MATCHES = "matches"
    IN = "in"
    NOT = "not"
    AND = "and"
    OR = "or"
    ANY = "any"
    ALL = "all"
    #: A word that is a field if one has that name, else a literal.
    WORD = "a word"
    #: A word that is a literal whatever fields there are: an address, bytes with a colon.
    LITERAL = "a literal"
    #: A word that must be a field: written with a leading dot.
    FIELD = "a field"
    #: A quoted string; `value` holds its bytes.
    STRING = "a string"
    #: A character constant; `value` holds its byte.
    CHARACTER = "a character"
    #: One range of a slice or layer operator.
    RANGE = "a range"
    #: The number after a layer operator.
    LAYER = "a layer number"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a filter: its `kind`, the `text` as written, its place, and a string's bytes."""

    kind: Kind
    text: str
    span: Span
    value: bytes = b""


COMPARISONS: Final = frozenset(
    {Kind.ANY_EQ, Kind.ALL_NE, Kind.ALL_EQ, Kind.ANY_NE, Kind.GT, Kind.GE, Kind.LT, Kind.LE}
)

_PUNCTUATION: Final = (Kind.LPAREN, Kind.RPAREN, Kind.LBRACE, Kind.RBRACE, Kind.COMMA, Kind.DOTDOT)
_ARITHMETIC: Final = (
    Kind.PLUS,
    Kind.MINUS,
    Kind.STAR,
    Kind.SLASH,
    Kind.PERCENT,
    Kind.BITAND,
)
_KEYWORDS: Final = (
    Kind.CONTAINS,
    Kind.MATCHES,
    Kind.IN,
    Kind.NOT,
    Kind.AND,
    Kind.OR,
    Kind.ANY,
    Kind.ALL,
)

#: Operators and keywords in every spelling. Keywords are lower case only, as in Wireshark.
SPELLINGS: Final[dict[str, Kind]] = {
    **{kind.value: kind for kind in (*_PUNCTUATION, *_ARITHMETIC, *_KEYWORDS, *COMPARISONS)},
    "eq": Kind.ANY_EQ,
    "any_eq": Kind.ANY_EQ,
    "ne": Kind.ALL_NE,
    "all_ne": Kind.ALL_NE,
    "all_eq": Kind.ALL_EQ,
    "any_ne": Kind.ANY_NE,
    "~=": Kind.ANY_NE,
    "gt": Kind.GT,
    "ge": Kind.GE,
    "lt": Kind.LT,
    "le": Kind.LE,
    "~": Kind.MATCHES,
    "!": Kind.NOT,
    "&&": Kind.AND,
    "||": Kind.OR,
    "bitwise_and": Kind.BITAND,
}
