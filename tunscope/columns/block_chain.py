"""Chains of enhanced packet blocks, found in one vectorised pass over a chunk."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.capfile.blocks import BlockType

WordPositions = npt.NDArray[np.int64]

_ENHANCED: Final = np.uint32(BlockType.ENHANCED_PACKET)
#: Words of the smallest enhanced packet block.
_LEAST: Final = 8


class BlockChains:
    """All enhanced packet blocks that `words[begin:end]` may hold, by their place in words.

    A candidate is a word equal to the block type whose block ends within bounds, in the same
    length as it starts with. Payload may look like that too, so a candidate counts only as part
    of a chain from a place that is known to start a block.
    """

    def __init__(self, words: npt.NDArray[np.uint32], begin: int, end: int) -> None:
        starts = _sparse_nonzero(words[begin : max(begin, end - 1)] == _ENHANCED) + begin
        totals = words[starts + 1]
        sizes = (totals >> 2).astype(np.int64)
        ends = starts + sizes
        whole = (ends <= end) & (sizes >= _LEAST) & (totals & 3 == 0)
        starts, totals, ends = starts[whole], totals[whole], ends[whole]
        same = words[ends - 1] == totals
        self._starts: Final = starts[same]
        self._ends: Final = ends[same]
        self._breaks: Final = np.append(
            np.flatnonzero(self._starts[1:] != self._ends[:-1]), len(self._starts) - 1
        )

    def chain(self, position: int) -> tuple[WordPositions, int]:
        """Return the unbroken chain of blocks from `position`, and where it ends.

        The chain is empty if no whole enhanced packet block starts there.
        """
        first = int(np.searchsorted(self._starts, position))
        if first == len(self._starts) or self._starts[first] != position:
            return self._starts[:0], position
        last = int(self._breaks[np.searchsorted(self._breaks, first)])
        return self._starts[first : last + 1], int(self._ends[last])


def _sparse_nonzero(flags: npt.NDArray[np.bool_]) -> WordPositions:
    """Return what `np.flatnonzero` does, in two thirds of the time where few flags are set."""
    whole = len(flags) & ~7
    eights = flags[:whole].view(np.uint64)
    groups = np.flatnonzero(eights != 0)
    found = np.flatnonzero(eights[groups].view(np.bool_))
    head = groups[found >> 3] * 8 + (found & 7)
    return np.concatenate([head, np.flatnonzero(flags[whole:]) + whole])
