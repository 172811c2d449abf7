"""Where the packets of a replay go: a packet socket, a tun descriptor, or a relay's peer."""

from __future__ import annotations

import ctypes
import errno
import socket
import struct
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from tunscope.engine.tun_port import TunPort
from tunscope.relay.peer import Peer
from tunscope.replay.packets import PacketChunk

_libc: Final = ctypes.CDLL(None, use_errno=True)
_MOST_AT_ONCE: Final = 256
_IOVEC_SIZE: Final = 16
#: struct mmsghdr of 64-bit Linux, in words: name, its length, iovec, iovecs, control, its length,
#: flags, sent.
_HEADER_WORDS: Final = 8
_HEADERS_KNOWN: Final = struct.calcsize("P") == 8
#: Packets that are recorded share their time with so many at most.
_MOST_RECORDED: Final = 16

#: Records one packet that was sent at a time in nanoseconds since 1970.
Recorded = Callable[[bytes, int], None]


class PacketSocketPort:
    """The wire side of an observed device, through a packet socket that is bound to it.

    `carrier` returns why a packet would get lost without a word, "" if it would not. With
    `recorded`, the socket is one that does not show what it sends itself.
    """

    def __init__(
        self, sock: socket.socket, carrier: Callable[[], str], recorded: Recorded | None
    ) -> None:
        self._socket = sock
        self.check = carrier
        self._recorded = recorded
        self._headers = np.zeros((_MOST_AT_ONCE, _HEADER_WORDS), np.uint64)
        self._headers[:, 3] = 1
        self._steps = np.arange(_MOST_AT_ONCE, dtype=np.uint64) * _IOVEC_SIZE

    def send(self, chunk: PacketChunk, first: int, stop: int) -> tuple[int, int]:
        """Send packets of the chunk, several with one system call."""
        if self._recorded is None:
            return self._send(chunk, first, stop)
        now = time.time_ns()
        sent, code = self._send(chunk, first, min(stop, first + _MOST_RECORDED))
        for index in range(first, first + sent):
            self._recorded(bytes(chunk.packet(index)), now)
        return sent, code

    def _send(self, chunk: PacketChunk, first: int, stop: int) -> tuple[int, int]:
        count = min(stop - first, _MOST_AT_ONCE)
        if count == 1 or not _HEADERS_KNOWN:
            try:
                self._socket.send(chunk.packet(first), socket.MSG_DONTWAIT)
            except OSError as error:
                return 0, error.errno or errno.EIO
            return 1, 0
        start = chunk.iovecs.ctypes.data + first * _IOVEC_SIZE
        self._headers[:count, 2] = self._steps[:count] + np.uint64(start)
        sent = _libc.sendmmsg(
            self._socket.fileno(),
            ctypes.c_void_p(self._headers.ctypes.data),
            count,
            socket.MSG_DONTWAIT,
        )
        # a refusal behind packets that were sent is told by the next call
        return (0, ctypes.get_errno() or errno.EIO) if sent < 0 else (sent, 0)


class KernelPort:
    """The kernel side of a tun or tap descriptor."""

    def __init__(self, port: TunPort, recorded: Recorded | None) -> None:
        self._port = port
        self._recorded = recorded

    def check(self) -> str:
        """A write says itself what is wrong."""
        return ""

    def send(self, chunk: PacketChunk, first: int, stop: int) -> tuple[int, int]:
        """Write packets of the chunk, one by one."""
        write, packet, recorded = self._port.write, chunk.packet, self._recorded
        for index in range(first, stop):
            now = time.time_ns() if recorded else 0
            code = write(packet(index))
            if code:
                return index - first, code
            if recorded:
                recorded(bytes(packet(index)), now)
        return stop - first, 0


class PeerPort:
    """The far end of an owned device."""

    def __init__(self, peer: Peer, recorded: Recorded | None) -> None:
        self._peer = peer
        self._recorded = recorded

    def check(self) -> str:
        """What a peer does not take, it says."""
        return ""

    def send(self, chunk: PacketChunk, first: int, stop: int) -> tuple[int, int]:
        """Give packets of the chunk to the peer, one by one."""
        for index in range(first, stop):
            now = time.time_ns() if self._recorded else 0
            if not self._peer.send(chunk.packet(index)):
                return index - first, errno.ECONNREFUSED
            if self._recorded:
                self._recorded(bytes(chunk.packet(index)), now)
        return stop - first, 0
