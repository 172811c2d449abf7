"""Arrays that grow at their end, by doubling."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

_FIRST: Final = 1024


class GrowingArray:
    """A flat array that one thread appends to and any thread reads.

    A view taken from `values` keeps what it showed; entries changed later through `values` of
    the appending thread may show in it or not.
    """

    def __init__(self, code: str) -> None:
        self._array = np.zeros(_FIRST, code)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Bytes of memory taken."""
        return self._array.nbytes

    @property
    def values(self) -> npt.NDArray[Any]:
        """All entries."""
        array = self._array
        return array[: self._count]

    def extend(self, values: npt.NDArray[Any]) -> None:
        """Append entries."""
        start, stop = self._count, self._count + len(values)
        if stop > len(self._array):
            larger = np.zeros(max(stop, 2 * len(self._array)), self._array.dtype)
            larger[:start] = self._array[:start]
            self._array = larger
        self._array[start:stop] = values
        self._count = stop
