"""Timestamps of capture files in nanoseconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SECOND_NS: Final = 1_000_000_000
#: What 64 signed bits hold, as columns of packets do: the years 1677 to 2262.
MIN_NS: Final = -(1 << 63)
MAX_NS: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Clock:
    """How an interface of a pcapng section counts time (`if_tsresol`, `if_tsoffset`).

    `tsresol` is the option's byte: a negative power of ten, of two if the top bit is set.
    `tsoffset` counts seconds.
    """

    tsresol: int
    tsoffset: int

    def nanoseconds(self, ticks: int) -> int:
        """Return the time of `ticks`, rounded down, at the nearest end if 64 bits are too few."""
        exponent = self.tsresol & 0x7F
        if self.tsresol & 0x80:
            value = ticks * SECOND_NS >> exponent
        elif exponent <= 9:
            value = ticks * int(10 ** (9 - exponent))
        else:
            value = ticks // int(10 ** (exponent - 9))
        return min(MAX_NS, max(MIN_NS, value + self.tsoffset * SECOND_NS))
