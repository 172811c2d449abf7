"""Conversations by Ethernet, IPv4, IPv6, TCP and UDP: who spoke with whom, how much, when.

A packet counts in every conversation that one of its headers belongs to, those in tunnels too,
with the bytes of the whole packet; headers that an ICMP error quotes do not count. TCP and UDP
conversations are those that tshark numbers tcp.stream and udp.stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.keytable import KeyTable
from tunscope.columns.layout import Layer, RecordFlag
from tunscope.index.statistics.counts import Ids, Numbers, PairCounts

if TYPE_CHECKING:
    from tunscope.columns.batch import Column, ColumnBatch, Level, Rows

_HALF: Final = np.uint64(32)


class Kind(Enum):
    """What the two ends of a conversation are."""

    ETHERNET = "Ethernet"
    IPV4 = "IPv4"
    IPV6 = "IPv6"
    TCP = "TCP"
    UDP = "UDP"

    @property
    def has_ports(self) -> bool:
        """Whether an end is an address and a port."""
        return self in {Kind.TCP, Kind.UDP}


_LAYERS: Final = {
    Kind.ETHERNET: Layer.ETHERNET,
    Kind.IPV4: Layer.IPV4 | Layer.ADDRESSES,
    Kind.IPV6: Layer.IPV6 | Layer.ADDRESSES,
    Kind.TCP: Layer.TCP | Layer.PORTS,
    Kind.UDP: Layer.UDP | Layer.PORTS,
}


@dataclass(frozen=True, slots=True)
class Conversations:
    """All conversations of a kind, as columns of equal length.

    End a sent the first packet. Addresses are numbers for IPv4, ids of the capture's
    `AddressBook` for Ethernet and IPv6; `ipv6` says which for TCP and UDP. `stream` is the
    stream number of TCP and UDP. `packets` and `octets` have two columns, a to b and b to a.
    Times are nanoseconds since 1970, LATEST and EARLIEST of `counts` where there are none.
    """

    kind: Kind
    address_a: npt.NDArray[np.uint32]
    port_a: npt.NDArray[np.uint16]
    address_b: npt.NDArray[np.uint32]
    port_b: npt.NDArray[np.uint16]
    ipv6: npt.NDArray[np.bool_]
    stream: npt.NDArray[np.uint32]
    packets: Numbers
    octets: Numbers
    first_ns: Numbers
    last_ns: Numbers

    def __len__(self) -> int:
        return len(self.address_a)


class _Ends:
    """Who the ends of pairs are, as the first packet of each pair has them."""

    def __init__(self) -> None:
        self.address_a = np.zeros(0, np.uint32)
        self.port_a = np.zeros(0, np.uint16)
        self.address_b = np.zeros(0, np.uint32)
        self.port_b = np.zeros(0, np.uint16)
        self.ipv6 = np.zeros(0, np.bool_)
        self.reverse = np.zeros(0, np.bool_)
        self.stream = np.zeros(0, np.uint32)
        self.known = np.zeros(0, np.bool_)

    def make_room(self, count: int) -> None:
        room = len(self.known)
        if count > room:
            size = max(count, 2 * room, 256)
            for name, column in vars(self).items():
                larger = np.zeros(size, column.dtype)
                larger[:room] = column
                setattr(self, name, larger)


class _PairTally:
    """The conversations of one kind."""

    def __init__(self, kind: Kind) -> None:
        self.kind: Final = kind
        self._counts: Final = PairCounts()
        self._ends: Final = _Ends()
        self._keys: Final = KeyTable(1)

    def add(self, batch: ColumnBatch, level: Level, entries: Rows) -> None:
        """Count entries of a level, which have the kind's layers."""
        columns = {name: level[name][entries] for name in ("src", "dst", "layers")}
        if self.kind is Kind.ETHERNET:
            columns.update(src=level["mac_src"][entries], dst=level["mac_dst"][entries])
        ids, reverse = self._identify(columns, level, entries)
        if self.kind.has_ports:
            entries, reverse = entries[ids > 0], reverse[ids > 0]
            columns = {name: column[ids > 0] for name, column in columns.items()}
            ids = ids[ids > 0]
        if not len(ids):
            return
        self._introduce(batch, level, entries, ids, reverse, columns)
        outer, rows = batch.levels[0], level.rows[entries]
        self._counts.add(
            ids,
            reverse != self._ends.reverse[ids],
            outer["origlen"][rows].astype(np.int64),
            outer["ts_ns"][rows],
            outer["flags"][rows] & RecordFlag.NO_TIMESTAMP == 0,
        )

    def _identify(
        self, columns: dict[str, Column], level: Level, entries: Rows
    ) -> tuple[Ids, npt.NDArray[np.bool_]]:
        """Return the pair of each entry and whether it goes the other way round."""
        if self.kind.has_ports:
            reverse = columns["layers"] & np.uint32(Layer.REVERSE) != 0
            return level["flow"][entries].astype(np.intp), reverse
        src, dst = columns["src"].astype(np.uint64), columns["dst"].astype(np.uint64)
        keys = np.minimum(src, dst) << _HALF | np.maximum(src, dst)
        return self._keys.number(keys).astype(np.intp), src > dst

    def _introduce(
        self,
        batch: ColumnBatch,
        level: Level,
        entries: Rows,
        ids: Ids,
        reverse: npt.NDArray[np.bool_],
        columns: dict[str, Column],
    ) -> None:
        """Take note of the ends of pairs that are met for the first time."""
        ends = self._ends
        ends.make_room(int(ids.max()) + 1)
        unknown = np.flatnonzero(~ends.known[ids])
        if not len(unknown):
            return
        new, places = np.unique(ids[unknown], return_index=True)
        places = unknown[places]
        ends.known[new] = True
        ends.reverse[new] = reverse[places]
        ends.address_a[new], ends.address_b[new] = columns["src"][places], columns["dst"][places]
        ends.ipv6[new] = columns["layers"][places] & np.uint32(Layer.IPV6 | Layer.IPV4) == int(
            Layer.IPV6
        )
        if self.kind.has_ports:
            ends.port_a[new] = level["sport"][entries][places]
            ends.port_b[new] = level["dport"][entries][places]
            ends.stream[new] = batch.flows.streams[new]

    @property
    def size(self) -> int:
        """How many conversations there are."""
        return int(np.count_nonzero(self._ends.known))

    def table(self) -> Conversations:
        """Return a copy of what has been counted."""
        counts, ends = self._counts, self._ends
        met = np.flatnonzero(counts.packets.any(axis=1))
        return Conversations(
            self.kind,
            ends.address_a[met],
            ends.port_a[met],
            ends.address_b[met],
            ends.port_b[met],
            ends.ipv6[met],
            ends.stream[met],
            counts.packets[met],
            counts.octets[met],
            counts.first_ns[met],
            counts.last_ns[met],
        )


class ConversationTally:
    """Counts the conversations of all kinds; a `gathering.Tally`."""

    def __init__(self) -> None:
        self._pairs: Final = {kind: _PairTally(kind) for kind in Kind}

    def add(self, batch: ColumnBatch, rows: Rows) -> None:
        """Count the packets `rows` of `batch`."""
        chosen = np.zeros(batch.count, np.bool_)
        chosen[rows] = True
        quoted = np.uint32(Layer.QUOTED)
        for level in batch.levels:
            layers = level["layers"]
            counted = chosen[level.rows] & (layers & quoted == 0)
            for kind, bits in _LAYERS.items():
                wanted = np.uint32(bits)
                entries = np.flatnonzero(counted & (layers & wanted == wanted))
                if len(entries):
                    self._pairs[kind].add(batch, level, entries)

    def table(self, kind: Kind) -> Conversations:
        """Return the conversations of `kind` counted so far."""
        return self._pairs[kind].table()

    def sizes(self) -> dict[Kind, int]:
        """Return how many conversations there are of every kind."""
        return {kind: pairs.size for kind, pairs in self._pairs.items()}
