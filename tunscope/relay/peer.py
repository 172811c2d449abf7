"""What stands at the far end of an owned device: the contract, and the two plain peers."""

from __future__ import annotations

import os
from typing import Protocol


class Peer(Protocol):
    """The far end of a device that tunscope owns.

    Packets that the kernel sends *out* of the device are given to `send`; what the peer has for
    the kernel is taken with `receive_into`. Neither may block. A peer never changes a packet it
    was given, and never keeps a reference to it after `send` returned.
    """

    def fileno(self) -> int | None:
        """Return the descriptor that becomes readable when packets wait, None if none ever do."""

    def send(self, packet: memoryview) -> bool:
        """Pass one packet on; False if the peer could not take it now (the caller counts it)."""

    def receive_into(self, buffer: memoryview) -> int:
        """Put one waiting packet at the start of `buffer`; return its length, 0 if none waits."""

    def close(self) -> None:
        """Give back what the peer holds; a second call does nothing."""


class SinkPeer:
    """Nobody: takes every packet and never answers."""

    def fileno(self) -> int | None:
        """Never readable."""
        return None

    def send(self, packet: memoryview) -> bool:
        """Take the packet and forget it."""
        return True

    def receive_into(self, buffer: memoryview) -> int:
        """Nothing ever waits."""
        return 0

    def close(self) -> None:
        """Nothing to give back."""


class DevicePeer:
    """Another tun or tap device, by its nonblocking descriptor (IFF_NO_PI, no vnet header).

    The peer owns the descriptor from then on. A device that is down or full refuses a packet;
    one without a packet, or that was deleted, yields nothing.
    """

    def __init__(self, fd: int) -> None:
        self._fd: int | None = fd

    def fileno(self) -> int | None:
        """The device's descriptor."""
        return self._fd

    def send(self, packet: memoryview) -> bool:
        """Write the packet into the other device's kernel side."""
        if self._fd is None:
            return False
        try:
            return os.write(self._fd, packet) == len(packet)
        except OSError:  # EIO: down; EAGAIN: full; EINVAL: not a packet; EBADFD: deleted
            return False

    def receive_into(self, buffer: memoryview) -> int:
        """Read one packet that the other device's kernel sent."""
        if self._fd is None:
            return 0
        try:
            return os.readv(self._fd, [buffer])
        except OSError:  # EAGAIN: nothing waits; EBADFD: deleted
            return 0

    def close(self) -> None:
        """Close the descriptor; a device that is not persistent goes with it."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
