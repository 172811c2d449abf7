"""Gathering headers from packets of hostile length: fixed widths, zero beyond the captured end."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.batch import SLACK, Bytes, Rows

#: Places in a buffer. The decoders use 32 bits: half the memory to go through.
Positions = npt.NDArray[np.signedinteger[Any]]
Mask = npt.NDArray[np.bool_]
Headers = npt.NDArray[np.void]


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

    The first and the last `SLACK` bytes of `data` belong to no packet and are zero: rows without
    a header read the former, headers at the very end may reach into the latter.
    """

    def __init__(self, data: Bytes) -> None:
        if data.ndim != 1 or len(data) < 2 * SLACK:
            raise ValueError("a window needs a flat buffer with slack on both sides")
        self.data: Final = data
        data[:SLACK] = 0
        data[-SLACK:] = 0
        self._views: Final[dict[int, Headers]] = {}

    def take(
        self, header: np.dtype[np.void], at: Positions, end: Positions, where: Mask | None = None
    ) -> Headers:
        """Return the header at every position `at`; bytes at or behind `end` read as zero.

        Rows outside `where` are all zero.
        """
        found, short = self._gather(header.itemsize, at, end, where)
        if len(short):
            self._fill(found, short, at[short], end[short])
        return found.view(header)

    def take_whole(
        self, header: np.dtype[np.void], at: Positions, end: Positions, where: Mask | None = None
    ) -> tuple[Headers, Rows]:
        """Return the header at every position `at`, all zero where `end` cuts it short.

        Rows outside `where` are all zero, too. Also return the rows that were cut short.
        """
        found, short = self._gather(header.itemsize, at, end, where)
        return found.view(header), short

    def take_wide(self, header: np.dtype[np.void], at: Positions, where: Mask) -> Headers:
        """Return the bytes at every position `at` in a packet, whatever comes after the packet.

        Rows outside `where` are all zero. The caller masks what it has not checked.
        """
        return self._view(header.itemsize)[at * where].view(header)

    def take_anything(self, header: np.dtype[np.void], at: Positions) -> Headers:
        """Return the bytes at every position `at` in a packet, whatever comes after the packet."""
        return self._view(header.itemsize)[at].view(header)

    def _gather(
        self, width: int, at: Positions, end: Positions, where: Mask | None
    ) -> tuple[Headers, Rows]:
        cut = end - at < width
        if where is not None:
            cut &= where
            # Masking by multiplication is several times faster than a choice.
            at = at * where
        if not cut.any():
            return self._view(width)[at], np.zeros(0, np.intp)
        short = np.flatnonzero(cut)
        at = at.copy() if where is None else at
        at[short] = 0
        return self._view(width)[at], short

    def _fill(self, found: Headers, rows: Rows, at: Positions, end: Positions) -> None:
        """Put what was captured of the headers in `rows` in front of zeros."""
        width = found.dtype.itemsize
        left = np.maximum(end - at, 0)
        # A header that starts in a packet may be read whole: slack follows the last one.
        part = self._view(width)[np.where(left > 0, at, 0)].view(np.uint8).reshape(-1, width)
        part[np.arange(width) >= left[:, None]] = 0
        found.view(np.uint8).reshape(-1, width)[rows] = part

    def _view(self, width: int) -> Headers:
        view = self._views.get(width)
        if view is None:
            if width > SLACK:
                raise ValueError(f"a header of {width} bytes is wider than the slack")
            # One void item at every byte: numpy gathers such items with one small copy each.
            view = np.ndarray(
                (len(self.data) - width + 1,), f"V{width}", buffer=self.data, strides=(1,)
            )
            self._views[width] = view
        return view
