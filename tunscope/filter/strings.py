"""Quoted strings and character constants of the filter language."""

from __future__ import annotations

import re
from typing import Final

from tunscope.filter.errors import FilterError, Span

_SIMPLE: Final = {
    "a": 7,
    "b": 8,
    "f": 12,
    "n": 10,
    "r": 13,
    "t": 9,
    "v": 11,
    "\\": 92,
    "'": 39,
    '"': 34,
}
#: Octal and hexadecimal escapes take as many digits as follow, up to their limit.
_OCTAL: Final = re.compile(r"\\([0-7]{1,3})")
_HEX: Final = re.compile(r"\\x([0-9A-Fa-f]{1,2})")
_UNIVERSAL: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{0,4})|U([0-9A-Fa-f]{0,8}))")
_PLAIN: Final = re.compile(r'[^\\"]+')


def quoted_string(text: str, start: int) -> tuple[bytes, int]:
    """Return the bytes of the string literal at `start`, and the index behind its last quote.

    The literal begins with `"`, or with `r"` for a raw one, whose backslashes stay as they are
    (a quote may still be written as backslash and quote, and keeps its backslash).
    """
    raw = text[start] in "rR"
    position = start + 2 if raw else start + 1
    out = bytearray()
    while position < len(text):
        if text[position] == '"':
            return bytes(out), position + 1
        if text[position] == "\\":
            if raw:
                value, stop = text[position : position + 2].encode(), position + 2
            else:
                value, stop = _escape(text, position)
            out += value
            position = stop
            continue
        plain = _PLAIN.match(text, position)
        if plain is None:
            break
        out += plain.group().encode("utf-8", "surrogateescape")
        position = plain.end()
    raise FilterError("the final quote of a string is missing", text, Span(start, len(text)))


def character_constant(text: str, start: int) -> tuple[int, int]:
    """Return the byte that the constant at `start` (`'a'`, `'\\n'`, `'\\x0a'`) stands for, and
    the index behind it."""
    stop = start + 1
    while stop < len(text) and text[stop] != "'":
        stop += 2 if text[stop] == "\\" else 1
    if stop >= len(text):
        message = "the final quote of a character constant is missing"
        raise FilterError(message, text, Span(start, len(text)))
    span = Span(start, stop + 1)
    body = text[start + 1 : stop]
    if not body:
        raise FilterError("empty character constant", text, span)
    if body[0] != "\\":
        if len(body) > 1:
            raise FilterError(f"{text[start : stop + 1]} is more than one character", text, span)
        if not " " <= body <= "~":
            raise FilterError("a character constant must be printable ASCII", text, span)
        return ord(body), stop + 1
    if body[1:2] in ("u", "U"):
        raise FilterError("a character constant holds one byte, not a code point", text, span)
    value, end = _escape(text, start + 1)
    if end != stop:
        raise FilterError(f"{text[start : stop + 1]} is more than one character", text, span)
    return value[0], stop + 1


def _escape(text: str, position: int) -> tuple[bytes, int]:
    """Return the bytes that the escape at `position` stands for, and the index behind it."""
    if octal := _OCTAL.match(text, position):
        value = int(octal.group(1), 8)
        span = Span(position, octal.end())
        if value > 0xFF:
            raise FilterError(f"{octal.group()} is larger than 255", text, span)
        return bytes([value]), octal.end()
    if hexadecimal := _HEX.match(text, position):
        return bytes([int(hexadecimal.group(1), 16)]), hexadecimal.end()
    if universal := _UNIVERSAL.match(text, position):
        return _universal(universal, text), universal.end()
    letter = text[position + 1 : position + 2]
    if letter not in _SIMPLE:
        span = Span(position, min(position + 2, len(text)))
        hint = 'in a raw string, r"...", a backslash is a backslash' if letter else ""
        raise FilterError(f"\\{letter} is not a valid escape sequence", text, span, hint)
    return bytes([_SIMPLE[letter]]), position + 2


def _universal(match: re.Match[str], text: str) -> bytes:
    """Return UTF-8 for \\uNNNN or \\UNNNNNNNN: all digits, and no surrogate."""
    digits = match.group(1) or match.group(2) or ""
    expected = 4 if match.group()[1] == "u" else 8
    code = int(digits, 16) if len(digits) == expected else -1
    if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        message = f"{match.group()} is not a valid code point"
        raise FilterError(message, text, Span(*match.span()))
    return chr(code).encode()
