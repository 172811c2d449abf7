"""Which conversation every packet belongs to, decided in the order in which tshark would."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.batch import Column, Rows
from tunscope.columns.flows import KIND_BITS, KIND_IPV6, KIND_UDP, PORT_BITS, FlowTable
from tunscope.columns.gather import Mask
from tunscope.columns.layout import UNNUMBERED, Layer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tunscope.columns.keytable import Ids, Words

SYN: Final = 0x02
ACK: Final = 0x10
_UDP: Final = np.uint32(Layer.UDP)
_IPV6: Final = np.uint32(Layer.IPV6)
#: Segments that tshark learns nothing of a conversation from.
_UNHEARD: Final = np.uint32(Layer.QUOTED | Layer.FRAGMENT | Layer.MALFORMED)
_TCP: Final = np.uint32(Layer.TCP_SEQUENCE)
_ONE: Final = np.uint32(1)
_MODULUS: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class _Segments:
    """TCP and UDP headers in the order of dissection: packet by packet, outer before inner."""

    packets: Rows
    first: Words
    second: Words
    reverse: Mask
    udp: Mask
    #: Whether the header counts for the sequence numbers of its conversation.
    heard: Mask
    flags: npt.NDArray[np.uint16]
    seq: npt.NDArray[np.uint32]
    ack: npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Headers:
    """Columns of one level of a run of packets, with an entry for each of `packets`.

    `destinations` are addresses to be taken in place of `dst` where they are not 0.
    """

    packets: Rows
    columns: Mapping[str, Column]
    destinations: Column | None = None


def mark_conversing(
    columns: dict[str, Column], conversing: Mask, destinations: Column | None
) -> None:
    """Mark headers that belong to a conversation as UNNUMBERED, and tell their direction."""
    if not conversing.any():
        return
    columns["flow"] = conversing * np.uint32(UNNUMBERED)
    source, destination = columns["src"], columns["dst"]
    if destinations is not None:
        destination = np.where(destinations, destinations, destination)
    reverse = (source == destination) & (columns["sport"] > columns["dport"])
    reverse |= source > destination
    reverse &= conversing
    columns["layers"] |= reverse * np.uint32(Layer.REVERSE)


def assign_flows(levels: Sequence[Headers], flows: FlowTable, first: int) -> None:
    """Number the conversations of a run of packets: their column `flow` is written in place.

    `first` is the row of the run's first packet. Runs come in the order of the capture.
    """
    rows = [np.flatnonzero(level.columns["flow"] == UNNUMBERED) for level in levels]
    parts = [
        _segments(level, chosen) for level, chosen in zip(levels, rows, strict=True) if len(chosen)
    ]
    if not parts:
        return
    if len(parts) == 1:
        flow = _assign(parts[0], flows, first)
    else:
        joined = [np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(_Segments)]
        order = np.argsort(joined[0], kind="stable")
        flow = np.empty(len(order), np.uint32)
        flow[order] = _assign(_Segments(*(column[order] for column in joined)), flows, first)
    start = 0
    for level, chosen in zip(levels, rows, strict=True):
        level.columns["flow"][chosen] = flow[start : start + len(chosen)]
        start += len(chosen)


def _segments(level: Headers, rows: Rows) -> _Segments:
    whole = len(rows) == len(level.packets)

    def column(name: str) -> Column:
        values = level.columns[name]
        return values if whole else values[rows]

    layers = column("layers")
    udp = layers & _UDP != 0
    source = column("src").astype(np.uint64) << np.uint64(PORT_BITS) | column("sport")
    towards = column("dst")
    if level.destinations is not None:
        final = level.destinations[rows]
        towards = np.where(final, final, towards)
    destination = towards.astype(np.uint64) << np.uint64(PORT_BITS) | column("dport")
    kind = (layers & _IPV6 != 0) * np.uint64(KIND_IPV6) | udp * np.uint64(KIND_UDP)
    return _Segments(
        level.packets if whole else level.packets[rows],
        np.minimum(source, destination) | kind << np.uint64(KIND_BITS),
        np.maximum(source, destination),
        layers & np.uint32(Layer.REVERSE) != 0,
        udp,
        layers & (_TCP | _UNHEARD) == _TCP,
        column("tcp_flags"),
        column("seq"),
        column("ack"),
    )


def _assign(segments: _Segments, flows: FlowTable, first: int) -> Ids:
    known = flows.pairs.count
    pairs = flows.number_pairs(segments.first, segments.second)
    # New pairs are numbered in the order of their first occurrence.
    begins = np.zeros(len(pairs), np.bool_)
    if flows.pairs.count > known:
        highest = np.maximum.accumulate(np.maximum(pairs, np.uint32(known)))
        begins[0] = pairs[0] > known
        begins[1:] = highest[1:] > highest[:-1]
    syn = np.flatnonzero((segments.flags & np.uint16(SYN | ACK) == SYN) & ~begins)
    splits: list[int] = []
    if len(syn):
        suspects = _suspects(segments, flows, pairs, begins, syn)
        splits = _find_splits(segments, flows, pairs, suspects) if len(suspects) else []
    begins[splits] = True
    new = np.flatnonzero(begins)
    current = flows.current.values
    if not len(new):
        ids = current[pairs]
    else:
        begun = flows.begin(pairs[new], segments.udp[new], segments.packets[new] + first)
        if splits:
            ids = _follow_splits(pairs, pairs[splits], new, begun, current)
        current[pairs[new]] = begun
        if splits:
            rest = ids == 0
            ids[rest] = current[pairs[rest]]
        else:
            ids = current[pairs]
    _learn_bases(segments, flows, ids)
    _correct_bases(segments, flows, ids, first)
    return ids


def _follow_splits(pairs: Ids, split: Ids, new: Rows, begun: Ids, current: Ids) -> Ids:
    """Return ids for the packets of pairs that change conversations within the run, else 0."""
    ids = np.zeros(len(pairs), np.uint32)
    starts = dict(zip(new.tolist(), begun.tolist(), strict=True))
    now: dict[int, int] = {}
    for row in np.flatnonzero(np.isin(pairs, split)).tolist():
        pair = int(pairs[row])
        if row in starts:
            now[pair] = starts[row]
        elif pair not in now:
            now[pair] = int(current[pair])
        ids[row] = now[pair]
    return ids


def _suspects(segments: _Segments, flows: FlowTable, pairs: Ids, begins: Mask, syn: Rows) -> Ids:
    """Return pairs with a SYN that is not plainly the one its side began with, sent again."""
    chosen = pairs[syn]
    flow = flows.current.values[chosen]
    sides = flow.astype(np.int64) * 2 + segments.reverse[syn]
    again = flows.based(sides) & (flows.side_bases(sides) == segments.seq[syn])
    fresh = np.flatnonzero(flow == 0)
    if len(fresh):
        # Conversations that begin in this very run: the first segment tells.
        first = np.flatnonzero(begins)
        first = first[np.searchsorted(pairs[first], chosen[fresh])]
        same = segments.reverse[first] == segments.reverse[syn[fresh]]
        same &= segments.flags[first] & np.uint16(SYN) != 0
        same &= segments.seq[first] == segments.seq[syn[fresh]]
        again[fresh] = same & segments.heard[first]
    # A SYN-ACK of the same side in between may have set another base.
    ends = pairs.astype(np.int64) * 2 + segments.reverse
    answers = segments.flags & np.uint16(SYN | ACK) == SYN | ACK
    again &= ~np.isin(ends[syn], ends[answers])
    return np.unique(chosen[~again])


def _find_splits(segments: _Segments, flows: FlowTable, pairs: Ids, suspects: Ids) -> list[int]:
    """Return the rows of SYNs that begin a new conversation between known endpoints.

    Few pairs come under suspicion; their packets are gone through one by one.
    """
    splits: list[int] = []
    known = {pair: _bases_of(flows, pair) for pair in suspects.tolist()}
    rows = np.flatnonzero(np.isin(pairs, suspects))
    columns = (pairs, segments.reverse, segments.flags, segments.seq, segments.ack, segments.heard)
    for row, pair, side, flags, seq, ack, heard in zip(
        rows.tolist(), *(column[rows].tolist() for column in columns), strict=True
    ):
        bases = known[pair]
        if flags & (SYN | ACK) == SYN and bases[side] not in (None, seq):
            splits.append(row)
            bases[:] = [None, None]
        if heard:
            if bases[side] is None or flags & (SYN | ACK) == SYN | ACK:
                bases[side] = seq if flags & SYN else (seq - 1) % _MODULUS
            if bases[1 - side] is None and flags & ACK:
                bases[1 - side] = (ack - 1) % _MODULUS
    return splits


def _bases_of(flows: FlowTable, pair: int) -> list[int | None]:
    """Return the bases of both sides of the conversation that a pair of endpoints is in."""
    flow = int(flows.current.values[pair])
    sides = np.array([2 * flow, 2 * flow + 1])
    known = zip(flows.side_bases(sides).tolist(), flows.based(sides).tolist(), strict=True)
    return [base if based and flow else None for base, based in known]


def _learn_bases(segments: _Segments, flows: FlowTable, ids: Ids) -> None:
    """Set what the first segment of a side, or the first acknowledgement of it, tells."""
    own = ids.astype(np.int64) * 2 + segments.reverse
    mine = np.flatnonzero(segments.heard & ~flows.based(own))
    acknowledged = segments.heard & (segments.flags & np.uint16(ACK) != 0)
    theirs = np.flatnonzero(acknowledged & ~flows.based(own ^ 1))
    if not len(mine) and not len(theirs):
        return
    rows = np.concatenate([mine, theirs])
    sides = np.concatenate([own[mine], own[theirs] ^ 1])
    began = segments.seq[mine] - (segments.flags[mine] & np.uint16(SYN) == 0)
    bases = np.concatenate([began, segments.ack[theirs] - _ONE])
    order = np.argsort(rows, kind="stable")
    sides, places = np.unique(sides[order], return_index=True)
    flows.set_bases(sides, bases[order][places].astype(np.uint32))


def _correct_bases(segments: _Segments, flows: FlowTable, ids: Ids, first: int) -> None:
    """A SYN-ACK sets its side's base whatever it was before."""
    answers = np.flatnonzero(segments.heard & (segments.flags & np.uint16(SYN | ACK) == SYN | ACK))
    if not len(answers):
        return
    sides = ids[answers].astype(np.int64) * 2 + segments.reverse[answers]
    wrong = segments.seq[answers] != flows.side_bases(sides)
    if not wrong.any():
        return
    chosen = np.isin(sides, sides[wrong])
    for row, side in zip(answers[chosen].tolist(), sides[chosen].tolist(), strict=True):
        flows.correct_base(side, int(segments.seq[row]), int(segments.packets[row]) + first)
