"""Source B: a tun or tap descriptor that tunscope holds, with a peer at its far end.

What the kernel sends through the device is read straight into its place in an arena of pcapng
blocks; headers are packed around it, and the whole drain leaves with one write.
"""

from __future__ import annotations

import errno
import os
import select
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.device import bpf, tuntap
from tunscope.engine.batch import Batch
from tunscope.engine.counters import Counters
from tunscope.engine.enclosing import HEAD_SIZE, enclose
from tunscope.engine.own_records import Record
from tunscope.engine.source import Side, SourceGone
from tunscope.engine.tun_port import TunPort, refusal
from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.direction import Direction
from tunscope.packet.linktype import LinkType
from tunscope.packet.offload import VNET_HEADER, completed, offload_flags
from tunscope.packet.record import REPLAYED
from tunscope.relay.peer import BatchPeer, FramePeer, Peer, SinkPeer
from tunscope.relay.relay_options import RelayOptions

if TYPE_CHECKING:
    from tunscope.engine.inline import InlineRelay
    from tunscope.engine.neighbours import Neighbours
    from tunscope.replay.player import Port

_LARGEST_READ: Final = 65536 + 64
_DRAIN_PACKETS: Final = 4096
_DRAIN_SECONDS: Final = 1.0
#: A batch of about this size is still in the processor's cache when it is written to the file.
_KERNEL_BATCH: Final = 1 << 18
_PEER_BATCH: Final = 1 << 19
#: What one `take` reads at most, each time up to one packet beyond its share.
_ARENA_SIZE: Final = 2 * _KERNEL_BATCH + _PEER_BATCH + 3 * _LARGEST_READ
_PATIENCE_MS: Final = 1

_IN: Final = int(Direction.IN)
_OUT: Final = int(Direction.OUT)

Accept = Callable[[memoryview], int]
Send = Callable[[memoryview], bool]
Take = Callable[[memoryview], int]


class OwnedDevice:
    """Packets between the kernel and `peer`, through descriptor `fd`, recorded as they pass.

    `fd` is nonblocking and stays the caller's. `packet_info` and `vnet_header_size` say what the
    device puts in front of each packet; neither is recorded. `tx_dropped` asks the kernel how
    many packets the device's queue has lost since the device was made.
    """

    def __init__(
        self,
        fd: int,
        peer: Peer,
        *,
        linktype: LinkType,
        snaplen: int,
        direction: Direction,
        expression: str,
        packet_info: bool,
        vnet_header_size: int,
        tx_dropped: Callable[[], int],
    ) -> None:
        self._fd = fd
        self._peer = peer
        self._sink = isinstance(peer, SinkPeer)
        self._linktype = linktype
        self._snaplen = snaplen
        self._direction = direction
        self._packet_info, self._vnet_header_size = packet_info, vnet_header_size
        self._kernel = TunPort(fd, packet_info=packet_info, vnet_header_size=vnet_header_size)
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
        self._send: Send | None = None if self._sink else peer.send
        self._batching: BatchPeer | None = None
        if isinstance(peer, BatchPeer):
            self._batching = peer
            self._send = peer.gather
        elif isinstance(peer, FramePeer) and not peer.vnet_header_size:
            self._send = peer.send_frame  # the same without a header, and one call less
        self._arrivals = select.poll()
        self._watched: list[int] = []
        self._offload = False
        self._arena = np.zeros(_ARENA_SIZE, np.uint8)
        self._view = self._arena.data
        self._spare: memoryview | None = None
        self._accept: Accept | None = None
        self.set_filter(expression)
        self._tx_dropped = tx_dropped
        self._tx_dropped_before = tx_dropped()
        self._received = self._filtered = self._refused = self._unrecorded = 0
        self._stopped_at: float | None = None
        self._came = False
        self._record: Record = _unrecorded
        self._inline: InlineRelay | None = None
        self._set_offload(True)

    def record_with(self, record: Record) -> None:
        """Have packets that are judged one by one recorded by `record`."""
        self._record = record

    def set_relay(self, options: RelayOptions) -> str:
        """Treat packets as `options` say from now on; return a sentence about it.

        UsageError for what is wrong with them: nothing changes then.
        """
        if options.hold is not None and self._sink:
            raise UsageError(
                "hold", "nobody is at the far end, so nothing passes that could wait",
                "--peer respond, device:NAME or udp:HOST:PORT",
            )  # fmt: skip
        from tunscope.engine.inline import InlineRelay  # 30 ms that few captures need

        inline = self._inline or InlineRelay(
            self._kernel,
            self._peer,
            self._linktype,
            self._wants,
            self._write_record,
        )
        told = inline.configure(options)
        self._inline = inline
        self._set_offload(inline.idle)
        return told

    def _set_offload(self, on: bool) -> None:
        """Let both kernels hand over unsegmented packets, as long as none is looked at."""
        if self._framed is not None and on != self._offload:
            tuntap.set_offload(self._fd, self._framed.offloads if on else (0,))
            self._framed.set_offload(on)
            self._offload = on

    @property
    def inline(self) -> InlineRelay | None:
        """What judges packets one by one, once something asked for that."""
        return self._inline

    @property
    def deadline(self) -> float | None:
        """When a packet that waits is to leave."""
        return None if self._inline is None else self._inline.pipeline.deadline

    @property
    def relays(self) -> bool:
        """Whether a peer waits for what the kernel sends."""
        return self._peer.fileno() is not None

    def filenos(self) -> list[int]:
        """The device's descriptor, and the peer's if it has one."""
        peer = self._peer.fileno()
        return [self._fd] if peer is None else [self._fd, peer]

    def take(self, until: float = 0.0) -> Batch | None:
        """Move what waits on both sides, and return the record of it.

        Traffic that goes on is carried until `until`, by time.monotonic(): one more wait costs
        less than a turn of everything else.
        """
        if self._stopped_at:
            if time.monotonic() - self._stopped_at > _DRAIN_SECONDS:
                return None
            until = 0.0
        if self._inline is not None and not self._inline.idle:
            self._came = self._inline.carry(self._read)
            return None
        self._set_offload(True)
        sizes: list[int] = []
        end = self._from_kernel(0, sizes)
        if self.relays:
            end = self._from_peer(end, sizes)
            while end < _KERNEL_BATCH and time.monotonic() < until and self._more_came():
                end = self._from_peer(self._from_kernel(end, sizes), sizes)
        if not sizes:
            return None
        iovecs = np.array([[self._arena.ctypes.data, end]], np.uint64)
        return Batch(iovecs, np.array(sizes, np.uint32))

    def _more_came(self) -> bool:
        """Wait a moment for packets on either side."""
        fds = self.filenos()
        if fds != self._watched:
            self._arrivals = select.poll()
            for fd in fds:
                self._arrivals.register(fd, select.POLLIN)
            self._watched = fds
        return bool(self._arrivals.poll(_PATIENCE_MS))

    def release(self) -> None:
        """Nothing to do: the arena is written anew by the next `take`."""

    def pass_on(self) -> None:
        """Relay without recording; without a peer, let the device's queue do the waiting."""
        if not self.relays:
            return
        if self._inline is not None and not self._inline.idle:
            self._inline.recording = False
            self._inline.carry(self._read)
            self._inline.recording = True
            return
        recorded = self._view  # still waits to be written
        self._view = self._spare = self._spare or memoryview(bytearray(_ARENA_SIZE))
        sizes: list[int] = []
        self._from_peer(self._from_kernel(0, sizes), sizes)
        self._unrecorded += len(sizes)
        self._view = recorded

    def set_filter(self, expression: str) -> None:
        """Record what `expression` accepts; traffic passes all the same."""
        self._accept = (
            bpf.offline_filter(expression, self._linktype, self._snaplen) if expression else None
        )

    def stop_arrivals(self) -> None:
        """What the queue holds is still read, for a second at most."""
        self._stopped_at = time.monotonic()

    def settled(self, seconds: float) -> bool:
        """The queue was empty: that is all, once what waits in the relay has left."""
        if self._inline is None or self._inline.idle:
            return True
        self._inline.pipeline.finish()
        return not self._came or seconds > _DRAIN_SECONDS

    def update(self, counters: Counters) -> None:
        """Bring received, filtered and lost packets up to date."""
        counters.received = self._received
        counters.filtered = self._filtered
        counters.dropped_peer = self._refused
        counters.passed = self._received - self._refused + counters.injected
        counters.responded = self._peer.counters.responded
        counters.rejected_peer = self._peer.counters.rejected
        counters.dropped_output = self._unrecorded
        if self._inline is not None:
            self._inline.update(counters)
        counters.dropped_queue = self._tx_dropped() - self._tx_dropped_before

    def interrupted(self, fd: int) -> bool:
        """Raise SourceGone if it is the device: down, it is only silent. A peer helps itself."""
        if fd == self._fd:
            raise SourceGone
        return False

    def news(self) -> list[str]:
        """Return the peer's news."""
        return self._peer.news()

    def inject(self, packet: bytes, side: Side, through: TunPort | None) -> bool:
        """Write one packet into the kernel, or give it to the peer."""
        if side is Side.KERNEL:
            code = self._kernel.write(packet)
            if code:
                raise TunscopeError("inject", refusal(code))
        elif self._sink:
            raise UsageError(
                "inject", "nobody is at the far end of a device that tunscope owns itself",
                "--side kernel puts the packet into this machine",
            )  # fmt: skip
        elif not self._peer.send(memoryview(packet)):
            raise TunscopeError("inject", "the peer did not take the packet")
        return True

    def replay_port(self, side: Side, record: bool) -> Port | str:
        """Both sides can be reached if there is a peer; neither is shown by the descriptor."""
        from tunscope.engine.replay_ports import KernelPort, PeerPort

        if side is Side.KERNEL:
            return KernelPort(self._kernel, self._replayed(Direction.IN) if record else None)
        if self._sink:
            return "nobody is at the far end"
        return PeerPort(self._peer, self._replayed(Direction.OUT) if record else None)

    def neighbours(self) -> Neighbours:
        """What is behind the descriptor is the peer's to know."""
        raise UsageError("resolve", "the far end is a peer, not a network")

    def _replayed(self, direction: Direction) -> Callable[[bytes, int], None]:
        def recorded(packet: bytes, ts_ns: int) -> None:
            if self._wants(direction, packet):
                self._record(packet, ts_ns, direction, (REPLAYED,))

        return recorded

    def close(self) -> None:
        """Let go what waits, close the peer; the device's descriptor is the caller's."""
        if self._inline is not None:
            self._inline.recording = False
            self._inline.pipeline.finish()
        self._peer.close()

    def _write_record(
        self,
        data: bytes,
        ts_ns: int,
        flags: int,
        comments: tuple[str, ...],
        packet_id: int | None = None,
    ) -> int:
        return self._record(data, ts_ns, flags, comments, packet_id)

    def _wants(self, direction: Direction, packet: bytes) -> bool:
        """Whether a packet is to be recorded."""
        if self._direction not in {Direction.UNKNOWN, direction}:
            return False
        return self._accept is None or bool(self._accept(memoryview(packet)))

    def _read(self) -> bytes | None:
        """Return the kernel's next packet, None if none waits; SourceGone if none ever will."""
        try:
            length = os.readv(self._fd, [self._view])
        except OSError as error:  # EAGAIN: nothing waits
            if error.errno == errno.EBADFD:
                raise SourceGone from error
            return None
        packet = bytes(self._view[self._prefix : length])
        if self._vnet_header_size >= VNET_HEADER.size and not self._packet_info:
            packet = completed(bytes(self._view[: VNET_HEADER.size]), packet)
        return packet

    def _from_kernel(self, position: int, sizes: list[int]) -> int:
        """Read what the kernel sent until nothing waits or the arena is full."""
        view, fd, prefix, readv = self._view, self._fd, self._prefix, os.readv
        accept, snaplen = self._accept, self._snaplen
        peer_send = self._send
        lead = 0
        if self._offload and self._framed is not None:
            peer_send, lead = self._framed.send_frame, VNET_HEADER.size
        wanted = self._direction != Direction.IN
        limit = position + _KERNEL_BATCH
        received = 0
        while position < limit and received < _DRAIN_PACKETS:
            data = position + HEAD_SIZE
            try:
                length = readv(fd, [view[data - prefix : data + _LARGEST_READ]]) - prefix
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno == errno.EBADFD and not sizes:
                    raise SourceGone from error
                break
            received += 1
            if peer_send and not peer_send(view[data - lead : data + length]):
                self._refused += 1
            if wanted and (not accept or accept(view[data : data + length])):
                flags = _OUT
                if lead:
                    flags |= offload_flags(view[data - 10], view[data - 9])
                size = enclose(view, position, length, snaplen, flags)
                sizes.append(size)
                position += size
            else:
                self._filtered += 1
        if self._batching is not None:
            self._refused += self._batching.flush()
        self._received += received
        return position

    def _from_peer(self, position: int, sizes: list[int]) -> int:
        """Write what the peer has into the kernel until nothing waits or the arena is full."""
        view, accept = self._view, self._accept
        wanted = self._direction != Direction.OUT
        limit = position + _PEER_BATCH
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
            length = take(view[data - lead : data + _LARGEST_READ]) - lead
            if length <= 0:
                break
            received += 1
            if give(view[data - lead : data + length]):
                self._refused += 1
            if wanted and (not accept or accept(view[data : data + length])):
                flags = _IN
                if lead:
                    flags |= offload_flags(view[data - 10], view[data - 9])
                size = enclose(view, position, length, self._snaplen, flags)
                sizes.append(size)
                position += size
            else:
                self._filtered += 1
        self._received += received
        return position


def _unrecorded(
    data: bytes, ts_ns: int, flags: int, comments: tuple[str, ...], packet_id: int | None = None
) -> int:
    """Record nothing: the device was not told how."""
    return 0
