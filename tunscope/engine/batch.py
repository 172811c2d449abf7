"""A run of Enhanced Packet Blocks, scattered over memory, as `writev` wants it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

#: Rows of (address, length): `struct iovec` on a 64-bit machine.
Iovecs: TypeAlias = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole EPBs in order: `sizes[i]` is the length in bytes of the i-th, `iovecs` all of them.

    The memory behind `iovecs` belongs to the source that made the batch and stays as it is until
    the source is told to go on (`release`). That of a `lasting` batch stays until the release of
    the batch after it.
    """

    iovecs: Iovecs
    sizes: npt.NDArray[np.uint32]
    lasting: bool = False

    @property
    def packets(self) -> int:
        """Number of packets."""
        return len(self.sizes)

    @property
    def nbytes(self) -> int:
        """Length in bytes of all blocks together."""
        return int(self.sizes.sum(dtype=np.uint64))

    def split(self, packets: int) -> tuple[Batch, Batch]:
        """Return the first `packets` packets and the others."""
        if packets >= self.packets:
            return self, replace(self, iovecs=self.iovecs[:0], sizes=self.sizes[:0])
        at = int(self.sizes[:packets].sum(dtype=np.uint64))
        return (
            replace(self, iovecs=take_bytes(self.iovecs, at), sizes=self.sizes[:packets]),
            replace(self, iovecs=skip_bytes(self.iovecs, at), sizes=self.sizes[packets:]),
        )

    def packets_within(self, nbytes: int) -> int:
        """Return how many packets it takes to reach `nbytes` bytes (all, if they do not)."""
        ends = np.cumsum(self.sizes, dtype=np.uint64)
        return min(self.packets, int(np.searchsorted(ends, nbytes)) + 1)


def skip_bytes(iovecs: Iovecs, count: int) -> Iovecs:
    """Return what is left of `iovecs` after its first `count` bytes."""
    row, inside = _locate(iovecs, count)
    rest = iovecs[row:].copy()
    if inside:
        rest[0, 0] += np.uint64(inside)
        rest[0, 1] -= np.uint64(inside)
    return rest


def take_bytes(iovecs: Iovecs, count: int) -> Iovecs:
    """Return the first `count` bytes of `iovecs`."""
    row, inside = _locate(iovecs, count)
    if not inside:
        return iovecs[:row]
    first = iovecs[: row + 1].copy()
    first[-1, 1] = inside
    return first


def _locate(iovecs: Iovecs, count: int) -> tuple[int, int]:
    """Return the row that holds byte number `count`, and how many bytes of that row precede it."""
    ends = np.cumsum(iovecs[:, 1], dtype=np.uint64)
    row = int(np.searchsorted(ends, count, side="right"))
    before = int(ends[row - 1]) if row else 0
    return row, count - before
