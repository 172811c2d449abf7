"""Source A: watch a device that somebody else owns, through a packet ring."""

from __future__ import annotations

import errno
import fcntl
import re
import socket
import struct
from typing import TYPE_CHECKING, Final

from tunscope.device import bpf
from tunscope.engine.batch import Batch
from tunscope.engine.counters import Counters
from tunscope.engine.options import MAXIMUM_SNAPLEN
from tunscope.engine.own_records import Record
from tunscope.engine.ring import RETIRE_MS, PacketRing
from tunscope.engine.source import Side, SourceGone
from tunscope.engine.tun_port import TunPort, refusal
from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.direction import Direction
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import REPLAYED
from tunscope.relay.relay_options import RelayOptions

if TYPE_CHECKING:
    from tunscope.device.through_owner import OwnersDescriptor
    from tunscope.engine.inline import InlineRelay
    from tunscope.engine.neighbours import Neighbours
    from tunscope.replay.player import Port

_SIOCGIFFLAGS: Final = 0x8913
_SIOCGIFINDEX: Final = 0x8933
_IFF_UP: Final = 0x1
_IFF_RUNNING: Final = 0x40
_ETH_P_IP: Final = 0x0800
_ETH_P_IPV6: Final = 0x86DD
_SOL_PACKET: Final = 263
_PACKET_ADD_MEMBERSHIP: Final = 1
_PACKET_MR_PROMISC: Final = 1


class ObservedDevice:
    """Packets of `device`, of one direction or both, filtered in the kernel.

    `sock` and `sender` are unbound AF_PACKET sockets in the device's namespace. `sock` is closed
    with the source, and so is `owner`, through which the kernel can be reached. What leaves
    through `sender` comes back through `sock`, as all else does.
    """

    def __init__(
        self,
        sock: socket.socket,
        device: str,
        *,
        sender: socket.socket,
        linktype: LinkType,
        snaplen: int,
        direction: Direction,
        expression: str,
        buffer_mib: int,
        promiscuous: bool,
        owner: OwnersDescriptor | None = None,
    ) -> None:
        self._socket = sock
        self._sender = sender
        self._owner = owner
        self._device = device
        self._linktype = linktype
        self._snaplen = snaplen
        self._direction = direction
        self._attach(expression)
        self._ring = PacketRing(sock, buffer_mib, snaplen)
        self._set_accept(expression)
        self._received = 0
        self._dropped = 0
        self._record: Record | None = None
        self._neighbours: Neighbours | None = None
        self._ring.bind(device)
        if promiscuous:
            _join_promiscuous(sock, device)

    @property
    def relays(self) -> bool:
        """An observer is not in the way."""
        return False

    @property
    def inline(self) -> InlineRelay | None:
        """Nothing is judged here."""
        return None

    @property
    def deadline(self) -> float | None:
        """Nothing waits here."""
        return None

    def record_with(self, record: Record) -> None:
        """What the ring does not show is what was sent by its own socket."""
        self._record = record

    def set_relay(self, options: RelayOptions) -> str:
        """Packets pass an observer by: nothing but to leave them alone can be asked."""
        if options.active:
            raise UsageError(
                self._device,
                "is observed: packets pass it by and cannot be changed or held",
                "rules and hold need a device that tunscope owns",
            )
        return "no rules"

    def filenos(self) -> list[int]:
        """The packet socket."""
        return [self._socket.fileno()]

    def take(self, until: float = 0.0) -> Batch | None:
        """Return the next block of the ring; the kernel gathers packets, waiting gains nothing."""
        del until
        return self._ring.take()

    def release(self) -> None:
        """Give the block back."""
        self._ring.release()

    def pass_on(self) -> None:
        """Nothing to do: an observer is not in the way; the ring fills and the kernel counts."""

    def interrupted(self, fd: int) -> bool:
        """Take the socket's error: ENETDOWN once, when the device goes down or is deleted."""
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if not self._socket.getsockname()[0]:
            raise SourceGone
        return error == errno.ENETDOWN

    def set_filter(self, expression: str) -> None:
        """Attach the filter to the socket; the kernel swaps it in one step."""
        self._attach(expression)
        self._set_accept(expression)

    def _attach(self, expression: str) -> None:
        self._expression = expression
        self._accepts_own = (
            bpf.offline_filter(expression, self._linktype, MAXIMUM_SNAPLEN) if expression else None
        )
        program = bpf.compile_filter(expression, self._linktype, self._snaplen)
        if _speaks_of_tags(expression):  # the kernel has taken the tag out before it filters
            program = bpf.compile_filter("", self._linktype, MAXIMUM_SNAPLEN)
        bpf.attach(self._socket, bpf.with_direction(program, self._direction))

    def _set_accept(self, expression: str) -> None:
        self._ring.encoder.accept = (
            bpf.offline_filter(expression, self._linktype, MAXIMUM_SNAPLEN)
            if _speaks_of_tags(expression)
            else None
        )

    def stop_arrivals(self) -> None:
        """Reject every packet from now on."""
        bpf.attach(self._socket, bpf.reject_all())

    def settled(self, seconds: float) -> bool:
        """A block that was open when arrivals stopped comes at the latest after two timeouts."""
        return seconds > 2.5 * RETIRE_MS / 1000

    def inject(self, packet: bytes, side: Side, through: TunPort | None) -> bool:
        """Send through the packet socket, or into the kernel through the owner's descriptor.

        What goes out by our own socket does not come back through it; what enters the kernel does.
        """
        if side is Side.KERNEL:
            code = (through or self._owners_port()).write(packet)
            if code:
                raise TunscopeError(self._device, refusal(code))
            return False
        self._check_carrier()
        try:
            self._socket.sendto(packet, (self._device, _protocol(packet, self._linktype)))
        except OSError as error:
            raise TunscopeError(self._device, refusal(error.errno or 0)) from error
        return True

    def _owners_port(self) -> TunPort:
        """Return the way into the kernel that we were given; UsageError if there is none."""
        self._forget_owner_if_gone()
        owner = self._owner
        if owner is None:
            raise UsageError(
                self._device, "the kernel side belongs to whoever owns the device",
                "--side wire, or --through-owner for a tun or tap of somebody else",
            )  # fmt: skip
        return TunPort(
            owner.fd, packet_info=owner.packet_info, vnet_header_size=owner.vnet_header_size
        )

    def _forget_owner_if_gone(self) -> None:
        """Let the device end with the process that owned it."""
        if self._owner is not None and self._owner.is_gone:
            self._owner.close()
            self._owner = None

    def replay_port(self, side: Side, record: bool) -> Port | str:
        """Only the wire side can be reached; what is to be recorded goes by the ring's socket."""
        if side is Side.KERNEL:
            return "the kernel side belongs to whoever owns the device"
        from tunscope.engine.replay_ports import PacketSocketPort

        if record:
            return PacketSocketPort(self._socket, self._lack_of_carrier, self._replayed)
        self._neighbours = None
        try:
            self._sender.bind((self._device, 0))  # 0: it receives nothing
        except OSError as error:
            raise TunscopeError(self._device, refusal(error.errno or 0)) from error
        self._direction = Direction.IN
        self._attach(self._expression)
        return PacketSocketPort(self._sender, self._lack_of_carrier, None)

    def neighbours(self) -> Neighbours:
        """Those at the other end of the cable."""
        from tunscope.engine.neighbours import Neighbours

        if self._linktype != LinkType.ETHERNET:
            raise UsageError(self._device, "has no MAC addresses")
        if self._neighbours is None:
            try:
                self._neighbours = Neighbours(self._sender, self._device)
            except OSError as error:
                raise TunscopeError(self._device, refusal(error.errno or 0)) from error
        return self._neighbours

    def _replayed(self, packet: bytes, ts_ns: int) -> None:
        """Record a packet of a replay as the ring would have shown it."""
        if self._direction is Direction.IN or self._record is None:
            return
        if self._accepts_own is None or self._accepts_own(memoryview(packet)):
            self._record(packet, ts_ns, Direction.OUT, (REPLAYED,))

    def _lack_of_carrier(self) -> str:
        try:
            self._check_carrier()
        except TunscopeError as error:
            return error.why
        return ""

    def _check_carrier(self) -> None:
        """Raise TunscopeError if the kernel would take a packet and drop it without a word."""
        request = struct.pack("16s24x", self._device.encode())
        try:
            answer = fcntl.ioctl(self._socket, _SIOCGIFFLAGS, request)
        except OSError as error:
            raise TunscopeError(self._device, refusal(error.errno or 0)) from error
        (flags,) = struct.unpack_from("=H", answer, 16)
        if not flags & _IFF_UP:
            raise TunscopeError(self._device, refusal(errno.ENETDOWN))
        if not flags & _IFF_RUNNING:
            raise TunscopeError(
                self._device, "no carrier: nobody is there to receive it",
                "a tun or tap has a carrier while a process holds it",
            )  # fmt: skip

    def news(self) -> list[str]:
        """Nothing is known of the far end."""
        return []

    def update(self, counters: Counters) -> None:
        """Add what the kernel counted since the last time."""
        self._forget_owner_if_gone()
        statistics = self._ring.statistics()
        self._received += statistics.packets
        self._dropped += statistics.drops
        counters.received = self._received
        counters.dropped_kernel = self._dropped
        counters.filtered = self._ring.encoder.rejected

    def close(self) -> None:
        """Close the socket, and what leads into the kernel; the ring goes with the process."""
        self._socket.close()
        if self._owner is not None:
            self._owner.close()
            self._owner = None


def _protocol(packet: bytes, linktype: LinkType) -> int:
    """Return the EtherType to send a packet under (packet(7))."""
    if linktype == LinkType.ETHERNET:
        return int.from_bytes(packet[12:14], "big")
    return _ETH_P_IPV6 if packet[:1] and packet[0] >> 4 == 6 else _ETH_P_IP


def _join_promiscuous(sock: socket.socket, device: str) -> None:
    """Have the device pass on frames for others (packet(7)), until the socket is closed."""
    answer = fcntl.ioctl(sock, _SIOCGIFINDEX, struct.pack("16s16x", device.encode()))
    (index,) = struct.unpack_from("=i", answer, 16)
    membership = struct.pack("=iHH8x", index, _PACKET_MR_PROMISC, 0)
    sock.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, membership)


def _speaks_of_tags(expression: str) -> bool:
    """Whether the filter looks at VLAN tags, which only user space sees where they were."""
    return re.search(r"\bvlan\b", expression) is not None
