"""Series of numbers drawn with braille dots, two across and four down in each cell. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

#: Dots of a cell, across and down.
ACROSS: Final = 2
DOWN: Final = 4
#: The bit of each dot in a character from U+2800 on, rows from the top (Unicode, chapter 21).
_BITS: Final = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint32)
_BLANK: Final = 0x2800
NOBODY: Final = -1

Dots = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Characters by row and column of cells, and the index of the series each belongs to."""

    characters: npt.NDArray[np.uint32]
    owners: npt.NDArray[np.intp]


def curve(values: npt.NDArray[np.float64], most: float, rows: int, *, filled: bool) -> Dots:
    """Return the dots of a series, one dot column a value: `rows` rows, the top one first.

    `most` reaches the top. Values that are not 0 have a dot at least; neighbours are joined, or,
    if it is `filled`, everything below is. Where there is nothing, nothing is drawn.
    """
    levels = np.ceil(np.clip(values / most if most > 0 else values * 0, 0, 1) * rows)
    levels = np.where(values > 0, np.maximum(levels, 1), 0).astype(np.int64)
    low = np.ones_like(levels)
    if not filled and len(levels) > 1:
        # Down to just above the lower neighbour: what is next to nothing stands on the ground.
        around = np.pad(levels, 1, mode="edge")
        low = np.minimum(np.minimum(around[:-2], around[2:]) + 1, levels)
    heights = np.arange(rows, 0, -1)[:, None]
    return (heights <= levels) & (heights >= low)


def drawing(curves: list[Dots]) -> Drawing:
    """Return the curves over each other; the last one lies on top."""
    rows, columns = curves[0].shape
    height, width = rows // DOWN, columns // ACROSS
    characters = np.zeros((height, width), np.uint32)
    owners = np.full((height, width), NOBODY, np.intp)
    for index, dots in enumerate(curves):
        cells = dots.reshape(height, DOWN, width, ACROSS)
        bits = (cells * _BITS[None, :, None, :]).sum(axis=(1, 3)).astype(np.uint32)
        characters |= bits
        owners[bits != 0] = index
    return Drawing(characters + np.uint32(_BLANK), owners)
