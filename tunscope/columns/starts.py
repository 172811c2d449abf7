"""Where header stacks of the next level start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.batch import Rows
from tunscope.columns.gather import Positions
from tunscope.columns.layout import Layer
from tunscope.columns.stack import HeaderStack

_NO_LAYER: Final = Layer(0)


@dataclass(frozen=True, slots=True)
class Starts:
    """Starts of the next level, one entry each.

    `rows` are those of the level that holds them. `kind` is a LinkType or PseudoLink, for
    PAYLOAD `ethertype` says what follows. `end` and `wire_end` are as in `HeaderStack`.
    """

    rows: Rows
    at: Positions
    end: Positions
    wire_end: Positions
    kind: npt.NDArray[np.uint16]
    ethertype: npt.NDArray[np.uint16]
    #: Layer bits that the level begins with.
    layers: npt.NDArray[np.uint32]


class StartList:
    """Starts found so far."""

    def __init__(self, stack: HeaderStack) -> None:
        self._stack: Final = stack
        self.pieces: Final[list[Starts]] = []

    def add(
        self,
        rows: Rows,
        at: Positions,
        kind: int | npt.NDArray[np.uint16],
        ethertype: int | npt.NDArray[np.uint16] = 0,
        *,
        layers: Layer = _NO_LAYER,
        end: Positions | None = None,
    ) -> None:
        """Note a start in each of `rows`, unless nothing was captured there.

        The new level begins with the bits `layers` and ends where its outer one does, or at
        `end`.
        """
        limit = self._stack.end[rows]
        if end is not None:
            limit = np.minimum(limit, end)
        kinds = np.broadcast_to(np.asarray(kind, np.uint16), len(rows))
        types = np.broadcast_to(np.asarray(ethertype, np.uint16), len(rows))
        there = at < limit
        rows = rows[there]
        if len(rows):
            self.pieces.append(
                Starts(
                    rows,
                    at[there],
                    limit[there],
                    self._stack.wire_end[rows],
                    kinds[there],
                    types[there],
                    np.full(len(rows), layers, np.uint32),
                )
            )

    def joined(self) -> Starts | None:
        """Return all starts in the order of their rows."""
        if not self.pieces:
            return None
        columns = [
            np.concatenate([getattr(piece, name) for piece in self.pieces])
            for name in Starts.__slots__
        ]
        order = np.argsort(columns[0], kind="stable")
        return Starts(*(column[order] for column in columns))
