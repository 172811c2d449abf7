"""Packet rows that pass a filter: an ascending array that grows at both ends without copying."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.index.memory import reserve

Numbers = npt.NDArray[np.uint32]

_ITEM: Final = 4


class MatchList:
    """Rows of the packet table, ascending. One thread extends it, any thread reads `rows`.

    There is room for rows up to `capacity`, of which those below `before` go in front. Only
    memory that is written to is taken.
    """

    def __init__(self, before: int, capacity: int) -> None:
        memory, _ = reserve(_ITEM, capacity, capacity)
        self._numbers: Final = np.frombuffer(memory, np.uint32)
        self._start = self._stop = before

    @property
    def rows(self) -> Numbers:
        """All rows now; a view that later calls do not change."""
        return self._numbers[self._start : self._stop]

    def __len__(self) -> int:
        return self._stop - self._start

    def extend(self, rows: Numbers) -> None:
        """Add rows behind all others."""
        stop = self._stop + len(rows)
        self._numbers[self._stop : stop] = rows
        self._stop = stop

    def extend_left(self, rows: Numbers) -> None:
        """Add rows in front of all others."""
        start = self._start - len(rows)
        self._numbers[start : self._start] = rows
        self._start = start
