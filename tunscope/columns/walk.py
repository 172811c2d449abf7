"""The walk over pcapng blocks: from a chunk of a file to the packets in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from tunscope.capfile.blocks import BYTE_ORDER_MAGIC, BlockType
from tunscope.capfile.options import ByteOrder
from tunscope.columns.block_chain import BlockChains, WordPositions
from tunscope.columns.buffer import ChunkBuffer
from tunscope.columns.frames import Frames
from tunscope.columns.interfaces import InterfaceTable
from tunscope.columns.packet_blocks import BrokenBlock, PacketBlocks, read_packet_blocks
from tunscope.columns.sections import check_section, read_interface

#: A block is at most this long; tshark has the same limit.
MAX_BLOCK: Final = 16 << 20
#: Above this mean size of blocks, going from block to block beats looking at every word.
_LARGE_BLOCKS: Final = 1200
#: Chains in one chunk after which the vectorised pass is given up for it.
_MAX_CHAINS: Final = 64

_SECTION: Final = int(BlockType.SECTION_HEADER)
_INTERFACE: Final = int(BlockType.INTERFACE_DESCRIPTION)
_ENHANCED: Final = int(BlockType.ENHANCED_PACKET)
_SIMPLE: Final = int(BlockType.SIMPLE_PACKET)
_OBSOLETE: Final = int(BlockType.PACKET)
_PACKETS: Final = frozenset({_ENHANCED, _SIMPLE, _OBSOLETE})
#: Bytes of the smallest block of a kind: its fixed fields, its header and its trailer.
_LEAST: Final = {_SECTION: 28, _INTERFACE: 20, _OBSOLETE: 32, _SIMPLE: 16, _ENHANCED: 32}
_ORDERS: Final[dict[bytes, ByteOrder]] = {
    BYTE_ORDER_MAGIC.to_bytes(4, "little"): "<",
    BYTE_ORDER_MAGIC.to_bytes(4): ">",
}

#: Called with type, byte order and body of every whole block that is not a packet.
OtherBlock = Callable[[int, ByteOrder, bytes], None]


@dataclass(frozen=True, slots=True)
class Walked:
    """How far a walk came.

    `end` is where the next walk has to begin. `wanted` is the size of the block there, if it is
    known and not whole in the buffer; `broken` says why there is no going on.
    """

    frames: Frames | None
    end: int
    wanted: int = 0
    broken: BrokenBlock | None = None


class _Found:
    """Packet blocks found so far, in pieces that share the interfaces they may name."""

    def __init__(self) -> None:
        self.pieces: list[WordPositions] = []
        self.bases: list[int] = []
        self.limits: list[int] = []
        self.singles: list[int] = []

    def close(self, base: int, limit: int) -> None:
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
    """Walks one pcapng file, or the segments of a spool one after the other.

    `interfaces` grows as description blocks are met; `other` sees them and all other blocks that
    are not packets.
    """

    def __init__(self, interfaces: InterfaceTable, other: OtherBlock) -> None:
        self.interfaces: Final = interfaces
        self._other: Final = other
        self._order: ByteOrder = "<"
        self._base = 0
        self._started = False
        self._mean_block = 0

    def restart(self) -> None:
        """Expect a section header next: another file begins."""
        self._started = False

    def walk(self, buffer: ChunkBuffer, begin: int, end: int) -> Walked:
        """Walk the bytes `begin` to `end` of `buffer` as far as they hold whole blocks.

        `begin` is a multiple of 4. The walk also ends before a section header that changes the
        byte order; the next call goes on from there.
        """
        found = _Found()
        broken: BrokenBlock | None = None
        wanted = 0
        position = begin >> 2
        try:
            if end - begin >= _LEAST[_SECTION] and buffer.words[position] == _SECTION:
                self._order = _byte_order(buffer, begin)
            position, wanted = self._blocks(buffer, found, position, end >> 2)
        except BrokenBlock as error:
            broken, position = error, error.offset >> 2
        found.close(self._base, self._known)
        if not found.pieces:
            return Walked(None, position * 4, wanted, broken)
        frames, bad = read_packet_blocks(found.blocks(self._order), buffer.window, self.interfaces)
        if bad is not None:
            broken, position = bad, bad.offset >> 2
        self._mean_block = (position * 4 - begin) // max(1, len(frames))
        return Walked(frames, position * 4, wanted, broken)

    @property
    def _known(self) -> int:
        """How many interfaces the section has described so far."""
        return len(self.interfaces) - self._base

    def _blocks(
        self, buffer: ChunkBuffer, found: _Found, position: int, end: int
    ) -> tuple[int, int]:
        """Collect packet blocks; return where the walk ends and the size of the block there."""
        words = buffer.words if self._order == "<" else buffer.words[:end].byteswap()
        view = words.data
        chains: BlockChains | None = None
        tries = _MAX_CHAINS if self._mean_block < _LARGE_BLOCKS else 0
        single = found.singles.append
        while position + 3 <= end:
            kind, total = view[position], view[position + 1]
            if kind == _ENHANCED and tries and self._started:
                tries -= 1
                chains = chains or BlockChains(words, position, end)
                chain, after = chains.chain(position)
                if len(chain):
                    found.close(self._base, self._known)
                    found.add(chain, self._base, self._known)
                    position = after
                    continue
            if kind == _SECTION:
                if end - position < _LEAST[_SECTION] >> 2:
                    return position, _LEAST[_SECTION]
                if _byte_order(buffer, position * 4) != self._order:
                    return position, 0
            elif not self._started:
                raise BrokenBlock(position * 4, "no section header where one has to be")
            if total & 3 or total < _LEAST.get(kind, 12) or total > MAX_BLOCK:
                raise BrokenBlock(position * 4, f"a block claims {total} bytes")
            after = position + (total >> 2)
            if after > end:
                return position, total
            if view[after - 1] != total:
                why = f"a block of {total} bytes ends in the length {view[after - 1]}"
                raise BrokenBlock(position * 4, why)
            if kind in _PACKETS:
                single(position)
            else:
                found.close(self._base, self._known)
                body = bytes(buffer.data[position * 4 + 8 : after * 4 - 4])
                self._describe(kind, position * 4, body)
            position = after
        return position, 0

    def _describe(self, kind: int, offset: int, body: bytes) -> None:
        try:
            if kind == _SECTION:
                check_section(body, self._order)
                self._started = True
                self._base = len(self.interfaces)
            elif kind == _INTERFACE:
                self.interfaces.add(read_interface(body, self._order), self._order)
            else:
                self._other(kind, self._order, body)
        except ValueError as error:
            raise BrokenBlock(offset, str(error)) from error


def _byte_order(buffer: ChunkBuffer, offset: int) -> ByteOrder:
    magic = bytes(buffer.data[offset + 8 : offset + 12])
    if magic not in _ORDERS:
        raise BrokenBlock(offset, f"a section header has the byte-order magic {magic.hex()}")
    return _ORDERS[magic]
