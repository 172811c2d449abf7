"""The conversations of a capture: undirected TCP and UDP 5-tuples, numbered as tshark does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.growing import GrowingArray
from tunscope.columns.keytable import Ids, KeyTable, Words
from tunscope.columns.programs import ProgramTable

TCP: Final = 6
UDP: Final = 17

#: Layout of a key's words: address and port of one end, and above them in the first what follows.
PORT_BITS: Final = 16
KIND_BITS: Final = 48
#: Bits of the kind.
KIND_IPV6: Final = 1
KIND_UDP: Final = 2
#: Corrections of a base that are remembered; only hostile captures have many.
_MAX_CORRECTIONS: Final = 1000


@dataclass(frozen=True, slots=True)
class Flow:
    """One conversation. Addresses are as in the columns `src` and `dst`, IPv6 ones are ids.

    Endpoint a is the one with the smaller address, then port. `stream` is what tshark calls
    tcp.stream or udp.stream, `first` the row of the first packet.
    """

    protocol: int
    ipv6: bool
    address_a: int
    port_a: int
    address_b: int
    port_b: int
    stream: int
    first: int


class FlowTable:
    """All conversations, numbered from 1 in the order of their first packets.

    A SYN with another sequence number than its side began with begins a new conversation between
    the same endpoints. One thread at a time adds, any thread reads.
    """

    def __init__(self, settle: Callable[[], None] = lambda: None) -> None:
        """Call `settle` before anything is told: it may add what has not been added yet."""
        self._settle: Final = settle
        #: The local programs of the conversations, as far as somebody found out.
        self.programs: Final = ProgramTable()
        self.pairs: Final = KeyTable(2)
        #: For every pair of endpoints the conversation that its packets belong to now.
        self.current: Final = GrowingArray("u4")
        self._pair: Final = GrowingArray("u4")
        self._stream: Final = GrowingArray("u4")
        self._first: Final = GrowingArray("u4")
        self._bases: Final = GrowingArray("u4")
        self._based: Final = GrowingArray("?")
        self._by_stream: Final = {TCP: GrowingArray("u4"), UDP: GrowingArray("u4")}
        #: Side, row and base before it, where a base was corrected late; in the order of rows.
        self._corrections: Final[list[tuple[int, int, int]]] = []
        # Id 0, no conversation, has a row in every table but counts in none.
        none = np.zeros(1, np.uint32)
        self.current.extend(none)
        self._append(none, none, none)

    @property
    def count(self) -> int:
        """Number of conversations; the largest id."""
        self._settle()
        return len(self._stream) - 1

    @property
    def nbytes(self) -> int:
        """Bytes of memory taken."""
        arrays = (self.current, self._pair, self._stream, self._first, self._bases, self._based)
        return self.pairs.nbytes + sum(a.nbytes for a in (*arrays, *self._by_stream.values()))

    @property
    def streams(self) -> Ids:
        """By id, the number of the conversation among those of its protocol, from 0."""
        self._settle()
        return self._stream.values

    @property
    def firsts(self) -> Ids:
        """By id, the row of the first packet."""
        self._settle()
        return self._first.values

    @property
    def protocols(self) -> npt.NDArray[np.uint8]:
        """By id, TCP or UDP; 0 for id 0."""
        self._settle()
        kind = self.pairs.words[0][self._pair.values] >> np.uint64(KIND_BITS)
        protocols = np.where(kind & np.uint64(KIND_UDP), UDP, TCP).astype(np.uint8)
        protocols[0] = 0
        return protocols

    def sequence_bases(
        self, flows: Ids, reverse: npt.NDArray[np.bool_], rows: npt.NDArray[np.intp]
    ) -> npt.NDArray[np.uint32]:
        """Return what the relative sequence numbers of some segments count from.

        `flows` are the segments' conversations, `reverse` their REVERSE bits, `rows` their rows
        of the packet table. For acknowledgements turn `reverse` around. A side's base is the
        number of its SYN, or one less than the first number heard of: its own or the other
        side's acknowledgement; 0 where nothing was heard. Arithmetic is modulo 2**32.
        """
        self._settle()
        sides = flows.astype(np.int64) * 2 + reverse
        bases: npt.NDArray[np.uint32] = self._bases.values[sides]
        corrections = self._corrections
        if corrections:
            changed = np.isin(sides, [side for side, _, _ in corrections])
            for i in np.flatnonzero(changed).tolist():
                for side, row, before in corrections:
                    if side == sides[i] and row > rows[i]:
                        bases[i] = before
                        break
        return bases

    def find(self, protocol: int, stream: int) -> int:
        """Return the id of a TCP or UDP stream by tshark's number, 0 if there is none."""
        self._settle()
        ids = self._by_stream[protocol].values
        return int(ids[stream]) if 0 <= stream < len(ids) else 0

    def flow(self, identity: int) -> Flow:
        """Return the conversation with id `identity`; IndexError if there is none."""
        if not 1 <= identity <= self.count:
            raise IndexError(identity)
        pair = int(self._pair.values[identity])
        first, second = (int(word[pair]) for word in self.pairs.words)
        kind = first >> KIND_BITS
        first &= (1 << KIND_BITS) - 1
        port = (1 << PORT_BITS) - 1
        return Flow(
            UDP if kind & KIND_UDP else TCP,
            bool(kind & KIND_IPV6),
            first >> PORT_BITS,
            first & port,
            second >> PORT_BITS,
            second & port,
            int(self._stream.values[identity]),
            int(self._first.values[identity]),
        )

    def begin(self, pairs: Ids, udp: npt.NDArray[np.bool_], firsts: npt.NDArray[Any]) -> Ids:
        """Add conversations in the order of their first packets; return their ids.

        `pairs` are ids of `pairs`, `firsts` rows of the packet table.
        """
        next_id = len(self._stream)
        ids = np.arange(next_id, next_id + len(pairs), dtype=np.uint32)
        streams = np.zeros(len(pairs), np.uint32)
        for protocol, chosen in ((TCP, ~udp), (UDP, udp)):
            known = self._by_stream[protocol]
            streams[chosen] = np.arange(len(known), len(known) + int(chosen.sum()))
            known.extend(ids[chosen])
        self._append(pairs, streams, firsts)
        return ids

    def number_pairs(self, first: Words, second: Words) -> Ids:
        """Return ids of pairs of endpoints, new ones having no current conversation yet."""
        ids = self.pairs.number(first, second)
        missing = self.pairs.count + 1 - len(self.current)
        if missing:
            self.current.extend(np.zeros(missing, np.uint32))
        return ids

    def based(self, sides: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether the base of each side is known; a side is 2 x id, plus 1 for b's."""
        known: npt.NDArray[np.bool_] = self._based.values[sides]
        return known

    def set_bases(self, sides: npt.NDArray[np.int64], bases: npt.NDArray[np.uint32]) -> None:
        """Set the base of each side."""
        self._bases.values[sides] = bases
        self._based.values[sides] = True

    def side_bases(self, sides: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
        """Return the base of each side as it is now."""
        bases: npt.NDArray[np.uint32] = self._bases.values[sides]
        return bases

    def correct_base(self, side: int, base: int, row: int) -> None:
        """Give a side another base from the packet in `row` on."""
        before = int(self._bases.values[side])
        if before == base:
            return
        if len(self._corrections) < _MAX_CORRECTIONS:
            self._corrections.append((side, row, before))
        self._bases.values[side] = base

    def _append(self, pairs: Ids, streams: Ids, firsts: npt.NDArray[Any]) -> None:
        sides = np.zeros(2 * len(pairs), np.uint32)
        self._bases.extend(sides)
        self._based.extend(sides != 0)
        self._pair.extend(pairs)
        self._first.extend(firsts)
        # The count follows this one: what is known of a conversation is there before it.
        self._stream.extend(streams)
