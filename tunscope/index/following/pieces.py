"""What a stream is made of: runs of payload bytes in packets, and gaps. No bytes are held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.growing import GrowingArray

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PieceTable:
    """Pieces in the order in which they are shown, as columns of equal length.

    A piece is `length` bytes from `place` on in the packet of `row`, said by side `way` (0 sent
    the first packet). In a gap, `missing` bytes are not there and `length` is 0; `row` is that of
    the packet behind the gap.
    """

    row: Numbers
    place: Numbers
    length: Numbers
    way: npt.NDArray[np.uint8]
    missing: Numbers

    def __len__(self) -> int:
        return len(self.row)


class Pieces:
    """A stream that grows at its end. It belongs to one thread; tables go anywhere."""

    def __init__(self) -> None:
        self._row: Final = GrowingArray("i8")
        self._place: Final = GrowingArray("i8")
        self._length: Final = GrowingArray("i8")
        self._way: Final = GrowingArray("u1")
        self._missing: Final = GrowingArray("i8")
        self._new: list[tuple[int, int, int, int, int]] = []

    def __len__(self) -> int:
        return len(self._row) + len(self._new)

    def add(self, row: int, place: int, length: int, way: int) -> None:
        """Add bytes; none are no piece."""
        if length > 0:
            self._new.append((row, place, length, way, 0))

    def add_gap(self, row: int, missing: int, way: int) -> None:
        """Add a gap of `missing` bytes in front of what `row` brings."""
        if missing > 0:
            self._new.append((row, 0, 0, way, missing))

    def table(self) -> PieceTable:
        """Return all pieces added so far."""
        if self._new:
            columns = np.array(self._new, np.int64)
            self._new.clear()
            arrays = (self._row, self._place, self._length, self._way, self._missing)
            for array, column in zip(arrays, columns.T, strict=True):
                array.extend(column)
        return PieceTable(
            self._row.values,
            self._place.values,
            self._length.values,
            self._way.values,
            self._missing.values,
        )


def of_side(table: PieceTable, way: int) -> PieceTable:
    """Return the pieces of one side only."""
    kept = table.way == way
    return PieceTable(
        table.row[kept],
        table.place[kept],
        table.length[kept],
        table.way[kept],
        table.missing[kept],
    )
