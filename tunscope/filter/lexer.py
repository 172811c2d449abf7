"""Filter text to tokens, by the rules of Wireshark 4.0's scanner: the longest match wins."""

from __future__ import annotations

import re
from typing import Final

from tunscope.filter.errors import FilterError, Span
from tunscope.filter.strings import character_constant, quoted_string
from tunscope.filter.tokens import SPELLINGS, Kind, Token

_BLANK: Final = re.compile(r"[ \t\n\r]+")
_OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_HEX2: Final = r"[0-9A-Fa-f]{2}"

#: Literals even where a field has that name (IPv6 addresses are found by `_ipv6`).
_LITERALS: Final = [
    re.compile(pattern)
    for pattern in (
        rf"{_OCTET}(?:\.{_OCTET}){{3}}(?:/[0-9]{{1,2}})?",
        rf":?{_HEX2}(?::{_HEX2})+",
        r":[0-9A-Fa-f]+",
        rf":{_HEX2}(?:-{_HEX2})+",
        rf":{_HEX2}(?:\.{_HEX2})+",
    )
]
_IPV6_RUN: Final = re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]{1,40}")
_IPV6_PREFIX: Final = re.compile(r"/[0-9]{1,3}")
#: Names of fields, numbers, host names, MAC addresses with hyphens or dots, dates.
_WORD: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
_FIELD: Final = re.compile(rf"\.({_WORD.pattern})")
_SYMBOLS: Final = sorted(
    (spelling for spelling in SPELLINGS if not spelling.isidentifier()), key=len, reverse=True
)
_RANGE: Final = re.compile(r"[^\],]+")
_LAYER: Final = re.compile(r"[0-9]+")
_REFERENCE: Final = re.compile(r"\$\{([^}]*)(\}?)")


def tokenize(text: str) -> list[Token]:
    """Return the tokens of `text`, the last one of kind END. FilterError where there is none."""
    return _Lexer(text).run()


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._tokens: list[Token] = []

    def run(self) -> list[Token]:
        text = self._text
        while True:
            blank = _BLANK.match(text, self._position)
            if blank is not None:
                self._position = blank.end()
            if self._position >= len(text):
                break
            self._next()
        self._add(Kind.END, self._position)
        return self._tokens

    def _add(self, kind: Kind, stop: int, value: bytes = b"") -> None:
        span = Span(self._position, stop)
        self._tokens.append(Token(kind, self._text[self._position : stop], span, value))
        self._position = stop

    def _next(self) -> None:
        text, start = self._text, self._position
        character = text[start]
        if character == '"' or (character in "rR" and text[start + 1 : start + 2] == '"'):
            value, stop = quoted_string(text, start)
            self._add(Kind.STRING, stop, value)
        elif character == "'":
            byte, stop = character_constant(text, start)
            self._add(Kind.CHARACTER, stop, bytes([byte]))
        elif character == "[":
            self._ranges()
        elif character == "#":
            self._layer()
        elif text.startswith("${", start):
            self._reference()
        else:
            self._word_or_symbol()

    def _word_or_symbol(self) -> None:
        text, start = self._text, self._position
        word = _WORD.match(text, start)
        word_stop = word.end() if word else start
        literal_stop = max(
            [match.end() for pattern in _LITERALS if (match := pattern.match(text, start))],
            default=start,
        )
        literal_stop = max(literal_stop, _ipv6(text, start))
        if literal_stop > start and literal_stop >= word_stop:
            self._add(Kind.LITERAL, literal_stop)
        elif word is not None:
            self._add(SPELLINGS.get(word.group(), Kind.WORD), word_stop)
        elif field := _FIELD.match(text, start):
            self._add(Kind.FIELD, field.end())
        else:
            self._symbol()

    def _symbol(self) -> None:
        text, start = self._text, self._position
        for spelling in _SYMBOLS:
            if text.startswith(spelling, start):
                self._add(SPELLINGS[spelling], start + len(spelling))
                return
        character = text[start]
        span = Span(start, start + 1)
        if not " " <= character <= "~":
            message = "characters other than printable ASCII belong in double quotes"
            raise FilterError(message, text, span)
        hint = {"=": "use == to compare", "|": "use || or or", "^": "there is no xor"}
        message = f'"{character}" was unexpected here'
        raise FilterError(message, text, span, hint.get(character, ""))

    def _ranges(self) -> None:
        """Take `[`, ranges and commas, and `]`: inside brackets there are no other words."""
        start = self._position
        self._add(Kind.LBRACKET, start + 1)
        while self._position < len(self._text):
            character = self._text[self._position]
            if character == "]":
                self._add(Kind.RBRACKET, self._position + 1)
                return
            if character == ",":
                self._add(Kind.COMMA, self._position + 1)
            elif inner := _RANGE.match(self._text, self._position):
                self._add(Kind.RANGE, inner.end())
        message = "the right bracket of a slice is missing"
        raise FilterError(message, self._text, Span(start, len(self._text)))

    def _layer(self) -> None:
        """Take `#` and what must follow it at once: a number, or ranges in brackets."""
        self._add(Kind.HASH, self._position + 1)
        text, start = self._text, self._position
        if number := _LAYER.match(text, start):
            self._add(Kind.LAYER, number.end())
        elif not text.startswith("[", start):
            found = f', not "{text[start]}"' if start < len(text) else ""
            message = f'a layer operator needs a number or "["{found}'
            raise FilterError(message, text, Span(start, min(start + 1, len(text))))

    def _reference(self) -> None:
        match = _REFERENCE.match(self._text, self._position)
        if match is None or not match.group(2) or not match.group(1).strip():
            stop = match.end() if match else len(self._text)
            message = "a field reference is written as ${field}"
            raise FilterError(message, self._text, Span(self._position, stop))
        self._add(Kind.DOLLAR_BRACE, self._position + 2)


def _ipv6(text: str, start: int) -> int:
    """Return where the longest IPv6 address (with prefix length) at `start` ends, or `start`."""
    run = _IPV6_RUN.match(text, start)
    if run is None:
        return start
    import socket  # takes longer than most filters, which have no such address

    for stop in range(run.end(), start + 1, -1):
        try:
            socket.inet_pton(socket.AF_INET6, text[start:stop])
        except OSError:
            continue
        prefix = _IPV6_PREFIX.match(text, stop)
        return prefix.end() if prefix else stop
    return start
