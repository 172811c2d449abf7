"""Blocks of pcapng that are records, to columns: packets of all three kinds, custom blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.capfile.blocks import BlockType
from tunscope.capfile.options import ByteOrder
from tunscope.capfile.packet_limits import MAX_CAPLEN
from tunscope.columns.frames import Frames
from tunscope.columns.gather import ByteWindow, Positions, header_type
from tunscope.columns.interfaces import InterfaceTable
from tunscope.columns.layout import RecordFlag
from tunscope.columns.packet_options import read_packet_options

#: Where a block's packet data starts.
DATA_OFFSET: Final = 28
SIMPLE_DATA_OFFSET: Final = 12
CUSTOM_DATA_OFFSET: Final = 12
#: Block types of custom blocks.
CUSTOM_BLOCKS: Final = frozenset({int(BlockType.CUSTOM), int(BlockType.CUSTOM_NOT_COPIED)})

_ENHANCED: Final = int(BlockType.ENHANCED_PACKET)
_SIMPLE: Final = int(BlockType.SIMPLE_PACKET)
_OBSOLETE: Final = int(BlockType.PACKET)
_TRAILER: Final = 4
#: Stands for the link type of a custom block; nobody decodes it.
_NO_LINKTYPE: Final = 0xFFFE
_HIGH_WORD: Final = np.uint64(32)
_FLAG_BITS: Final = np.uint32(RecordFlag.DIRECTION | RecordFlag.RECEPTION)
_HEADERS: Final = {
    order: header_type(
        28,
        kind=(f"{order}u4", 0),
        total=(f"{order}u4", 4),
        interface=(f"{order}u4", 8),
        obsolete_interface=(f"{order}u2", 8),
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
    """Packet blocks by their place in the buffer, and the interfaces they may name.

    `base` is the number of the section's first interface, `limit` how many of the section's
    interfaces the file had described before the block.
    """

    at: Positions
    base: npt.NDArray[np.int64]
    limit: npt.NDArray[np.int64]
    order: ByteOrder

    def before(self, count: int) -> PacketBlocks:
        """Return the first `count` blocks."""
        return PacketBlocks(self.at[:count], self.base[:count], self.limit[:count], self.order)


@dataclass(frozen=True, slots=True)
class _Fields:
    """Fields of packet blocks, whatever their kind.

    `room` ends where a block's trailer starts, and `spare` bytes of it are behind the packet.
    """

    starts: Positions
    room: Positions
    spare: Positions
    interface: npt.NDArray[np.int64]
    ticks: npt.NDArray[np.uint64]
    caplen: npt.NDArray[np.int64]
    origlen: npt.NDArray[np.uint32]
    simple: npt.NDArray[np.intp]
    custom: npt.NDArray[np.intp]


def read_packet_blocks(
    blocks: PacketBlocks, window: ByteWindow, interfaces: InterfaceTable
) -> tuple[Frames, BrokenBlock | None]:
    """Return the packets of `blocks` up to the first damaged one, and what is wrong with that.

    The bytes from each block's start to its end, or at least to its data, are in the window.
    """
    fields = _read_fields(blocks, window, interfaces)
    broken = _first_broken(blocks, fields, interfaces)
    if broken is not None:
        whole = blocks.before(int(np.searchsorted(blocks.at, broken.offset)))
        return read_packet_blocks(whole, window, interfaces)[0], broken
    flags = np.zeros(len(blocks.at), np.uint8)
    flags[fields.simple] = RecordFlag.NO_TIMESTAMP
    flags[fields.custom] = RecordFlag.CUSTOM_BLOCK
    if fields.spare.any():
        rows = np.flatnonzero(fields.spare)
        room = fields.room[rows]
        found = read_packet_options(window, room - fields.spare[rows], room, blocks.order)
        if found.broken.any():
            bad = int(rows[np.argmax(found.broken)])
            frames, _ = read_packet_blocks(blocks.before(bad), window, interfaces)
            return frames, BrokenBlock(int(blocks.at[bad]), "a packet's options are damaged")
        flags[rows] |= (found.flags & _FLAG_BITS).astype(np.uint8)
        flags[rows] |= found.comment * np.uint8(RecordFlag.COMMENT)
        flags[rows] |= np.uint8(RecordFlag.OPTIONS)
    numbers = (fields.interface + blocks.base).astype(np.uint16)
    times = interfaces.times(fields.ticks, numbers)
    times[fields.simple] = 0
    times[fields.custom] = 0
    linktypes = interfaces.linktypes(numbers)
    linktypes[fields.custom] = _NO_LINKTYPE
    return (
        Frames(
            window.data,
            fields.starts,
            fields.caplen,
            fields.origlen,
            times,
            numbers,
            flags,
            linktypes,
        ),
        None,
    )


def check_packet_block(blocks: PacketBlocks, window: ByteWindow, interfaces: InterfaceTable) -> int:
    """Judge one block by its header alone; return its captured bytes with their padding.

    BrokenBlock: the header contradicts itself, whatever follows it.
    """
    fields = _read_fields(blocks, window, interfaces)
    broken = _first_broken(blocks, fields, interfaces)
    if broken is not None:
        raise broken
    return int(fields.caplen[0]) + 3 & ~3


def _read_fields(blocks: PacketBlocks, window: ByteWindow, interfaces: InterfaceTable) -> _Fields:
    at = blocks.at
    header = window.take(_HEADERS[blocks.order], at, at + DATA_OFFSET)
    kind = header["kind"].astype(np.uint32)
    # Some writers leave the padding out of the lengths.
    room = at + (header["total"].astype(np.int64) + 3 & ~3) - _TRAILER
    starts = at + DATA_OFFSET
    interface = header["interface"].astype(np.int64)
    ticks = header["high"].astype(np.uint64)
    ticks <<= _HIGH_WORD
    ticks |= header["low"]
    caplen = header["caplen"].astype(np.int64)
    origlen = header["origlen"].astype(np.uint32)
    simple = custom = np.zeros(0, np.intp)
    if not (kind == _ENHANCED).all():
        rows = np.flatnonzero(kind == _OBSOLETE)
        interface[rows] = header["obsolete_interface"][rows]
        simple = np.flatnonzero(kind == _SIMPLE)
        starts[simple] = at[simple] + SIMPLE_DATA_OFFSET
        origlen[simple] = header["interface"][simple]
        caplen[simple] = np.minimum(
            header["interface"][simple].astype(np.int64), _snaplens(blocks, simple, interfaces)
        )
        interface[simple] = 0
        custom = np.flatnonzero(np.isin(kind, list(CUSTOM_BLOCKS)))
        starts[custom] = at[custom] + CUSTOM_DATA_OFFSET
        caplen[custom] = room[custom] - starts[custom]
        origlen[custom] = caplen[custom]
        # No interface: number 0 of all sections, whatever the section.
        interface[custom] = -blocks.base[custom]
    spare = room - starts - caplen - (-caplen & 3)
    return _Fields(starts, room, spare, interface, ticks, caplen, origlen, simple, custom)


def _snaplens(
    blocks: PacketBlocks, rows: npt.NDArray[np.intp], interfaces: InterfaceTable
) -> npt.NDArray[np.int64]:
    """A simple packet block leaves out its captured length: the first interface's limit decides."""
    limits = {
        base: interfaces.descriptions[base].snaplen or 1 << 32
        for base in set(blocks.base[rows].tolist())
        if base < len(interfaces)
    }
    return np.array([limits.get(base, 0) for base in blocks.base[rows].tolist()], np.int64)


def _first_broken(
    blocks: PacketBlocks, fields: _Fields, interfaces: InterfaceTable
) -> BrokenBlock | None:
    unknown = fields.interface >= blocks.limit
    unknown[fields.custom] = False
    bad = (fields.spare < 0) | unknown
    if len(fields.simple):
        bad[fields.simple] |= fields.spare[fields.simple] != 0
    long = fields.caplen > MAX_CAPLEN
    if long.any():
        numbers = (fields.interface + blocks.base) * ~unknown
        long = fields.caplen > interfaces.longest(numbers.astype(np.uint16))
        long[fields.custom] = False
        bad |= long
    if not bad.any():
        return None
    row = int(np.argmax(bad))
    caplen = int(fields.caplen[row])
    if unknown[row]:
        why = (
            f"a packet names interface {fields.interface[row]}, the section has described "
            f"{blocks.limit[row]}"
        )
    elif long[row] and fields.spare[row] >= 0:
        why = f"a packet claims {caplen} captured bytes"
    else:
        total = int(fields.room[row]) + _TRAILER - int(blocks.at[row])
        why = f"a block of {total} bytes claims {caplen} bytes of packet"
    return BrokenBlock(int(blocks.at[row]), why)
