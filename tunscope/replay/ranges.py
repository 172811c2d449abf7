"""Packet numbers as people write them, for captures whose length is not known yet. Pure."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Final, Self

from tunscope.errors import UsageError
from tunscope.packet.printable import printable

_SPAN: Final = re.compile(r"(\d{1,18})?\s*(-)?\s*(\d{1,18})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class NumberRanges:
    """Inclusive spans of 1-based packet numbers."""

    spans: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``1-100, 205, 300-``; UsageError for what is no range."""
        spans = []
        for part in text.split(","):
            found = _SPAN.fullmatch(part.strip())
            first, dash, last = found.groups() if found else (None, None, None)
            if (first is None and last is None) or (first and last and not dash):
                raise UsageError(
                    f"--range {printable(text)}", "is not a range", "as in 1-100,205,300-"
                )
            low = int(first) if first else 1
            high = int(last) if last else sys.maxsize if dash else low
            if not low or high < low:
                why = "is empty" if low else "begins before the first packet, which is 1"
                raise UsageError(f"--range {printable(part.strip())}", why, "as in 1-100,205,300-")
            spans.append((low, high))
        return cls(tuple(spans))

    def __contains__(self, number: int) -> bool:
        return any(low <= number <= high for low, high in self.spans)

    @property
    def last(self) -> int:
        """The highest number that is within."""
        return max(high for _, high in self.spans)
