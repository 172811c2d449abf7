"""The walk over pcapng blocks: from a chunk of a file to the packets in it.

Every verdict on damage is that of `capfile`, the reader that goes packet by packet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tunscope.capfile.blocks import BlockType
from tunscope.capfile.contents import CaptureContents
from tunscope.capfile.decode import section_byte_order
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
from tunscope.columns.sections import DESCRIBING_BLOCKS, Note, Sections

#: Blocks that are no packets are held whole up to this size.
MAX_HELD: Final = 16 << 20
#: Above this mean size of blocks, going from block to block beats looking at every word.
_LARGE_BLOCKS: Final = 1200
#: Chains in one chunk after which the vectorised pass is given up for it.
_MAX_CHAINS: Final = 64

_SECTION: Final = int(BlockType.SECTION_HEADER)
_ENHANCED: Final = int(BlockType.ENHANCED_PACKET)
_SIMPLE: Final = int(BlockType.SIMPLE_PACKET)
_OBSOLETE: Final = int(BlockType.PACKET)
_PACKETS: Final = frozenset({_ENHANCED, _SIMPLE, _OBSOLETE})
_RECORDS: Final = _PACKETS | CUSTOM_BLOCKS
_READ: Final = _RECORDS | DESCRIBING_BLOCKS
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
        self.notes: Final[list[tuple[int, Note]]] = []

    def close(self, sections: Sections) -> None:
        """End a piece: its packets may name the interfaces that are known now."""
        if self.singles:
            self.add(np.array(self.singles, np.int64), sections)
            self.singles.clear()

    def add(self, words: WordPositions, sections: Sections) -> None:
        self.pieces.append(words)
        self.bases.append(sections.base)
        self.limits.append(sections.known)

    def note(self, offset: int, note: Note | None) -> None:
        if note is not None:
            self.notes.append((offset, note))

    def blocks(self, order: ByteOrder) -> PacketBlocks:
        if len(self.pieces) == 1:
            shape = self.pieces[0].shape
            base, limit = (
                np.broadcast_to(np.int64(value), shape) for value in (self.bases[0], self.limits[0])
            )
            return PacketBlocks(self.pieces[0] * 4, base, limit, order)
        sizes = [len(piece) for piece in self.pieces]
        return PacketBlocks(
            np.concatenate(self.pieces) * 4,
            np.repeat(np.array(self.bases, np.int64), sizes),
            np.repeat(np.array(self.limits, np.int64), sizes),
            order,
        )


class PcapngWalker:
    """Walks one pcapng file.

    What is no record goes to `interfaces` and `contents`; see `Sections` for `earlier`.
    """

    def __init__(
        self, interfaces: InterfaceTable, contents: CaptureContents, earlier: int | None = None
    ) -> None:
        self.sections: Final = Sections(interfaces, contents, earlier)
        self._mean_block = 0

    def walk(self, buffer: ChunkBuffer, begin: int, end: int) -> Walked:
        """Walk the bytes `begin` to `end` of `buffer` as far as they hold whole blocks.

        `begin` is a multiple of 4. The walk also ends before a section header that changes the
        byte order; the next call goes on from there.
        """
        found, before = _Found(), len(self.sections.interfaces)
        walked = self._blocks(buffer, found, begin >> 2, end >> 2)
        found.close(self.sections)
        frames: Frames | None = None
        broken, stop = walked.broken, walked.end
        if found.pieces:
            blocks = found.blocks(self.sections.order)
            interfaces = self.sections.interfaces
            frames, bad = read_packet_blocks(blocks, buffer.window, interfaces)
            if bad is not None:
                broken, stop = bad, bad.offset
                row = len(frames)
                described = int((blocks.base + blocks.limit)[: row + 1].max())
                base, known = int(blocks.base[row]), int(blocks.limit[row])
                self.sections.rewind(base, known, max(before, described))
            self._mean_block = (stop - begin) // max(1, len(frames))
        for offset, note in found.notes:
            if offset < stop:
                note()
        return Walked(frames, stop, walked.wanted, walked.skippable, broken)

    def _blocks(self, buffer: ChunkBuffer, found: _Found, position: int, end: int) -> Walked:
        """Collect blocks, counting in words, until the first that is damaged or not whole."""
        sections = self.sections
        try:
            if end - position >= _SECTION_HEAD >> 2 and buffer.words[position] == _SECTION:
                sections.order = _byte_order(buffer, position)
            words = buffer.words if sections.order == "<" else buffer.words[:end].byteswap()
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
                        found.close(sections)
                        found.add(chain, sections)
                        position = after
                        continue
                if kind == _SECTION:
                    if end - position < _SECTION_HEAD >> 2:
                        return Walked(None, position * 4, _SECTION_HEAD)
                    if _byte_order(buffer, position) != sections.order:
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
                    found.close(sections)
                    body = buffer.data[position * 4 + 8 : after * 4 - 4].tobytes()
                    found.note(position * 4, _described(sections, kind, position * 4, body))
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
        sections, end = self.sections, len(view)
        offset, missing = position * 4, position * 4 + total > end * 4
        claims = BrokenBlock(offset, f"a block claims {total} bytes")
        most = MAX_HELD
        if kind == _ENHANCED and missing and _is_plain(view, position, total, sections.known):
            return Walked(None, offset, total)
        if kind in _PACKETS:
            head = _PACKET_HEAD[kind]
            if (end - position) * 4 < head:
                return Walked(None, offset, head)
            block = PacketBlocks(
                np.array([offset]),
                np.array([sections.base]),
                np.array([sections.known]),
                sections.order,
            )
            most += check_packet_block(block, buffer.window, sections.interfaces)
        elif kind in CUSTOM_BLOCKS:
            most = MAX_BLOCK
        elif kind not in _READ:
            most = MAX_BLOCK
            if MAX_HELD < total <= MAX_BLOCK:
                return Walked(None, offset, total, skippable=True)
        if not _LEAST.get(kind, _FRAME) <= total <= most:
            raise claims
        return Walked(None, offset, total) if missing else None


def _is_plain(view: memoryview, position: int, total: int, known: int) -> bool:
    """Whether an enhanced packet block, cut off by the chunk's end, is surely a right one."""
    if position + _PACKET_HEAD[_ENHANCED] // 4 > len(view):
        return False
    interface, caplen = view[position + 2], view[position + 5]
    return bool(
        interface < known
        and caplen <= MAX_CAPLEN
        and _LEAST[_ENHANCED] + (caplen + 3 & ~3) <= total <= MAX_HELD
    )


def _described(sections: Sections, kind: int, offset: int, body: bytes) -> Note | None:
    try:
        return sections.describe(kind, body)
    except ValueError as error:
        raise BrokenBlock(offset, str(error)) from error


def _unequal(start: int, end: int) -> str:
    return f"a block claims {start} bytes at its start and {end} at its end"


def _byte_order(buffer: ChunkBuffer, position: int) -> ByteOrder:
    start = position * 4 + 8
    try:
        return section_byte_order(buffer.data[start : start + 4].tobytes())
    except ValueError as error:
        raise BrokenBlock(position * 4, str(error)) from error
