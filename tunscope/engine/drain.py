"""Packets in bulk between a tun or tap descriptor and a peer, recorded as they pass.

What the kernel sends through the device is read straight into its place in an arena of pcapng
blocks; headers are packed around it, and the whole drain leaves with one write. There are two
arenas, so that super-frames go on while a thread writes.
"""

from __future__ import annotations

import errno
import os
import select
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from tunscope.device import tuntap
from tunscope.engine.batch import Batch
from tunscope.engine.enclosing import HEAD_SIZE, enclose
from tunscope.engine.source import SourceGone
from tunscope.engine.tun_port import TunPort
from tunscope.errors import TunscopeError
from tunscope.packet.direction import Direction
from tunscope.packet.offload import VNET_HEADER, offload_flags
from tunscope.relay.peer import BatchPeer, FramePeer, Peer, SinkPeer

LARGEST_READ: Final = 65536 + 64
_DRAIN_PACKETS: Final = 4096
#: A batch of about this size is still in the processor's cache when it is written to the file.
_KERNEL_BATCH: Final = 1 << 18
#: With super-frames what is done once a batch costs more than the cache saves, and a thread writes.
_SUPER_BATCH: Final = 1 << 20
#: What the peer may add to it.
_PEER_BATCH: Final = 1 << 19
#: Each side goes up to one packet beyond its share, or one burst with what encloses its packets.
_ARENA_SIZE: Final = _SUPER_BATCH + _PEER_BATCH + 4 * LARGEST_READ
#: A record of super-frames of that size is worth waking a thread for (`Batch.lasting`).
_LASTING: Final = 1 << 17
_PATIENCE_MS: Final = 1

_IN: Final = int(Direction.IN)
_OUT: Final = int(Direction.OUT)

Accept = Callable[[memoryview], int]
Send = Callable[[memoryview], bool]
Take = Callable[[memoryview], int]


class Drain:
    """Moves what waits between descriptor `fd`, which `kernel` writes to, and `peer`.

    `packet_info` and `vnet_header_size` say what the device puts in front of each packet; neither
    is recorded. Packets in `direction` that `accept` lets through are. `received`, `filtered` and
    `refused` count packets: that arrived, were not recorded, and that the other side did not take.
    """

    def __init__(
        self,
        fd: int,
        kernel: TunPort,
        peer: Peer,
        *,
        snaplen: int,
        direction: Direction,
        packet_info: bool,
        vnet_header_size: int,
    ) -> None:
        self._fd = fd
        self._kernel = kernel
        self._peer = peer
        self._snaplen = snaplen
        self._direction = direction
        self._prefix = vnet_header_size + (4 if packet_info else 0)
        if self._prefix > HEAD_SIZE:
            raise TunscopeError(
                "vnet header", f"the device puts {self._prefix} bytes in front of every packet",
                f"at most {HEAD_SIZE} are understood",
            )  # fmt: skip
        self._framed: FramePeer | None = None
        if (
            isinstance(peer, FramePeer)
            and not packet_info
            and vnet_header_size == peer.vnet_header_size == VNET_HEADER.size
        ):
            self._framed = peer
        self._send: Send | None = None if isinstance(peer, SinkPeer) else peer.send
        self._batching: BatchPeer | None = None
        if isinstance(peer, BatchPeer):
            self._batching = peer
            self._send = peer.gather
        elif isinstance(peer, FramePeer) and not peer.vnet_header_size:
            self._send = peer.send_frame  # the same without a header, and one call less
        self._arrivals = select.poll()
        self._watched: list[int] = []
        self._offload = False
        self._share = _KERNEL_BATCH
        self._arena, self._other_arena = np.zeros((2, _ARENA_SIZE), np.uint8)
        self._view = self._arena.data
        self._spare: memoryview | None = None
        self.accept: Accept | None = None
        self.received = self.filtered = self.refused = 0

    @property
    def relays(self) -> bool:
        """Whether a peer waits for what the kernel sends."""
        return self._peer.fileno() is not None

    def filenos(self) -> list[int]:
        """The device's descriptor, and the peer's if it has one."""
        peer = self._peer.fileno()
        return [self._fd] if peer is None else [self._fd, peer]

    def set_offload(self, on: bool) -> None:
        """Let both kernels hand over unsegmented packets, as long as none is looked at."""
        if self._framed is not None and on != self._offload:
            tuntap.set_offload(self._fd, self._framed.offloads if on else (0,))
            self._framed.set_offload(on)
            self._offload = on
            self._share = _SUPER_BATCH if on else _KERNEL_BATCH

    def move(self, until: float) -> Batch | None:
        """Move what waits, and return the record of it; its memory is good until the next call.

        Traffic that goes on is carried until `until`, by time.monotonic().
        """
        sizes: list[int] = []
        end = self._from_kernel(0, sizes)
        if self.relays:
            end = self._from_peer(end, sizes)
            while end < self._share and time.monotonic() < until and self._more_came():
                end = self._from_peer(self._from_kernel(end, sizes), sizes)
        if not sizes:
            return None
        iovecs = np.array([[self._arena.ctypes.data, end]], np.uint64)
        lasting = self._offload and end >= _LASTING
        if lasting:
            self._arena, self._other_arena = self._other_arena, self._arena
            self._view = self._arena.data
        return Batch(iovecs, np.array(sizes, np.uint32), lasting)

    def pass_on(self) -> int:
        """Move what waits while the last record is not written yet; return how many are lost."""
        recorded = self._view  # still waits to be written
        self._view = self._spare = self._spare or memoryview(bytearray(_ARENA_SIZE))
        sizes: list[int] = []
        self._from_peer(self._from_kernel(0, sizes), sizes)
        self._view = recorded
        return len(sizes)

    def _more_came(self) -> bool:
        """Wait a moment for packets on either side."""
        fds = self.filenos()
        if fds != self._watched:
            self._arrivals = select.poll()
            for fd in fds:
                self._arrivals.register(fd, select.POLLIN)
            self._watched = fds
        return bool(self._arrivals.poll(_PATIENCE_MS))

    def _from_kernel(self, position: int, sizes: list[int]) -> int:
        """Read what the kernel sent until nothing waits or the arena is full."""
        view, fd, prefix, readv = self._view, self._fd, self._prefix, os.readv
        accept, snaplen = self.accept, self._snaplen
        peer_send = self._send
        lead = 0
        if self._offload and self._framed is not None:
            peer_send, lead = self._framed.send_frame, VNET_HEADER.size
        wanted = self._direction != Direction.IN
        limit = self._share
        received = 0
        while position < limit and received < _DRAIN_PACKETS:
            data = position + HEAD_SIZE
            try:
                length = readv(fd, [view[data - prefix : data + LARGEST_READ]]) - prefix
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno == errno.EBADFD and not sizes:
                    raise SourceGone from error
                break
            received += 1
            if peer_send and not peer_send(view[data - lead : data + length]):
                self.refused += 1
            if wanted and (not accept or accept(view[data : data + length])):
                flags = _OUT
                if lead:
                    flags |= offload_flags(view[data - 10], view[data - 9])
                size = enclose(view, position, length, snaplen, flags)
                sizes.append(size)
                position += size
            else:
                self.filtered += 1
        if self._batching is not None:
            self.refused += self._batching.flush()
        self.received += received
        return position

    def _from_peer(self, position: int, sizes: list[int]) -> int:
        """Write what the peer has into the kernel until nothing waits or the arena is full."""
        if self._batching is not None and not self._offload:
            return self._from_bursts(self._batching, position, sizes)
        view, accept = self._view, self.accept
        wanted = self._direction != Direction.OUT
        limit = self._share + _PEER_BATCH
        received = lead = 0
        take: Take = self._peer.receive_into
        give: Take = self._kernel.write
        if self._offload and self._framed is not None:
            take, give, lead = (
                self._framed.receive_frame,
                self._kernel.write_frame,
                VNET_HEADER.size,
            )
        while position < limit and received < _DRAIN_PACKETS:
            data = position + HEAD_SIZE
            length = take(view[data - lead : data + LARGEST_READ]) - lead
            if length <= 0:
                break
            received += 1
            if give(view[data - lead : data + length]):
                self.refused += 1
            if wanted and (not accept or accept(view[data : data + length])):
                flags = _IN
                if lead:
                    flags |= offload_flags(view[data - 10], view[data - 9])
                size = enclose(view, position, length, self._snaplen, flags)
                sizes.append(size)
                position += size
            else:
                self.filtered += 1
        self.received += received
        return position

    def _from_bursts(self, peer: BatchPeer, position: int, sizes: list[int]) -> int:
        """As `_from_peer`, with packets that stay where they are unless they are recorded."""
        view, accept = self._view, self.accept
        wanted = self._direction != Direction.OUT
        limit = self._share + _PEER_BATCH
        received = 0
        while position < limit and received < _DRAIN_PACKETS:
            burst = peer.receive_burst()
            if not burst:
                break
            received += len(burst)
            self.refused += self._kernel.write_all(burst)
            for packet in burst:
                if wanted and (not accept or accept(packet)):
                    length = len(packet)
                    data = position + HEAD_SIZE
                    view[data : data + length] = packet
                    size = enclose(view, position, length, self._snaplen, _IN)
                    sizes.append(size)
                    position += size
                else:
                    self.filtered += 1
        self.received += received
        return position
