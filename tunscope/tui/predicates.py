"""Predicates over the index that no filter language knows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy.typing as npt

    from tunscope.index.capture import CaptureIndex
    from tunscope.index.filtering import Predicate


def marked(numbers: Collection[int]) -> Predicate:
    """Return a predicate that the packets with these numbers pass, and no others."""
    rows = np.array(sorted(numbers), dtype=np.int64) - 1

    def predicate(index: CaptureIndex, start: int, stop: int) -> npt.NDArray[np.bool_]:
        del index
        passing = np.zeros(stop - start, dtype=np.bool_)
        first, last = np.searchsorted(rows, (start, stop))
        passing[rows[first:last] - start] = True
        return passing

    return predicate


def every(predicates: Sequence[Predicate]) -> Predicate | None:
    """Return a predicate that packets pass which pass all of `predicates`; None for none."""
    if len(predicates) < 2:
        return predicates[0] if predicates else None

    def predicate(index: CaptureIndex, start: int, stop: int) -> npt.NDArray[np.bool_]:
        passing = predicates[0](index, start, stop)
        for further in predicates[1:]:
            if not passing.any():
                break
            passing = passing & further(index, start, stop)
        return passing

    return predicate
