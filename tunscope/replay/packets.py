"""The plan of a replay as the player reads it: a chunk of packets at a time."""

from __future__ import annotations

import os
from typing import Final

import numpy as np

from tunscope.errors import UsageError
from tunscope.replay.plan import ENTRY, LARGEST_PACKET

_LAYOUT: Final = np.dtype(
    [
        ("offset", "<u8"), ("due", "<u8"), ("length", "<u4"), ("number", "<u4"), ("side", "<u4"),
        ("zero", "<u4"),
    ]
)  # fmt: skip
_CHUNK_PACKETS: Final = 1024
_CHUNK_BYTES: Final = 4 << 20
#: A plan with no more bytes is read once, however often it is played.
_KEPT_BYTES: Final = 64 << 20
_MOST_STRAY: Final = 16 * _CHUNK_PACKETS


class PacketChunk:
    """Packets of a plan from `first` on, in one piece of memory that stays while this does."""

    def __init__(self, first: int, rows: np.ndarray, buffer: bytearray) -> None:
        self.first: Final = first
        self.count: Final = len(rows)
        self.due: list[int] = rows["due"].tolist()
        self.length: list[int] = rows["length"].tolist()
        self.number: list[int] = rows["number"].tolist()
        self.side: list[int] = rows["side"].tolist()
        self._starts: list[int] = (rows["offset"] - rows["offset"][0]).tolist()
        self._view = memoryview(buffer)
        memory = np.frombuffer(buffer, np.uint8)
        self.iovecs = np.empty((len(rows), 2), np.uint64)
        self.iovecs[:, 0] = rows["offset"] - rows["offset"][0] + memory.ctypes.data
        self.iovecs[:, 1] = rows["length"]

    def packet(self, index: int) -> memoryview:
        """Return the bytes of one packet of the chunk."""
        start = self._starts[index]
        return self._view[start : start + self.length[index]]


class PlanReader:
    """The packets of a plan, read from two descriptors, which stay the caller's."""

    def __init__(self, entries_fd: int, packets_fd: int) -> None:
        """UsageError if the two do not fit together."""
        self._packets_fd = packets_fd
        size = os.fstat(entries_fd).st_size
        raw = os.pread(entries_fd, size, 0)
        if len(raw) != size or size % ENTRY.size:
            raise UsageError("replay", "the plan is damaged")
        self._rows = np.frombuffer(raw, _LAYOUT)
        size = os.fstat(packets_fd).st_size
        self._check(size)
        self._keeps = size <= _KEPT_BYTES
        self._kept: dict[int, PacketChunk] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def sides(self) -> set[int]:
        """Return the sides that packets go to."""
        return set(np.unique(self._rows["side"]).tolist())

    def read_from(self, packets_fd: int) -> None:
        """Go on with another descriptor of the same file of packets."""
        self._packets_fd = packets_fd

    def position_at(self, due_ns: int) -> int:
        """Return the first packet that is due at that time of a pass or later."""
        return int(np.searchsorted(self._rows["due"], due_ns))

    def chunk(self, first: int) -> PacketChunk:
        """Return the packets from `first` on, at least one; OSError if they cannot be read."""
        if first in self._kept:
            return self._kept[first]
        chunk = self._read(first)
        if self._keeps:
            if len(self._kept) * _CHUNK_PACKETS > 2 * len(self._rows) + _MOST_STRAY:
                self._kept.clear()  # somebody jumped about: these overlap
            self._kept[first] = chunk
        return chunk

    def _read(self, first: int) -> PacketChunk:
        rows = self._rows[first : first + _CHUNK_PACKETS]
        ends = rows["offset"] + rows["length"] - rows["offset"][0]
        rows = rows[: max(1, int(np.searchsorted(ends, _CHUNK_BYTES, "right")))]
        buffer = bytearray(int(ends[len(rows) - 1]))
        if os.preadv(self._packets_fd, [buffer], int(rows["offset"][0])) != len(buffer):
            raise OSError(5, "the packets of the replay were cut short")
        return PacketChunk(first, rows, buffer)

    def _check(self, size: int) -> None:
        rows = self._rows
        if not len(rows):
            raise UsageError("replay", "the plan is empty")
        ends = rows["offset"] + rows["length"]
        sound = (
            bool((rows["length"] > 0).all())
            and bool((rows["length"] <= LARGEST_PACKET).all())
            and bool((rows["side"] <= 1).all())
            and bool((rows["due"] < 1 << 62).all())
            and bool((rows["offset"][1:] == ends[:-1]).all())
            and int(rows["offset"][0]) == 0
            and int(ends[-1]) <= size
        )
        if not sound:
            raise UsageError("replay", "the plan is damaged")
