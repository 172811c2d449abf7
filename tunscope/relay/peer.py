"""What stands at the far end of an owned device: the contract, and the two plain peers."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from tunscope.device import tuntap
from tunscope.packet.offload import completed

#: Packets that a `BatchPeer` gives at once.
LARGEST_BURST: Final = 64


@dataclass(slots=True)
class PeerCounters:
    """What only the peer knows: packets it made itself, and arrivals that it did not let in."""

    responded: int = 0
    rejected: int = 0


class Peer(Protocol):
    """The far end of a device that tunscope owns.

    Packets that the kernel sends *out* of the device are given to `send`; what the peer has for
    the kernel is taken with `receive_into`. Neither may block. A peer never changes a packet it
    was given, and never keeps a reference to it after `send` returned. Nothing raises, whatever
    the packets are, and after `close` nothing is taken or given any more.
    """

    counters: PeerCounters

    def fileno(self) -> int | None:
        """Return the descriptor that becomes readable when packets wait, None if none ever do.

        It may be another one whenever the peer took or gave something.
        """

    def send(self, packet: memoryview) -> bool:
        """Pass one packet on; False if the peer could not take it now (the caller counts it)."""

    def receive_into(self, buffer: memoryview) -> int:
        """Put one waiting packet at the start of `buffer`; return its length, 0 if none waits."""

    def news(self) -> list[str]:
        """Return what a person should know and was not told yet: that it is gone, or back."""

    def close(self) -> None:
        """Give back what the peer holds; a second call does nothing."""


@runtime_checkable
class FramePeer(Peer, Protocol):
    """A peer that takes and gives unsegmented packets behind a virtio-net header as well.

    Its header has `vnet_header_size` bytes. `offloads` are the sets of TUN_F_ bits that the device
    may be given, the best first.
    """

    @property
    def vnet_header_size(self) -> int:
        """Bytes of the header; 0 if this peer has none after all."""

    @property
    def offloads(self) -> Sequence[int]:
        """What `tuntap.set_offload` is to try for the device in front of this peer."""

    def set_offload(self, on: bool) -> None:
        """Say whether frames are used from now on."""

    def send_frame(self, frame: memoryview) -> bool:
        """As `send`, header first."""

    def receive_frame(self, buffer: memoryview) -> int:
        """As `receive_into`, header first and counted."""


@runtime_checkable
class BatchPeer(Peer, Protocol):
    """A peer that is quicker with many packets at once. Frames may wait for `flush` too."""

    def gather(self, packet: memoryview) -> bool:
        """As `send`, but the packet may wait for `flush`."""

    def flush(self) -> int:
        """Send what was gathered; return how many packets were lost since the last call."""

    def receive_burst(self) -> Sequence[memoryview]:
        """Give up to `LARGEST_BURST` packets that came together, 64 KiB at most; none if none wait.

        They are good until the peer is called again.
        """


class SinkPeer:
    """Nobody: takes every packet and never answers."""

    def __init__(self) -> None:
        self.counters = PeerCounters()
        self._closed = False

    def fileno(self) -> int | None:
        """Never readable."""
        return None

    def send(self, packet: memoryview) -> bool:
        """Take the packet and forget it."""
        return not self._closed

    def receive_into(self, buffer: memoryview) -> int:
        """Nothing ever waits."""
        return 0

    def news(self) -> list[str]:
        """Nothing ever happens."""
        return []

    def close(self) -> None:
        """Nothing to give back."""
        self._closed = True


class DevicePeer:
    """Another tun or tap device, by its nonblocking descriptor (IFF_NO_PI).

    The peer owns the descriptor from then on. A device that is down or full refuses a packet;
    one that was deleted is given up. `news` tells who is down or deleted. With `vnet_header_size`
    the device puts a virtio-net header before packets; the methods that speak of frames take and
    give it.
    """

    offloads: Final = tuntap.ALL_OFFLOADS

    def __init__(self, fd: int, name: str = "the peer", vnet_header_size: int = 0) -> None:
        self.vnet_header_size = vnet_header_size
        self._header = memoryview(bytearray(vnet_header_size))
        self._no_header = bytes(vnet_header_size)
        self.counters = PeerCounters()
        self._fd: int | None = fd
        self._name = name
        self._down = False
        self._news: list[str] = []

    def fileno(self) -> int | None:
        """The device's descriptor."""
        return self._fd

    def send(self, packet: memoryview) -> bool:
        """Write the packet into the other device's kernel side."""
        if not self.vnet_header_size:
            return self.send_frame(packet)
        if self._fd is None:
            return False
        try:
            sent = os.writev(self._fd, [self._no_header, packet]) > 0
        except OSError as error:
            self._refused(error)
            return False
        if self._down:
            self._is_up()
        return sent

    def receive_into(self, buffer: memoryview) -> int:
        """Read one packet that the other device's kernel sent, its checksum complete."""
        if not self.vnet_header_size:
            return self.receive_frame(buffer)
        if self._fd is None:
            return 0
        try:
            length = os.readv(self._fd, [self._header, buffer]) - self.vnet_header_size
        except OSError as error:
            self._give_up_if_deleted(error)
            return 0
        if length > 0 and self._header[0]:
            buffer[:length] = completed(bytes(self._header), bytes(buffer[:length]))
        return max(length, 0)

    def set_offload(self, on: bool) -> None:
        """Let the other device hand over unsegmented packets in frames, or no longer."""
        if self._fd is not None:
            tuntap.set_offload(self._fd, self.offloads if on else (0,))

    def send_frame(self, frame: memoryview) -> bool:
        """Write a packet with its virtio-net header as another device gave it."""
        if self._fd is None:
            return False
        try:
            sent = os.write(self._fd, frame) == len(frame)
        except OSError as error:  # EIO: down; EAGAIN: full; EINVAL: not a packet
            self._refused(error)
            return False
        if self._down:
            self._is_up()
        return sent

    def receive_frame(self, buffer: memoryview) -> int:
        """Read one packet with the virtio-net header before it."""
        if self._fd is None:
            return 0
        try:
            return os.readv(self._fd, [buffer])
        except OSError as error:  # EAGAIN: nothing waits
            self._give_up_if_deleted(error)
            return 0

    def news(self) -> list[str]:
        """Tell once that the device is down, up again, or was deleted."""
        news, self._news = self._news, []
        return news

    def close(self) -> None:
        """Close the descriptor; a device that is not persistent goes with it."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _refused(self, error: OSError) -> None:
        if error.errno == errno.EIO and not self._down:
            self._down = True
            self._news.append(f"{self._name} is down: it takes no packets until it is up")
        self._give_up_if_deleted(error)

    def _is_up(self) -> None:
        self._down = False
        self._news.append(f"{self._name} is up again")

    def _give_up_if_deleted(self, error: OSError) -> None:
        if error.errno == errno.EBADFD:
            self.close()
            self._news.append(f"{self._name} was deleted: nobody is at the far end any more")
