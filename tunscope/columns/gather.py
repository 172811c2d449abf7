"""Gathering headers from packets of hostile length: fixed widths, zero beyond the captured end."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.batch import SLACK, Bytes, Column

Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@cache
def header_type(width: int, **fields: tuple[str, int]) -> np.dtype[np.void]:
    """Return the type of a header of `width` bytes; each field is (numpy code, offset)."""
    return np.dtype(
        {
            "names": list(fields),
            "formats": [code for code, _ in fields.values()],
            "offsets": [offset for _, offset in fields.values()],
            "itemsize": width,
        }
    )


class ByteWindow:
    """A buffer of packet bytes from which headers are gathered, many at once.

    The buffer ends with `SLACK` bytes that belong to no packet. `take` reads them as zeros for
    the rows that have no header of the kind asked for, so that one gather serves all rows.
    """

    def __init__(self, data: Bytes) -> None:
        if data.ndim != 1 or len(data) < SLACK:
            raise ValueError("a window needs a flat buffer with slack")
        self.data = data
        self._zeros: Final = len(data) - SLACK
        data[self._zeros :] = 0
        self._views: dict[int, npt.NDArray[np.void]] = {}

    def take(
        self, header: np.dtype[np.void], at: Positions, end: Positions, where: Mask | None = None
    ) -> npt.NDArray[np.void]:
        """Return the header at every position `at`; bytes at or behind `end` read as zero.

        Rows outside `where` are all zero. `end` must lie within the packets' part of the buffer
        for every row that is read; `at` may lie behind it.
        """
        width = header.itemsize
        if width > SLACK:
            raise ValueError(f"a header of {width} bytes is wider than the slack")
        left = end - at
        if where is None:
            short = left < width
        else:
            short = where & (left < width)
            at = np.where(where, at, self._zeros)
        if not short.any():
            return self._view(width)[at].view(header)
        rows = np.flatnonzero(short)
        at = at.copy() if where is None else at
        at[rows] = self._zeros
        found = self._view(width)[at]
        left = np.clip(left[rows], 0, width)
        # The last header's bytes are in the buffer even if they are not the packet's.
        start = np.minimum(end[rows] - left, self._zeros)
        whole = self._view(width)[start].view(np.uint8).reshape(-1, width)
        whole[np.arange(width) >= left[:, None]] = 0
        found.view(np.uint8).reshape(-1, width)[rows] = whole
        return found.view(header)

    def _view(self, width: int) -> npt.NDArray[np.void]:
        view = self._views.get(width)
        if view is None:
            # One void item at every byte: numpy gathers such items with one small copy each.
            view = np.ndarray(
                (len(self.data) - width + 1,), f"V{width}", buffer=self.data, strides=(1,)
            )
            self._views[width] = view
        return view


def native(column: Column, code: str) -> Column:
    """Return a header field as a plain column of type `code`, in host order."""
    return column.astype(code)
