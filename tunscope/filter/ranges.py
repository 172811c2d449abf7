"""Ranges of a slice or of layers: `1`, `1:2`, `1-2`, `:2`, `1:`, negative from the end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tunscope.filter.errors import FilterError
from tunscope.filter.syntax import Range

if TYPE_CHECKING:
    from tunscope.filter.tokens import Token

_NUMBER: Final = r"-?(?:0[xX][0-9A-Fa-f]+|[0-9]+)"
_RANGE: Final = re.compile(
    rf"\s*(?P<start>{_NUMBER})?\s*(?:(?P<sign>[:-])\s*(?P<stop>{_NUMBER})?)?\s*"
)
_LARGEST: Final = 2**31 - 1


def parse_range(token: Token, text: str) -> Range:
    """Return the range that `token` (kind RANGE or LAYER) of the filter `text` writes."""

    def fail(reason: str) -> FilterError:
        return FilterError(f'"{token.text.strip()}" {reason}', text, token.span)

    match = _RANGE.fullmatch(token.text)
    if match is None:
        raise fail("is not a valid range")
    sign = match["sign"]
    if match["start"] is None and sign != ":":
        raise fail("is not a valid number")
    start = _number(match["start"] or "0")
    stop = None if match["stop"] is None else _number(match["stop"])
    if start is None or (match["stop"] is not None and stop is None):
        raise fail("is not a number that fits 31 bits")
    if sign is None:
        return Range(start, length=1)
    if sign == ":":
        if stop is not None and stop <= 0:
            raise fail("is not a valid range: its length must be positive")
        return Range(start, length=stop)
    if stop is None:
        raise fail("is not a valid range")
    if (start < 0) != (stop < 0):
        raise fail("is not a valid range: its ends have different signs")
    if start >= stop:
        raise fail("is not a valid range: its start must be less than its end")
    return Range(start, last=stop)


def _number(text: str) -> int | None:
    digits = text.lstrip("-")
    try:
        octal = len(digits) > 1 and digits.startswith("0") and digits.isdecimal()
        value = int(digits, 8) if octal else int(digits, 0)
    except ValueError:
        return None
    value = -value if text.startswith("-") else value
    return value if -_LARGEST - 1 <= value <= _LARGEST else None
