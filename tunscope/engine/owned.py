"""Source B: a tun or tap descriptor that tunscope holds, with a peer at its far end.

Packets pass in bulk (`Drain`) as long as none is looked at, then one by one (`InlineRelay`).
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tunscope.device import bpf
from tunscope.engine.batch import Batch
from tunscope.engine.counters import Counters
from tunscope.engine.drain import LARGEST_READ, Drain
from tunscope.engine.own_records import Record
from tunscope.engine.source import Side, SourceGone
from tunscope.engine.tun_port import TunPort, refusal
from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.direction import Direction
from tunscope.packet.linktype import LinkType
from tunscope.packet.offload import VNET_HEADER, completed
from tunscope.packet.record import REPLAYED
from tunscope.relay.peer import Peer, SinkPeer
from tunscope.relay.relay_options import RelayOptions

if TYPE_CHECKING:
    from tunscope.engine.inline import InlineRelay
    from tunscope.engine.neighbours import Neighbours
    from tunscope.replay.player import Port

_DRAIN_SECONDS: Final = 1.0


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
        self._drain = Drain(
            fd,
            self._kernel,
            peer,
            snaplen=snaplen,
            direction=direction,
            packet_info=packet_info,
            vnet_header_size=vnet_header_size,
        )
        self._prefix = vnet_header_size + (4 if packet_info else 0)
        self._buffer = memoryview(bytearray(LARGEST_READ))
        self.set_filter(expression)
        self._tx_dropped = tx_dropped
        self._tx_dropped_before = tx_dropped()
        self._unrecorded = 0
        self._stopped_at: float | None = None
        self._came = False
        self._record: Record = _unrecorded
        self._inline: InlineRelay | None = None
        self._drain.set_offload(True)

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
        self._drain.set_offload(inline.idle)
        return told

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
        return self._drain.relays

    def filenos(self) -> list[int]:
        """The device's descriptor, and the peer's if it has one."""
        return self._drain.filenos()

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
        self._drain.set_offload(True)
        return self._drain.move(until)

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
        self._unrecorded += self._drain.pass_on()

    def set_filter(self, expression: str) -> None:
        """Record what `expression` accepts; traffic passes all the same."""
        self._drain.accept = (
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
        counters.received = self._drain.received
        counters.filtered = self._drain.filtered
        counters.dropped_peer = self._drain.refused
        counters.passed = self._drain.received - self._drain.refused + counters.injected
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
        return self._drain.accept is None or bool(self._drain.accept(memoryview(packet)))

    def _read(self) -> bytes | None:
        """Return the kernel's next packet, None if none waits; SourceGone if none ever will."""
        try:
            length = os.readv(self._fd, [self._buffer])
        except OSError as error:  # EAGAIN: nothing waits
            if error.errno == errno.EBADFD:
                raise SourceGone from error
            return None
        packet = bytes(self._buffer[self._prefix : length])
        if self._vnet_header_size >= VNET_HEADER.size and not self._packet_info:
            packet = completed(bytes(self._buffer[: VNET_HEADER.size]), packet)
        return packet


def _unrecorded(
    data: bytes, ts_ns: int, flags: int, comments: tuple[str, ...], packet_id: int | None = None
) -> int:
    """Record nothing: the device was not told how."""
    return 0
