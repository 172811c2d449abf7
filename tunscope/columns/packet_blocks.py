"""Packet blocks of pcapng to columns: enhanced, simple and the obsolete packet block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.capfile.blocks import BlockType
from tunscope.capfile.options import ByteOrder
from tunscope.columns.frames import Frames
from tunscope.columns.gather import ByteWindow, Positions, header_type
from tunscope.columns.interfaces import InterfaceTable
from tunscope.columns.layout import RecordFlag
from tunscope.columns.packet_options import read_packet_options

#: Captured bytes a packet has at most; tshark rejects files with more.
MAX_CAPLEN: Final = 262_144
#: Where a block's packet data starts.
DATA_OFFSET: Final = 28
SIMPLE_DATA_OFFSET: Final = 12

_ENHANCED: Final = int(BlockType.ENHANCED_PACKET)
_SIMPLE: Final = int(BlockType.SIMPLE_PACKET)
_OBSOLETE: Final = int(BlockType.PACKET)
_TRAILER: Final = 4
_LOW_WORD: Final = np.uint64(32)
_FLAG_BITS: Final = np.uint32(RecordFlag.DIRECTION | RecordFlag.RECEPTION)
_HEADERS: Final = {
    order: header_type(
        28,
        kind=(f"{order}u4", 0),
        total=(f"{order}u4", 4),
        interface=(f"{order}u4", 8),
        old_interface=(f"{order}u2", 8),
        high=(f"{order}u4", 12),
        low=(f"{order}u4", 16),
        caplen=(f"{order}u4", 20),
        origlen=(f"{order}u4", 24),
    )
    for order in ("<", ">")
}


class BrokenBlock(ValueError):
    """The block at byte `offset` of the buffer is damaged; `why` says how."""

    def __init__(self, offset: int, why: str) -> None:
        super().__init__(offset, why)
        self.offset = offset
        self.why = why


@dataclass(frozen=True, slots=True)
class PacketBlocks:
    """Whole packet blocks by their place in the buffer, and the interfaces they may name.

    `base` is the number of the section's first interface, `limit` how many of the section's
    interfaces the file had described before the block.
    """

    at: Positions
    base: npt.NDArray[np.int64]
    limit: npt.NDArray[np.int64]
    order: ByteOrder


def read_packet_blocks(
    blocks: PacketBlocks, window: ByteWindow, interfaces: InterfaceTable
) -> tuple[Frames, BrokenBlock | None]:
    """Return the packets of `blocks` up to the first damaged one, and what is wrong with that."""
    at = blocks.at
    header = window.take(_HEADERS[blocks.order], at, at + DATA_OFFSET)
    kind = header["kind"].astype(np.uint32)
    end = at + header["total"].astype(np.int64) - _TRAILER
    caplen = header["caplen"].astype(np.int64)
    origlen = header["origlen"].astype(np.uint32)
    interface = header["interface"].astype(np.int64)
    ticks = header["high"].astype(np.uint64)
    ticks <<= _LOW_WORD
    ticks |= header["low"]
    starts = at + DATA_OFFSET
    options = starts + caplen + (-caplen & 3)
    flags = np.zeros(len(at), np.uint8)

    if not (kind == _ENHANCED).all():
        rows = np.flatnonzero(kind == _OBSOLETE)
        interface[rows] = header["old_interface"][rows]
        simple = kind == _SIMPLE
        rows = np.flatnonzero(simple)
        starts[rows] = at[rows] + SIMPLE_DATA_OFFSET
        interface[rows] = 0
        origlen[rows] = header["interface"][rows]
        caplen[rows] = _simple_caplens(blocks, rows, origlen, (end - starts)[rows], interfaces)
        options[rows] = end[rows]
        ticks[rows] = 0
        flags[rows] = RecordFlag.NO_TIMESTAMP

    broken = _first_broken(blocks, starts, end, caplen, interface)
    if broken is not None:
        keep = int(np.searchsorted(at, broken.offset))
        cut = PacketBlocks(at[:keep], blocks.base[:keep], blocks.limit[:keep], blocks.order)
        frames, _ = read_packet_blocks(cut, window, interfaces)
        return frames, broken

    rows = np.flatnonzero(options < end)
    if len(rows):
        found = read_packet_options(window, options[rows], end[rows], blocks.order)
        flags[rows] |= (found.flags & _FLAG_BITS).astype(np.uint8)
        flags[rows] |= np.where(found.comment, RecordFlag.COMMENT, 0).astype(np.uint8)
        flags[rows] |= np.uint8(RecordFlag.OPTIONS)
        if found.broken.any():
            keep = int(rows[np.argmax(found.broken)])
            cut = PacketBlocks(at[:keep], blocks.base[:keep], blocks.limit[:keep], blocks.order)
            frames, _ = read_packet_blocks(cut, window, interfaces)
            return frames, BrokenBlock(int(at[keep]), "an option reaches past its block")

    numbers = (interface + blocks.base).astype(np.uint16)
    times = interfaces.times(ticks, numbers)
    if flags.any():
        times = np.where(flags & RecordFlag.NO_TIMESTAMP, 0, times)
    frames = Frames(
        window.data, starts, caplen, origlen, times, numbers, flags, interfaces.linktypes(numbers)
    )
    return frames, None


def _simple_caplens(
    blocks: PacketBlocks,
    rows: npt.NDArray[np.intp],
    origlen: npt.NDArray[np.uint32],
    room: npt.NDArray[np.int64],
    interfaces: InterfaceTable,
) -> npt.NDArray[np.int64]:
    """A simple packet block leaves out its captured length: the snap length decides."""
    snaplens = {
        base: interfaces.descriptions[base].snaplen or MAX_CAPLEN
        for base in set(blocks.base[rows].tolist())
        if base < len(interfaces)
    }
    limits = np.array([snaplens.get(base, 0) for base in blocks.base[rows].tolist()], np.int64)
    return np.minimum(np.minimum(origlen[rows].astype(np.int64), limits), room)


def _first_broken(
    blocks: PacketBlocks,
    starts: Positions,
    end: Positions,
    caplen: npt.NDArray[np.int64],
    interface: npt.NDArray[np.int64],
) -> BrokenBlock | None:
    unknown = interface >= blocks.limit
    long = (caplen > end - starts) | (caplen > MAX_CAPLEN)
    bad = unknown | long
    if not bad.any():
        return None
    row = int(np.argmax(bad))
    if unknown[row]:
        why = f"a packet of interface {interface[row]}, which the file does not describe"
    elif caplen[row] > MAX_CAPLEN:
        why = f"a packet claims {caplen[row]} captured bytes, more than {MAX_CAPLEN}"
    else:
        why = f"a packet claims {caplen[row]} bytes, its block has {end[row] - starts[row]}"
    return BrokenBlock(int(blocks.at[row]), why)
