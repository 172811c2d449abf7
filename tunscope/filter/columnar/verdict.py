"""What is known of a test over a run of packets: it holds, it does not, or it is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Verdict:
    """For every packet of a run: `holds` where the test holds for certain, `open` where it is
    not known. The two never overlap; `open` is None where everything is known."""

    holds: Mask
    open: Mask | None = None

    def negated(self) -> Verdict:
        """Return the verdict on the opposite."""
        holds = ~self.holds if self.open is None else ~(self.holds | self.open)
        return Verdict(holds, self.open)

    def both(self, other: Verdict) -> Verdict:
        """Return the verdict on both tests holding."""
        holds = self.holds & other.holds
        if self.open is None and other.open is None:
            return Verdict(holds)
        return Verdict(holds, self._possible() & other._possible() & ~holds)

    def either(self, other: Verdict) -> Verdict:
        """Return the verdict on one test holding at least."""
        holds = self.holds | other.holds
        opened = _union(self.open, other.open)
        return Verdict(holds) if opened is None else Verdict(holds, opened & ~holds)

    def except_for(self, rows: Mask | None) -> Verdict:
        """Return this verdict with `rows` left open."""
        if rows is None:
            return self
        opened = rows if self.open is None else self.open | rows
        return Verdict(self.holds & ~rows, opened)

    def _possible(self) -> Mask:
        return self.holds if self.open is None else self.holds | self.open


def _union(left: Mask | None, right: Mask | None) -> Mask | None:
    if left is None or right is None:
        return right if left is None else left
    return left | right
