"""Packets that tunscope itself made, as records beside those that the device brought."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from tunscope.capfile.blocks import enhanced_packet
from tunscope.engine.batch import Batch
from tunscope.packet.record import PacketRecord


class Record(Protocol):
    """Writes a packet to the capture and returns its number there."""

    def __call__(
        self, data: bytes, ts_ns: int, flags: int, comments: tuple[str, ...],
        packet_id: int | None = None,
    ) -> int:  # fmt: skip
        """Queue the record."""


class OwnRecords:
    """Records that wait to be written, as blocks of at most `snaplen` bytes of packet each."""

    def __init__(self, snaplen: int) -> None:
        self._snaplen = snaplen
        self._waiting: list[bytes] = []
        self._taken: np.ndarray[tuple[int], np.dtype[np.uint8]] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def add(
        self,
        data: bytes,
        ts_ns: int,
        flags: int,
        comments: tuple[str, ...],
        packet_id: int | None = None,
    ) -> None:
        """Queue one packet."""
        kept = data[: self._snaplen]
        record = PacketRecord(
            kept, ts_ns, len(data), 0, flags=flags, comments=comments, packet_id=packet_id
        )
        self._waiting.append(enhanced_packet(record))

    def take(self) -> Batch | None:
        """Return all that waits, None if nothing does; its memory stays until the next call."""
        if not self._waiting:
            return None
        blocks, self._waiting = self._waiting, []
        self._taken = np.frombuffer(b"".join(blocks), np.uint8)
        iovecs = np.array([[self._taken.ctypes.data, len(self._taken)]], np.uint64)
        return Batch(iovecs, np.array([len(block) for block in blocks], np.uint32))
