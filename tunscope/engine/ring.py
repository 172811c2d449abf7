"""Packet ring: TPACKET_V3 blocks of an AF_PACKET socket, sent on as pcapng without a copy.

The kernel fills blocks of 1 MiB with packets, each behind a `tpacket3_hdr` of 48 bytes and a
`sockaddr_ll` of 20 (linux/if_packet.h). What pcapng wants around a packet is computed for a whole
block at once, in columns; the packet's bytes stay in the ring until `writev` takes them from there.
"""

from __future__ import annotations

import mmap
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.engine.batch import Batch
from tunscope.packet.direction import CHECKSUM_NOT_READY, TCP_SEGMENTATION_OFFLOAD, Direction

BLOCK_SIZE: Final = 1 << 20
#: The kernel hands over a block that is not full after this long.
RETIRE_MS: Final = 40

_BLOCK_WORDS: Final = BLOCK_SIZE // 4
_BLOCKS_AT_ONCE: Final = 8
#: At 250 kpps of 1400 bytes five blocks come in this time.
_REST_SECONDS: Final = 0.015

_SOL_PACKET: Final = 263
_PACKET_RX_RING: Final = 5
_PACKET_STATISTICS: Final = 6
_PACKET_VERSION: Final = 10
_TPACKET_V3: Final = 2
_ETH_P_ALL: Final = 3  # socket.bind takes it in host order

_TP_STATUS_USER: Final = 1
_TP_STATUS_CSUMNOTREADY: Final = 1 << 3
_TP_STATUS_VLAN_VALID: Final = 1 << 4
_TP_STATUS_BLK_TMO: Final = 1 << 5
_TP_STATUS_VLAN_TPID_VALID: Final = 1 << 6
_TP_STATUS_GSO_TCP: Final = 1 << 8
_ETH_P_8021Q: Final = 0x8100
_VLAN_TAG_SIZE: Final = 4
_MAC_PAIR_SIZE: Final = 12
_PKTTYPE_OFFSET: Final = 58  # in bytes from the tpacket3_hdr: 48, then sll_pkttype at 10

#: `epb_flags` by sll_pkttype: host, broadcast, multicast, other host, outgoing. Bits 2-4 are the
#: reception type (unicast 1, multicast 2, broadcast 3, promiscuous 4).
_FLAGS_BY_PKTTYPE: Final = np.zeros(256, np.uint32)
_FLAGS_BY_PKTTYPE[:5] = (
    Direction.IN | 1 << 2,
    Direction.IN | 3 << 2,
    Direction.IN | 2 << 2,
    Direction.IN | 4 << 2,
    Direction.OUT,
)

#: The words between the data of one packet and that of the next: padding (0-3 bytes of word 0);
#: option epb_flags (2, length 4) and opt_endofopt, total length; type, total length, interface,
#: time high and low, caplen, origlen of the next.
_SEAM_WORDS: Final = 12
_TAIL_BYTES: Final = 16
_HEAD_BYTES: Final = 28
_FLAGS_OPTION: Final = 4 << 16 | 2
_ENHANCED_PACKET_BLOCK: Final = 6


@dataclass(frozen=True, slots=True)
class RingStatistics:
    """What PACKET_STATISTICS counted since it was last asked: all packets, and those it lost."""

    packets: int
    drops: int


class PacketRing:
    """The receive ring of one AF_PACKET socket (SOCK_RAW, not bound yet).

    `blocks` MiB of kernel memory are mapped. Set filters on the socket before `bind`. A batch
    taken is valid until `release`.
    """

    def __init__(self, sock: socket.socket, blocks: int, snaplen: int) -> None:
        self._socket = sock
        self._blocks = blocks
        sock.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V3)
        frame_size = 2048
        request = struct.pack(
            "7I", BLOCK_SIZE, blocks, frame_size, BLOCK_SIZE // frame_size * blocks, RETIRE_MS, 0, 0
        )
        sock.setsockopt(_SOL_PACKET, _PACKET_RX_RING, request)
        self._map = mmap.mmap(sock.fileno(), BLOCK_SIZE * blocks, mmap.MAP_SHARED)
        self._words = memoryview(self._map).cast("I")
        self.encoder = BlockEncoder(np.frombuffer(self._map, np.uint8), snaplen)
        self._current = 0
        self._taken = 0
        self._filled = False

    def bind(self, device: str) -> None:
        """Start receiving what crosses `device`, both directions."""
        self._socket.bind((device, _ETH_P_ALL))

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when a block is ready."""
        return self._socket.fileno()

    def take(self) -> Batch | None:
        """Return the packets of the blocks that are ready, in order; None if none is.

        While blocks come full, it rests a few milliseconds first: encoding several at once costs
        little more than encoding one.
        """
        ready = self._ready()
        if 0 < ready < min(_BLOCKS_AT_ONCE, self._blocks // 4) and self._filled:
            time.sleep(_REST_SECONDS)
            ready = self._ready()
        if not ready:
            return None
        runs = []
        for index in range(self._current, self._current + ready):
            block = index % self._blocks
            word = block * _BLOCK_WORDS
            runs.append((block * BLOCK_SIZE + self._words[word + 4], self._words[word + 3]))
            self._filled = not self._words[word + 2] & _TP_STATUS_BLK_TMO
        self._taken = ready
        return self.encoder.encode(runs)

    def release(self) -> None:
        """Give the blocks last taken back to the kernel."""
        for _ in range(self._taken):
            self._words[self._current * _BLOCK_WORDS + 2] = 0
            self._current = (self._current + 1) % self._blocks
        self._taken = 0

    def _ready(self) -> int:
        """Return how many blocks from the current one on are ours, up to what is taken at once."""
        for count in range(min(_BLOCKS_AT_ONCE, self._blocks)):
            word = (self._current + count) % self._blocks * _BLOCK_WORDS
            if not self._words[word + 2] & _TP_STATUS_USER:
                return count
        return min(_BLOCKS_AT_ONCE, self._blocks)

    def statistics(self) -> RingStatistics:
        """Return the counts since the last call (the kernel resets them)."""
        raw = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 12)
        packets, drops, _freezes = struct.unpack("3I", raw)
        return RingStatistics(packets, drops)


class BlockEncoder:
    """Makes EPBs of interface 0 around the packets in `ring`, which it only reads.

    The buffers are reused: a batch is valid until the next `encode`. No packet is handed on with
    more than `snaplen` bytes, a VLAN tag put back included. `accept`, if set, is asked for every
    packet, its tag put back; what it rejects is counted in `rejected`.
    """

    def __init__(self, ring: npt.NDArray[np.uint8], snaplen: int) -> None:
        self._bytes = ring
        self._words = ring.view(np.uint32)
        self._word_view = self._words.data
        self._address = ring.ctypes.data
        self.accept: Callable[[bytes], int] | None = None
        self.rejected = 0
        self._snaplen = snaplen
        self._seams = np.zeros((0, _SEAM_WORDS), np.uint32)
        self._iovecs = np.zeros((0, 2), np.uint64)
        self._tags = np.zeros((0, 2), ">u2")

    def encode(self, runs: Sequence[tuple[int, int]]) -> Batch:
        """Return the packets of `runs`: the byte of the ring of the first header, and how many."""
        headers = np.concatenate([self._header_words(first // 4, count) for first, count in runs])
        if self.accept is not None:
            headers = headers[[bool(self.accept(self._packet(int(word)))) for word in headers]]
            self.rejected += sum(count for _, count in runs) - len(headers)
        if not len(headers):
            return Batch(np.zeros((0, 2), np.uint64), np.zeros(0, np.uint32))
        words = self._words
        status = words[headers + 5]
        caplen = words[headers + 3]
        origlen = words[headers + 4]
        data = headers * 4 + (words[headers + 6] & 0xFFFF)
        flags = _FLAGS_BY_PKTTYPE[self._bytes[headers * 4 + _PKTTYPE_OFFSET]]
        anything = int(np.bitwise_or.reduce(status))
        if anything & _TP_STATUS_CSUMNOTREADY:
            flags[status & _TP_STATUS_CSUMNOTREADY != 0] |= CHECKSUM_NOT_READY
        if anything & _TP_STATUS_GSO_TCP:
            flags[status & _TP_STATUS_GSO_TCP != 0] |= TCP_SEGMENTATION_OFFLOAD
        tagged = None
        if anything & _TP_STATUS_VLAN_VALID:
            tagged = (status & _TP_STATUS_VLAN_VALID != 0) & (caplen >= _MAC_PAIR_SIZE)
            origlen = origlen + tagged * np.uint32(_VLAN_TAG_SIZE)
            caplen = caplen + tagged * np.uint32(_VLAN_TAG_SIZE)
        stored = np.minimum(caplen, np.uint32(self._snaplen))
        sizes = (stored + np.uint32(_HEAD_BYTES + _TAIL_BYTES + 3)) & np.uint32(0xFFFFFFFC)
        self._fill_seams(headers, stored, origlen, flags, sizes)
        if tagged is None:
            return Batch(self._plain_iovecs(data, stored), sizes)
        return Batch(self._tagged_iovecs(headers, data, stored, status, tagged), sizes)

    def _packet(self, word: int) -> bytes:
        """Return the packet whose header is at `word`, as it was on the wire."""
        words = self._word_view
        start = word * 4 + (words[word + 6] & 0xFFFF)
        data = self._bytes[start : start + words[word + 3]].tobytes()
        status = words[word + 5]
        if not status & _TP_STATUS_VLAN_VALID or len(data) < _MAC_PAIR_SIZE:
            return data
        has_tpid = status & _TP_STATUS_VLAN_TPID_VALID
        tpid = words[word + 9] & 0xFFFF if has_tpid else _ETH_P_8021Q
        tag = struct.pack(">HH", tpid, words[word + 8] & 0xFFFF)
        return data[:_MAC_PAIR_SIZE] + tag + data[_MAC_PAIR_SIZE:]

    def _header_words(self, first: int, count: int) -> npt.NDArray[np.int64]:
        """Follow the chain of next-offsets; packets of one size are stepped over at a stride."""
        word_view = self._word_view
        step = word_view[first] >> 2 if count else 0
        if count > 1 and first + step * (count - 1) < len(word_view):
            guess = np.arange(first, first + step * count, step, dtype=np.int64)[:count]
            if (self._words[guess[:-1]] == step << 2).all():
                return guess
        headers: list[int] = []
        append = headers.append
        word = first
        for _ in range(count):
            append(word)
            word += word_view[word] >> 2
        return np.array(headers, np.int64)

    def _fill_seams(
        self,
        headers: npt.NDArray[np.int64],
        stored: npt.NDArray[np.uint32],
        origlen: npt.NDArray[np.uint32],
        flags: npt.NDArray[np.uint32],
        sizes: npt.NDArray[np.uint32],
    ) -> None:
        count = len(headers)
        if len(self._seams) <= count:
            self._seams = np.zeros((count * 2, _SEAM_WORDS), np.uint32)
            self._seams[:, 1] = _FLAGS_OPTION
            self._seams[:, 5] = _ENHANCED_PACKET_BLOCK
        words = self._words
        stamps = words[headers + 1].astype(np.uint64)
        stamps *= np.uint64(1_000_000_000)
        stamps += words[headers + 2]
        seams = self._seams
        seams[1 : count + 1, 2] = flags
        seams[1 : count + 1, 4] = sizes
        seams[:count, 6] = sizes
        seams[:count, 8] = stamps >> np.uint64(32)
        seams[:count, 9] = stamps  # the low word: casting drops the high one
        seams[:count, 10] = stored
        seams[:count, 11] = origlen

    def _seam_iovecs(self, stored: npt.NDArray[np.uint32], iovecs: npt.NDArray[np.uint64]) -> None:
        """Point rows 0, k, 2k ... of `iovecs` (one more than packets) at the seams."""
        count = len(stored)
        row = _SEAM_WORDS * 4
        base = self._seams.ctypes.data
        pad = (-stored.view(np.int32)) & 3
        # the first seam is only a head, the last only a tail
        iovecs[0] = base + row - _HEAD_BYTES, _HEAD_BYTES
        starts = base + row * np.arange(1, count + 1, dtype=np.int64) + 4 - pad
        iovecs[1:, 0] = starts
        iovecs[1:, 1] = pad + (_TAIL_BYTES + _HEAD_BYTES)
        iovecs[count, 1] -= np.uint64(_HEAD_BYTES)

    def _rows(self, rows: int) -> npt.NDArray[np.uint64]:
        if len(self._iovecs) < rows:
            self._iovecs = np.zeros((rows * 2, 2), np.uint64)
        return self._iovecs[:rows]

    def _plain_iovecs(
        self, data: npt.NDArray[np.int64], stored: npt.NDArray[np.uint32]
    ) -> npt.NDArray[np.uint64]:
        iovecs = self._rows(2 * len(data) + 1)
        self._seam_iovecs(stored, iovecs[::2])
        iovecs[1::2, 0] = data + self._address
        iovecs[1::2, 1] = stored
        return iovecs

    def _tagged_iovecs(
        self,
        headers: npt.NDArray[np.int64],
        data: npt.NDArray[np.int64],
        stored: npt.NDArray[np.uint32],
        status: npt.NDArray[np.uint32],
        tagged: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.uint64]:
        """Put the tag that the kernel took out back behind the MAC addresses, where it was."""
        has_tpid = status & _TP_STATUS_VLAN_TPID_VALID != 0
        tpid = np.where(has_tpid, self._words[headers + 9] & 0xFFFF, _ETH_P_8021Q)
        self._tags = np.empty((len(data), 2), ">u2")  # kept: the iovecs point into it
        self._tags[:, 0] = tpid
        self._tags[:, 1] = self._words[headers + 8] & 0xFFFF
        length = stored.astype(np.int64)
        before = np.minimum(length, _MAC_PAIR_SIZE)
        tag = np.where(tagged, np.minimum(length - before, _VLAN_TAG_SIZE), 0)
        iovecs = self._rows(4 * len(data) + 1)
        self._seam_iovecs(stored, iovecs[::4])
        iovecs[1::4, 0] = data + self._address
        iovecs[1::4, 1] = before
        iovecs[2::4, 0] = self._tags.ctypes.data + 4 * np.arange(len(data))
        iovecs[2::4, 1] = tag
        iovecs[3::4, 0] = data + (self._address + _MAC_PAIR_SIZE)
        iovecs[3::4, 1] = length - before - tag
        return iovecs
