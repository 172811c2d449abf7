"""The bytes of a stream by their place in it, read from the packets when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from tunscope.index.capture import CaptureIndex
    from tunscope.index.following.pieces import PieceTable

#: What stands for a byte whose packet is no longer kept.
_GONE: Final = ord("?")


class StreamBytes:
    """The bytes of `table`, one behind the other; gaps take no place."""

    def __init__(self, index: CaptureIndex, table: PieceTable) -> None:
        self.table: Final = table
        self._index: Final = index
        #: Where each piece ends.
        self.ends: Final = np.cumsum(table.length)

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def piece_at(self, offset: int) -> int:
        """Return the piece that holds byte `offset`; the number of pieces behind the last byte."""
        return int(np.searchsorted(self.ends, offset, "right"))

    def start_of(self, piece: int) -> int:
        """Return where a piece starts."""
        return int(self.ends[piece] - self.table.length[piece])

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to `stop`, as far as there are any."""
        start, stop = max(0, start), min(stop, len(self))
        if start >= stop:
            return b""
        first, last = self.piece_at(start), self.piece_at(stop - 1) + 1
        begin = self.start_of(first)
        return self._pieces(first, last)[start - begin : stop - begin]

    def _pieces(self, first: int, last: int) -> bytes:
        """Return the bytes of pieces `first` to `last`, exclusive."""
        table = self.table
        wanted = table.row[first:last]
        kept = wanted[wanted >= self._index.first_number - 1]
        packets: dict[int, bytes] = {}
        for piece in self._index.reader.read_packets(0, np.unique(kept).astype(np.intp)):
            data = piece.data.tobytes()
            for row, start, caplen in zip(
                piece.rows.tolist(), piece.starts.tolist(), piece.caplens.tolist(), strict=True
            ):
                packets[row] = data[start : start + caplen]
        found = bytearray()
        for row, place, length in zip(
            wanted.tolist(),
            table.place[first:last].tolist(),
            table.length[first:last].tolist(),
            strict=True,
        ):
            data = packets.get(row, b"")[place : place + length]
            found += data.ljust(length, bytes([_GONE]))
        return bytes(found)
