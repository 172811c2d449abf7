"""A run of packets as the leaves of a filter see it: levels of headers, and bytes on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import numpy.typing as npt

from tunscope.columns.layout import MAX_LEVELS, Layer
from tunscope.filter.columnar.clock import Clock
from tunscope.filter.columnar.verdict import Mask
from tunscope.filter.columnar.words import Words
from tunscope.packet.linktype import LinkType

if TYPE_CHECKING:
    from tunscope.columns.batch import Column, ColumnBatch, Level

#: Layers that make a packet's columns a poor witness: tshark may see more or less in its bytes.
_UNCERTAIN: Final = np.uint32(Layer.CUT | Layer.MALFORMED)
_KNOWN_LINKTYPES: Final = frozenset(
    {*(int(one) for one in LinkType)} - {int(LinkType.LINUX_SLL), int(LinkType.LINUX_SLL2)}
) | {113, 276}


#: In a truncated packet, headers that end closer to its end than this may go on behind it.
_MARGIN: Final = 40
#: Protocols whose fields or contents stand in no column: EtherIP, IPComp (what it compresses is
#: dissected), UDP-Lite (its ports are udp.port).
_BEHIND_IP: Final = (97, 108, 136)
#: ICMPv6 is there even where no byte of it is.
_CONTROL6: Final = 58
#: An ICMPv6 Redirect may quote a packet.
_REDIRECT6: Final = 137
#: Labels with no IP behind: a pseudowire may stand there.
_LABELLED: Final = np.uint32(Layer.MPLS | Layer.IPV4 | Layer.IPV6)
#: Tunnels in UDP, which are none where the lower port belongs to something else.
_OVERLAY: Final = int(Layer.UDP | Layer.INNER)
_OVERLAY_PORTS: Final = (2152, 3544, 4500, 4754, 4789, 4790, 6081, 6635, 8472)
#: TCP whose header is not all there, or not what it says.
_SEGMENT: Final = np.uint32(Layer.TCP | Layer.TCP_COMPLETE)
_INCOMPLETE: Final = np.uint32(Layer.TCP)
#: Bytes of an IPv4 header without options: a source route among them has the last word on where
#: the packet goes.
_PLAIN_IPV4: Final = 20
_IPV4: Final = int(Layer.IPV4)
#: IPv6 under the type of IPv4.
_BOTH: Final = np.uint32(Layer.IPV4 | Layer.IPV6)


def _is_uncertain(level: Level, truncated: Mask, caplens: Column) -> Mask:
    layers = level["layers"]
    protocols = level["ip_proto"]
    uncertain: Mask = protocols >= min(_BEHIND_IP)
    if uncertain.any():
        uncertain = np.isin(protocols, _BEHIND_IP)
    control = protocols == _CONTROL6
    if control.any():
        uncertain |= control & (layers & np.uint32(Layer.ICMPV6) == 0)
        uncertain |= (layers & np.uint32(Layer.ICMPV6) != 0) & (level["sport"] == _REDIRECT6)
    occurring = int(np.bitwise_or.reduce(layers, initial=0))
    if occurring & int(_UNCERTAIN):
        uncertain |= layers & _UNCERTAIN != 0
    if occurring & Layer.MPLS:
        uncertain |= layers & _LABELLED == np.uint32(Layer.MPLS)
    if occurring & _OVERLAY == _OVERLAY:
        lower = np.minimum(level["sport"], level["dport"])
        overlay = layers & np.uint32(_OVERLAY) == np.uint32(_OVERLAY)
        uncertain |= overlay & ~np.isin(lower, _OVERLAY_PORTS)
    if occurring & int(_SEGMENT):
        uncertain |= layers & _SEGMENT == _INCOMPLETE
    if occurring & int(_BOTH) == int(_BOTH):
        uncertain |= layers & _BOTH == _BOTH
    if truncated.any():
        transport = level["l4_offset"].astype(np.uint32)
        uncertain |= truncated & ((transport == 0) | (caplens < transport + _MARGIN))
    return uncertain


@dataclass(slots=True)
class Part:
    """Occurrences of a field on one level: entry i stands in packet `rows[i]` (i itself where
    `rows` is None) and counts where `present`.

    Values are numbers, or where there are `words`, ids in that dictionary.
    """

    values: Column
    present: Mask
    rows: npt.NDArray[np.intp] | None
    words: Words | None = None


class Replayed(Protocol):
    """Conversations in columns, see `columnar.replay`."""

    def column(self, name: str, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Return a field of TcpFacts for rows `start` to `stop` of the packet table."""
        ...


class Run:
    """Access to the columns of one run, each piece of work done once."""

    def __init__(
        self, batch: ColumnBatch, clock: Clock, replayed: Callable[[], Replayed] | None = None
    ) -> None:
        self.batch: Final = batch
        self.count: Final = batch.count
        self.clock: Final = clock
        self._replayed: Final = replayed
        self._masks: dict[tuple[int, int], Mask] = {}
        self._gathered: dict[tuple[int, str, int, int], tuple[Column, Mask]] = {}

    @property
    def levels(self) -> Sequence[Level]:
        """The levels of headers, outer first."""
        return self.batch.levels

    @cached_property
    def doubtful(self) -> Mask | None:
        """Packets whose columns do not tell everything; None if there are none."""
        doubt: Mask | None = None
        caplens = self.batch["caplen"]
        truncated = caplens < self.batch["origlen"]
        for number, level in enumerate(self.levels):
            if number:
                uncertain = _is_uncertain(level, truncated[level.rows], caplens[level.rows])
            else:
                uncertain = _is_uncertain(level, truncated, caplens)
            uncertain |= self._has_options(number)
            if number + 1 >= MAX_LEVELS:
                uncertain[:] = True
            if uncertain.any():
                doubt = self.to_packets(uncertain, level.rows if number else None, doubt)
        strange = [
            number
            for number, interface in enumerate(self.batch.interfaces)
            if interface.linktype not in _KNOWN_LINKTYPES
        ]
        if strange:
            rows = np.isin(self.batch["interface"], strange)
            doubt = rows if doubt is None else doubt | rows
        return doubt

    def _has_options(self, number: int) -> Mask:
        """Return which entries have an IPv4 header with options. Where nothing follows that
        columns know, its first byte tells."""
        level = self.levels[number]
        known = level["l4_offset"] != 0
        options: Mask = known & (level["l4_offset"] > level["l3_offset"] + _PLAIN_IPV4)
        if options.any():
            options &= self.has(number, _IPV4)
        blind = self.has(number, _IPV4) & ~known
        if blind.any():
            entries = np.flatnonzero(blind)
            first, captured = self._read(number, "l3_offset", 0, 1, entries)
            options[entries] = captured & (first & np.uint64(15) > _PLAIN_IPV4 // 4)
        return options

    def has(self, number: int, bits: int) -> Mask:
        """Return which entries of level `number` have all of `bits` among their layers."""
        key = (number, int(bits))
        if key not in self._masks:
            wanted = np.uint32(bits)
            self._masks[key] = self.levels[number]["layers"] & wanted == wanted
        return self._masks[key]

    @cached_property
    def _occurring(self) -> tuple[int, ...]:
        """The layers that any entry has, for each level."""
        unions = (np.bitwise_or.reduce(level["layers"], initial=0) for level in self.levels)
        return tuple(int(union) for union in unions)

    def levels_with(self, bits: int) -> Iterator[tuple[int, Level, Mask]]:
        """Yield the levels on which `bits` may be there, with which entries have all of them."""
        for number, level in enumerate(self.levels):
            if self._occurring[number] & bits == bits:
                yield number, level, self.has(number, bits)

    def replay(self, name: str) -> npt.NDArray[np.int64] | None:
        """Return what conversations say of each packet's outer TCP segment, by the name that
        `conversations.facts.TcpFacts` gives it; None where nobody follows them."""
        if self._replayed is None:
            return None
        start = self.batch.start
        return self._replayed().column(name, start, start + self.count)

    @cached_property
    def nested(self) -> Mask | None:
        """Packets with headers inside the outer ones; None if there are none."""
        nested: Mask | None = None
        for level in self.levels[1:]:
            nested = self.to_packets(np.ones(len(level), np.bool_), level.rows, nested)
        return nested

    def to_packets(
        self, entries: Mask, rows: npt.NDArray[np.intp] | None, onto: Mask | None = None
    ) -> Mask:
        """Return which packets have some entry set, together with those in `onto`."""
        if rows is None:
            return entries if onto is None else onto | entries
        packets = np.zeros(self.count, np.bool_) if onto is None else onto.copy()
        packets[rows[entries]] = True
        return packets

    def gather(self, level: int, base: str, offset: int, width: int) -> tuple[Column, Mask]:
        """Return the big-endian number of `width` bytes at `offset` behind the place that column
        `base` names, for each entry of `level`, and for which entries it was captured."""
        key = (level, base, offset, width)
        if key not in self._gathered:
            self._gathered[key] = self._read(*key, None)
        return self._gathered[key]

    def _read(
        self, level: int, base: str, offset: int, width: int, some: npt.NDArray[np.intp] | None
    ) -> tuple[Column, Mask]:
        """Read a number of each entry, or of `some` of them only."""
        one = self.levels[level]
        entries = one.rows if some is None else one.rows[some]
        bases = one[base] if some is None else one[base][some]
        places = bases.astype(np.int64) + offset
        values = np.zeros(len(entries), np.uint64)
        captured = np.zeros(len(entries), np.bool_)
        packets = np.unique(entries) if level or some is not None else None
        for piece in self.batch.packet_bytes(packets):
            first = np.searchsorted(entries, piece.rows[0])
            last = np.searchsorted(entries, piece.rows[-1], "right")
            where = np.searchsorted(piece.rows, entries[first:last])
            here = places[first:last]
            inside = here + width <= piece.caplens[where]
            at = np.where(inside, piece.starts[where] + here, 0)
            number = np.zeros(last - first, np.uint64)
            for index in range(width):
                number = number << np.uint64(8) | piece.data[at + index]
            values[first:last] = number
            captured[first:last] = inside
        return values, captured
