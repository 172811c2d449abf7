"""Which packets belong to a conversation, and which conversation a packet belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.columns.layout import NO_ID, Layer

if TYPE_CHECKING:
    from tunscope.columns.batch import ColumnBatch, Rows
    from tunscope.index.capture import CaptureIndex
    from tunscope.index.selection import Selection

_PIECE: Final = 1 << 16


def flow_of_row(index: CaptureIndex, row: int) -> int:
    """Return the id of the innermost TCP or UDP conversation of a packet, 0 if it has none.

    What an ICMP error quotes is a conversation of other packets.
    """
    batch = index.batch(row, row + 1)
    for level in reversed(batch.levels):
        for flow, layers in zip(
            level["flow"].tolist()[::-1], level["layers"].tolist()[::-1], strict=True
        ):
            if flow != NO_ID and not layers & Layer.QUOTED:
                return int(flow)
    return NO_ID


def rows_of_flow(index: CaptureIndex, flow: int) -> list[int]:
    """Return all rows of a conversation that are there now, ascending."""
    found: list[int] = []
    for start in range(index.first_number - 1, index.count, _PIECE):
        batch = index.batch(start, min(start + _PIECE, index.count))
        found += _rows_of(batch, flow).tolist()
    return found


def neighbour_in_flow(selection: Selection, flow: int, row: int, step: int) -> int | None:
    """Return the next (1) or previous (-1) selected row of a conversation, None if there is none.

    Only what the selection knows by now is looked at.
    """
    index = selection.index
    if step > 0:
        count = index.count
        starts = range(row + 1, count, _PIECE)
        pieces = [(start, min(start + _PIECE, count)) for start in starts]
    else:
        first = index.first_number - 1
        pieces = [(max(first, stop - _PIECE), stop) for stop in range(row, first, -_PIECE)]
    for start, stop in pieces:
        rows = _rows_of(index.batch(start, stop), flow)
        rows = rows[np.isin(rows, selection.rows(start, stop), assume_unique=True)]
        if len(rows):
            return int(rows[0] if step > 0 else rows[-1])
    return None


def _rows_of(batch: ColumnBatch, flow: int) -> Rows:
    mine = np.zeros(batch.count, np.bool_)
    for level in batch.levels:
        found = (level["flow"] == flow) & (level["layers"] & np.uint32(Layer.QUOTED) == 0)
        mine[level.rows[found]] = True
    return np.flatnonzero(mine) + batch.start
