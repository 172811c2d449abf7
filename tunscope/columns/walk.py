"""The walk over pcapng blocks: from a chunk of a file to the packets in it.

Every verdict on damage is that of `capfile`, the reader that goes packet by packet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from tunscope.capfile.blocks import BlockType, InterfaceDescription
from tunscope.capfile.contents import CaptureContents
from tunscope.capfile.decode import (
    decode_interface,
    decode_names,
    decode_section,
    decode_statistics,
    section_byte_order,
)
from tunscope.capfile.options import ByteOrder
from tunscope.capfile.packet_limits import MAX_CAPLEN
from tunscope.capfile.pcapng_stream import MAX_BLOCK
from tunscope.columns.block_chain import BlockChains, WordPositions
from tunscope.columns.buffer import ChunkBuffer
from tunscope.columns.frames import Frames
from tunscope.columns.interfaces import InterfaceTable
from tunscope.columns.packet_blocks import (
    CUSTOM_BLOCKS,
    BrokenBlock,
    PacketBlocks,
    check_packet_block,
    read_packet_blocks,
)

#: Blocks that are no packets are held whole up to this size.
MAX_HELD: Final = 16 << 20
#: Above this mean size of blocks, going from block to block beats looking at every word.
_LARGE_BLOCKS: Final = 1200
#: Chains in one chunk after which the vectorised pass is given up for it.
_MAX_CHAINS: Final = 64

_SECTION: Final = int(BlockType.SECTION_HEADER)
_INTERFACE: Final = int(BlockType.INTERFACE_DESCRIPTION)
_NAMES: Final = int(BlockType.NAME_RESOLUTION)
_STATISTICS: Final = int(BlockType.INTERFACE_STATISTICS)
_ENHANCED: Final = int(BlockType.ENHANCED_PACKET)
_SIMPLE: Final = int(BlockType.SIMPLE_PACKET)
_OBSOLETE: Final = int(BlockType.PACKET)
_PACKETS: Final = frozenset({_ENHANCED, _SIMPLE, _OBSOLETE})
_RECORDS: Final = _PACKETS | CUSTOM_BLOCKS
_READ: Final = _RECORDS | {_SECTION, _INTERFACE, _NAMES, _STATISTICS}
#: Bytes of a packet block's header up to its data, or of a simple one's.
_PACKET_HEAD: Final = {_ENHANCED: 28, _OBSOLETE: 28, _SIMPLE: 12}
#: Bytes of a section header without options; its byte order is known from these.
_SECTION_HEAD: Final = 28
#: Bytes of the smallest block: fixed fields and trailer.
_LEAST: Final = {
    _SECTION: _SECTION_HEAD,
    _OBSOLETE: 32,
    _SIMPLE: 16,
    _ENHANCED: 32,
    9: 36,
    10: 20,
    **dict.fromkeys(CUSTOM_BLOCKS, 16),
}
_FRAME: Final = 12


@dataclass(frozen=True, slots=True)
class Walked:
    """How far a walk came.

    `end` is where the next walk has to begin. `wanted` is the size of the block there, if it is
    known and the block not whole in the buffer; `skippable` says that nothing in it is needed.
    `broken` says why there is no going on from `end`.
    """

    frames: Frames | None
    end: int
    wanted: int = 0
    skippable: bool = False
    broken: BrokenBlock | None = None


class _Found:
    """What one walk has found so far: packet blocks in pieces, and notes on other blocks."""

    def __init__(self) -> None:
        self.pieces: Final[list[WordPositions]] = []
        self.bases: Final[list[int]] = []
        self.limits: Final[list[int]] = []
        self.singles: Final[list[int]] = []
        #: What is to be done once it is sure that nothing before that offset is damaged.
        self.notes: Final[list[tuple[int, Callable[[], None]]]] = []

    def close(self, base: int, limit: int) -> None:
        """End a piece: its packets may name `limit` interfaces from number `base` on."""
        if self.singles:
            self.add(np.array(self.singles, np.int64), base, limit)
            self.singles.clear()

    def add(self, words: WordPositions, base: int, limit: int) -> None:
        self.pieces.append(words)
        self.bases.append(base)
        self.limits.append(limit)

    def blocks(self, order: ByteOrder) -> PacketBlocks:
        sizes = [len(piece) for piece in self.pieces]
        return PacketBlocks(
            np.concatenate(self.pieces) * 4,
            np.repeat(np.array(self.bases, np.int64), sizes),
            np.repeat(np.array(self.limits, np.int64), sizes),
            order,
        )


class PcapngWalker:
    """Walks one pcapng file.

    What is no packet goes to `interfaces` and `contents`. A file that goes on where another one
    ended may describe the same interfaces again: those that `earlier`, the number of that file's
    first interface, and the following ones describe already are not added once more.
    """

    def __init__(
        self, interfaces: InterfaceTable, contents: CaptureContents, earlier: int | None = None
    ) -> None:
        self._interfaces: Final = interfaces
        self._contents: Final = contents
        self._earlier = earlier
        self._order: ByteOrder = "<"
        self._base = len(interfaces)
        self._known = 0
        self._mean_block = 0

    @property
    def order(self) -> ByteOrder:
        """Byte order of the section the walk has come to."""
        return self._order

    @property
    def base(self) -> int:
        """Number of that section's first interface."""
        return self._base

    def walk(self, buffer: ChunkBuffer, begin: int, end: int) -> Walked:
        """Walk the bytes `begin` to `end` of `buffer` as far as they hold whole blocks.

        `begin` is a multiple of 4. The walk also ends before a section header that changes the
        byte order; the next call goes on from there.
        """
        found, before = _Found(), len(self._interfaces)
        walked = self._blocks(buffer, found, begin >> 2, end >> 2)
        found.close(self._base, self._known)
        frames: Frames | None = None
        broken, stop = walked.broken, walked.end
        if found.pieces:
            blocks = found.blocks(self._order)
            frames, bad = read_packet_blocks(blocks, buffer.window, self._interfaces)
            if bad is not None:
                broken, stop = bad, bad.offset
                row = len(frames)
                self._base, self._known = int(blocks.base[row]), int(blocks.limit[row])
                described = int((blocks.base + blocks.limit)[: row + 1].max())
                self._interfaces.truncate(max(before, described))
            self._mean_block = (stop - begin) // max(1, len(frames))
        for offset, note in found.notes:
            if offset < stop:
                note()
        return Walked(frames, stop, walked.wanted, walked.skippable, broken)

    def _blocks(self, buffer: ChunkBuffer, found: _Found, position: int, end: int) -> Walked:
        """Collect blocks, counting in words, until the first that is damaged or not whole."""
        try:
            if end - position >= _SECTION_HEAD >> 2 and buffer.words[position] == _SECTION:
                self._order = _byte_order(buffer, position)
            words = buffer.words if self._order == "<" else buffer.words[:end].byteswap()
            view = words.data
            chains: BlockChains | None = None
            tries = _MAX_CHAINS if self._mean_block < _LARGE_BLOCKS else 0
            single = found.singles.append
            while position + 2 <= end:
                kind = view[position]
                if kind == _ENHANCED and tries:
                    tries -= 1
                    chains = chains or BlockChains(words, position, end)
                    chain, after = chains.chain(position)
                    if len(chain):
                        found.close(self._base, self._known)
                        found.add(chain, self._base, self._known)
                        position = after
                        continue
                if kind == _SECTION:
                    if end - position < _SECTION_HEAD >> 2:
                        return Walked(None, position * 4, _SECTION_HEAD)
                    if _byte_order(buffer, position) != self._order:
                        return Walked(None, position * 4)
                # Some writers leave the padding out of the lengths.
                total = view[position + 1] + 3 & ~3
                after = position + (total >> 2)
                if after > end or total > MAX_HELD or total < _LEAST.get(kind, _FRAME):
                    waiting = self._unusual(buffer, view[:end], position, kind, total)
                    if waiting is not None:
                        return waiting
                if view[after - 1] + 3 & ~3 != total:
                    why = _unequal(total, view[after - 1])
                    return Walked(None, position * 4, broken=BrokenBlock(position * 4, why))
                if kind in _RECORDS:
                    single(position)
                else:
                    found.close(self._base, self._known)
                    body = buffer.data[position * 4 + 8 : after * 4 - 4].tobytes()
                    self._describe(found, kind, position * 4, body)
                position = after
        except BrokenBlock as error:
            return Walked(None, error.offset, broken=error)
        return Walked(None, position * 4)

    def _unusual(
        self, buffer: ChunkBuffer, view: memoryview, position: int, kind: int, total: int
    ) -> Walked | None:
        """Judge a block that is not whole in the buffer, too small or very large.

        None if it is whole and may be read; BrokenBlock if it contradicts itself already.
        """
        end = len(view)
        offset, missing = position * 4, position * 4 + total > end * 4
        claims = BrokenBlock(offset, f"a block claims {total} bytes")
        most = MAX_HELD
        if kind == _ENHANCED and missing and self._is_plain(view, position, total):
            return Walked(None, offset, total)
        if kind in _PACKETS:
            head = _PACKET_HEAD[kind]
            if (end - position) * 4 < head:
                return Walked(None, offset, head)
            block = PacketBlocks(
                np.array([offset]), np.array([self._base]), np.array([self._known]), self._order
            )
            most += check_packet_block(block, buffer.window, self._interfaces)
        elif kind in CUSTOM_BLOCKS:
            most = MAX_BLOCK
        elif kind not in _READ:
            most = MAX_BLOCK
            if MAX_HELD < total <= MAX_BLOCK:
                return Walked(None, offset, total, skippable=True)
        if not _LEAST.get(kind, _FRAME) <= total <= most:
            raise claims
        return Walked(None, offset, total) if missing else None

    def _is_plain(self, view: memoryview, position: int, total: int) -> bool:
        """Whether an enhanced packet block, cut off by the chunk's end, is surely a right one."""
        if position + _PACKET_HEAD[_ENHANCED] // 4 > len(view):
            return False
        interface, caplen = view[position + 2], view[position + 5]
        return bool(
            interface < self._known
            and caplen <= MAX_CAPLEN
            and _LEAST[_ENHANCED] + (caplen + 3 & ~3) <= total <= MAX_HELD
        )

    def _describe(self, found: _Found, kind: int, offset: int, body: bytes) -> None:
        """Read a block that is no packet; the interfaces it describes count from now on."""
        contents = self._contents
        try:
            if kind == _SECTION:
                comments = decode_section(body, self._order)
                self._base, self._known = len(self._interfaces), 0
                found.notes.append((offset, partial(contents.comments.extend, comments)))
            elif kind == _INTERFACE:
                self._add_interface(decode_interface(body, self._order))
            elif kind == _NAMES:
                names = decode_names(body, self._order)
                found.notes.append((offset, partial(_add_names, contents.names, names)))
            elif kind == _STATISTICS:
                statistics = decode_statistics(
                    body, self._order, self._interfaces.descriptions, self._base
                )
                if statistics is not None:
                    found.notes.append((offset, partial(contents.statistics.append, statistics)))
        except ValueError as error:
            raise BrokenBlock(offset, str(error)) from error

    def _add_interface(self, description: InterfaceDescription) -> None:
        interfaces, order = self._interfaces, self._order
        if self._earlier is not None and self._known == 0:
            if interfaces.describes(self._earlier, description, order):
                self._base = self._earlier
            self._earlier = None
        number = self._base + self._known
        if not interfaces.describes(number, description, order):
            if number < len(interfaces):
                # No longer the same: what was taken over so far is described anew after all.
                same = interfaces.descriptions[self._base : number]
                self._base = len(interfaces)
                for i, earlier in enumerate(same):
                    interfaces.add(earlier, order, i)
            interfaces.add(description, order, self._known)
        self._known += 1


def _unequal(start: int, end: int) -> str:
    return f"a block claims {start} bytes at its start and {end} at its end"


def _add_names(names: dict[str, str], new: list[tuple[str, str]]) -> None:
    for address, name in new:
        names.setdefault(address, name)


def _byte_order(buffer: ChunkBuffer, position: int) -> ByteOrder:
    start = position * 4 + 8
    try:
        return section_byte_order(buffer.data[start : start + 4].tobytes())
    except ValueError as error:
        raise BrokenBlock(position * 4, str(error)) from error
