"""Packets and bytes in two directions, first and last times: by dense ids, many at once."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Ids = npt.NDArray[np.intp]

_FIRST_ROOM: Final = 256
#: What first and last times are before any packet with a time.
LATEST: Final = np.iinfo(np.int64).max
EARLIEST: Final = np.iinfo(np.int64).min


class PairCounts:
    """Totals of pairs of endpoints with ids 0, 1, 2 ...; way 0 is that of the first packet.

    `packets` and `octets` have one row a pair and one column a way; `first_ns` and `last_ns` are
    nanoseconds since 1970, LATEST and EARLIEST where no packet has a time.
    """

    def __init__(self) -> None:
        self._count = 0
        self._packets = np.zeros((_FIRST_ROOM, 2), np.int64)
        self._octets = np.zeros((_FIRST_ROOM, 2), np.int64)
        self._first = np.full(_FIRST_ROOM, LATEST, np.int64)
        self._last = np.full(_FIRST_ROOM, EARLIEST, np.int64)

    @property
    def packets(self) -> Numbers:
        """Packets of every pair, both ways."""
        return self._packets[: self._count]

    @property
    def octets(self) -> Numbers:
        """Bytes of the packets as they were on the device."""
        return self._octets[: self._count]

    @property
    def first_ns(self) -> Numbers:
        """The earliest time of every pair."""
        return self._first[: self._count]

    @property
    def last_ns(self) -> Numbers:
        """The latest time of every pair."""
        return self._last[: self._count]

    def add(
        self,
        ids: Ids,
        ways: npt.NDArray[np.bool_],
        octets: Numbers,
        times: Numbers,
        timed: npt.NDArray[np.bool_],
    ) -> None:
        """Count packets: their pairs, ways, bytes and times, which count where `timed` says so."""
        if not len(ids):
            return
        self._make_room(int(ids.max()) + 1)
        sides = ids * 2 + ways
        order = np.argsort(sides, kind="stable")
        ordered = sides[order]
        starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        found = ordered[starts]
        self._packets.reshape(-1)[found] += np.diff(np.append(starts, len(ordered)))
        self._octets.reshape(-1)[found] += np.add.reduceat(octets[order], starts)
        earliest = np.minimum.reduceat(np.where(timed, times, LATEST)[order], starts)
        latest = np.maximum.reduceat(np.where(timed, times, EARLIEST)[order], starts)
        np.minimum.at(self._first, found // 2, earliest)
        np.maximum.at(self._last, found // 2, latest)

    def _make_room(self, count: int) -> None:
        self._count = max(self._count, count)
        room = len(self._first)
        if count <= room:
            return
        more = max(count, 2 * room) - room
        self._packets = np.concatenate([self._packets, np.zeros((more, 2), np.int64)])
        self._octets = np.concatenate([self._octets, np.zeros((more, 2), np.int64)])
        self._first = np.append(self._first, np.full(more, LATEST, np.int64))
        self._last = np.append(self._last, np.full(more, EARLIEST, np.int64))
