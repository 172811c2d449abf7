"""Packet numbers as people write them: ``1-100, 205, 300-``. Pure."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from tunscope.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def parse_ranges(text: str, first: int, last: int) -> Sequence[int]:
    """Return the numbers between `first` and `last` that `text` names, ascending, each once.

    Ranges are divided by commas and may lack an end, which then is `first` or `last`. UsageError:
    a range that is none, or nothing left of it.
    """
    spans = sorted(_span(part.strip(), first, last) for part in text.split(","))
    disjoint: list[range] = []
    for start, stop in spans:
        if disjoint and start < disjoint[-1].stop:
            disjoint[-1] = range(disjoint[-1].start, max(stop, disjoint[-1].stop))
        elif start < stop:
            disjoint.append(range(start, stop))
    if not disjoint:
        raise UsageError(f"packets {text}", f"the capture has {first:,} to {last:,}")
    return disjoint[0] if len(disjoint) == 1 else list(chain.from_iterable(disjoint))


def _span(part: str, first: int, last: int) -> tuple[int, int]:
    start, dash, stop = (piece.strip() for piece in part.partition("-"))
    low = _number(start, part) if start else first
    high = _number(stop, part) if stop else last if dash else low
    if not part or part == "-":
        raise UsageError(f"packets {part!r}", "not a range", "as in 1-100, 205, 300-")
    return max(low, first), min(high, last) + 1


def _number(text: str, part: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise UsageError(f"packets {part!r}", "not a range", "as in 1-100, 205, 300-")
    return int(text[:18])
