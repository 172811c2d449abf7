"""TCP segments that may bring old payload, found for whole runs by their sequence numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.layout import Layer

if TYPE_CHECKING:
    from tunscope.columns.batch import Level
    from tunscope.filter.columnar.run import Run
    from tunscope.filter.columnar.verdict import Mask

_SEGMENT: Final = np.uint32(Layer.TCP | Layer.TCP_COMPLETE)
_ODD: Final = np.uint32(Layer.FRAGMENT | Layer.EXTENSION | Layer.MALFORMED | Layer.CUT)
_REVERSE: Final = np.uint32(Layer.REVERSE)
_SYN_FIN: Final = 0x03
_FULL: Final = 0xFFFF
#: Sequence numbers further apart than this are not compared: they may have gone round.
_FAR: Final = 1 << 29
#: Keeps the numbers of one side above all those of the sides before it.
_APART: Final = np.int64(1 << 34)


class SegmentOrder:
    """Up to where each side of each conversation has sent; fed with a capture's runs in order.

    Keeps ten bytes a conversation's side.
    """

    def __init__(self) -> None:
        self._next: npt.NDArray[np.uint32] = np.zeros(0, np.uint32)
        self._known: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)
        #: Sides whose order columns do not tell for certain.
        self._unsure: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)

    def may_be_old(self, run: Run) -> Mask:
        """Return the packets whose segment does not go on where its side's furthest one ended,
        but before: all that can repeat or come late, and more where it is not certain."""
        self._reserve(run)
        for level in run.levels[1:]:
            inner = level["flow"][level["layers"] & _SEGMENT == _SEGMENT].astype(np.int64)
            self._distrust(inner)
        level = run.levels[0]
        segments = (level["layers"] & _SEGMENT == _SEGMENT) & (level["flow"] != 0)
        odd = segments & ((level["layers"] & _ODD != 0) | (level["payload_len"] == _FULL))
        if run.doubtful is not None:
            odd |= segments & run.doubtful
        self._distrust(level["flow"][odd].astype(np.int64))
        old: Mask = np.zeros(run.count, np.bool_)
        rows = np.flatnonzero(segments)
        if len(rows):
            old[rows] = self._take_in(level, rows)
        return old

    def _take_in(self, level: Level, rows: npt.NDArray[np.intp]) -> Mask:
        reverse = level["layers"][rows] & _REVERSE != 0
        sides = level["flow"][rows].astype(np.int64) * 2 + reverse
        order = np.argsort(sides, kind="stable")
        sides, rows = sides[order], rows[order]
        firsts = np.append(True, sides[1:] != sides[:-1])
        groups = np.cumsum(firsts) - 1
        begins = np.flatnonzero(firsts)
        sequence = level["seq"][rows]
        control = level["tcp_flags"][rows] & _SYN_FIN != 0
        following = sequence + level["payload_len"][rows].astype(np.uint32) + control
        following = following.astype(np.uint32)
        known = self._known[sides[begins]]
        bases = np.where(known, self._next[sides[begins]], sequence[begins])
        place = (sequence - bases[groups]).view(np.int32).astype(np.int64)
        stop = (following - bases[groups]).view(np.int32).astype(np.int64)
        far = (np.abs(place) > _FAR) | (np.abs(stop) > _FAR)
        self._unsure[sides[far]] = True
        stop[begins] = np.where(known, np.maximum(stop[begins], 0), stop[begins])
        reached = np.maximum.accumulate(stop + groups * _APART) - groups * _APART
        before = np.append(np.int64(0), reached[:-1])
        # The first segment of a side follows nothing, or what the runs before have brought.
        before[begins] = np.where(known, 0, place[begins])
        old = (before > place) | self._unsure[sides]
        ends = np.append(begins[1:], len(sides)) - 1
        self._next[sides[ends]] = (bases + reached[ends]).astype(np.uint32)
        self._known[sides[ends]] = True
        result = np.zeros(len(old), np.bool_)
        result[order] = old
        return result

    def _distrust(self, flows: npt.NDArray[np.int64]) -> None:
        self._unsure[flows * 2] = True
        self._unsure[flows * 2 + 1] = True

    def _reserve(self, run: Run) -> None:
        most = 2 * max(int(level["flow"].max(initial=0)) for level in run.levels) + 2
        if most > len(self._next):
            more = max(most, 2 * len(self._next)) - len(self._next)
            self._next = np.append(self._next, np.zeros(more, np.uint32))
            self._known = np.append(self._known, np.zeros(more, np.bool_))
            self._unsure = np.append(self._unsure, np.zeros(more, np.bool_))
