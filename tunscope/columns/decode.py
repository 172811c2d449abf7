"""Headers of many packets to columns, level by level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from tunscope.columns.addresses import AddressBook
from tunscope.columns.batch import Column, Rows
from tunscope.columns.frames import Frames
from tunscope.columns.gather import ByteWindow
from tunscope.columns.layout import HEADER_COLUMNS, MAX_LEVELS, Layer
from tunscope.columns.link import decode_links
from tunscope.columns.network import decode_network
from tunscope.columns.plain import decode_plain
from tunscope.columns.shims import decode_shims
from tunscope.columns.stack import HeaderStack, offsets
from tunscope.columns.starts import Starts
from tunscope.columns.streams import mark_conversing
from tunscope.columns.transport import decode_transport
from tunscope.columns.tunnels import find_inner

#: What a file claims to be the length of a packet is cut here: no header counts that far.
_MAX_LENGTH: Final = np.uint32(1 << 30)


@dataclass(frozen=True, slots=True)
class DecodedLevel:
    """One level's columns; a column that is nowhere set is left out. `packets` ascends.

    Rows that belong to a conversation have UNNUMBERED as their flow. `destinations` says with
    which address, where that is not the one in column `dst` (0).
    """

    packets: Rows
    columns: dict[str, Column]
    destinations: Column | None


@dataclass(frozen=True, slots=True)
class Decoded:
    """All levels of a run of packets, and the shims of all levels, in the table's order."""

    levels: tuple[DecodedLevel, ...]
    shims: Mapping[str, Column]


def decode_headers(frames: Frames, window: ByteWindow, addresses: AddressBook) -> Decoded:
    """Decode the headers of `frames`, whose bytes are in `window`; number their addresses."""
    plain = decode_plain(frames, window, addresses)
    if plain is None:
        return decode_any(frames, window, addresses)
    count, rest = len(frames), plain.other
    mark_conversing(plain.columns, np.ones(count, np.bool_), None)
    if not len(rest):
        return Decoded((DecodedLevel(np.arange(count), plain.columns, None),), {})
    decoded = decode_any(frames.chosen(rest), window, addresses)
    outer = decoded.levels[0]
    for name in {**plain.columns, **outer.columns}:
        column = plain.columns.setdefault(name, np.zeros(count, HEADER_COLUMNS[name]))
        column[rest] = outer.columns.get(name, 0)
    destinations = None
    if outer.destinations is not None:
        destinations = np.zeros(count, np.uint32)
        destinations[rest] = outer.destinations
    inner = (
        DecodedLevel(rest[level.packets], level.columns, level.destinations)
        for level in decoded.levels[1:]
    )
    first = DecodedLevel(np.arange(count), plain.columns, destinations)
    shims = dict(decoded.shims)
    if shims:
        shims["packet"] = rest[shims["packet"]]
    return Decoded((first, *inner), shims)


def decode_any(frames: Frames, window: ByteWindow, addresses: AddressBook) -> Decoded:
    """Do what `decode_headers` does without the short cut for plain packets."""
    starts = frames.starts.astype(np.int32)
    end = starts + frames.caplens.astype(np.int32)
    wire_end = starts + np.minimum(frames.origlens, _MAX_LENGTH).astype(np.int32)
    stack = HeaderStack(
        window,
        np.arange(len(frames)),
        starts,
        starts,
        end,
        np.maximum(end, wire_end),
        addresses,
    )
    kinds = frames.linktypes
    levels: list[DecodedLevel] = []
    shims: list[dict[str, Column]] = []
    while True:
        decode_links(stack, kinds)
        decode_shims(stack)
        decode_network(stack)
        decode_transport(stack)
        inner = find_inner(stack) if len(levels) + 1 < MAX_LEVELS else None
        if inner is not None:
            stack.mark_rows(inner.rows, Layer.INNER)
        stack.columns["layers"] = stack.layers
        shims += _shims(stack, len(levels))
        mark_conversing(stack.columns, stack.conversing, stack.destinations)
        levels.append(DecodedLevel(stack.packets, stack.columns, stack.destinations))
        if inner is None:
            return Decoded(tuple(levels), _in_order(shims))
        stack, kinds = _enter(stack, inner), inner.kind


def _enter(outer: HeaderStack, starts: Starts) -> HeaderStack:
    stack = HeaderStack(
        outer.window,
        outer.packets[starts.rows],
        outer.base[starts.rows],
        starts.at,
        starts.end,
        starts.wire_end,
        outer.addresses,
    )
    stack.columns["start"] = offsets(starts.at, stack.base)
    stack.following = starts.ethertype.copy()
    if starts.ethertype.any():
        stack.columns["ethertype"] = starts.ethertype
    inherited = outer.layers[starts.rows] & np.uint32(Layer.QUOTED)
    stack.layers |= inherited | starts.layers
    return stack


def _shims(stack: HeaderStack, level: int) -> list[dict[str, Column]]:
    return [
        {
            "packet": stack.packets[found.rows],
            "level": np.full(len(found.rows), level, np.uint8),
            "kind": np.full(len(found.rows), found.kind, np.uint8),
            "offset": offsets(found.at, stack.base[found.rows]),
            "value": found.value,
        }
        for found in stack.shims
    ]


def _in_order(pieces: list[dict[str, Column]]) -> dict[str, Column]:
    if not pieces:
        return {}
    joined = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    order = np.lexsort((joined["offset"], joined["level"], joined["packet"]))
    return {name: column[order] for name, column in joined.items()}
