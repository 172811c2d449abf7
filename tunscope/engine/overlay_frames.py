"""The UDP peer for devices that hand over unsegmented packets: one system call for many datagrams.

A super-frame is cut into segments that leave as one UDP_SEGMENT send; a batch that UDP_GRO
gathered is joined into one super-frame again (udp(7)). On the wire each datagram is one packet as
ever, so the other side may be any program.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import struct
from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np

from tunscope.engine.segments import join, split
from tunscope.packet.offload import VNET_HEADER, completed
from tunscope.relay.overlay import Route, UdpPeer

_SOL_UDP: Final = 17
_UDP_SEGMENT: Final = 103
_UDP_GRO: Final = 104
#: Limits of one UDP_SEGMENT send: the kernel takes 64 segments and 65507 bytes.
_MOST_SEGMENTS: Final = 44
_MOST_BYTES: Final = 65_000
_NO_HEADER: Final = bytes(VNET_HEADER.size)
_BUFFER_SIZE: Final = 1 << 17


class FramedUdpPeer(UdpPeer):
    """A `UdpPeer` of IP packets that also takes and gives frames with a virtio-net header."""

    vnet_header_size: Final = VNET_HEADER.size
    #: TUN_F_CSUM and TUN_F_TSO4: only TCP over IPv4 comes unsegmented.
    offloads: Final = (0x03,)

    def __init__(self, linktype: int, routes: Sequence[Route], bind: tuple[str, int]) -> None:
        super().__init__(linktype, routes, bind)
        assert self._socket is not None, "open"
        with contextlib.suppress(OSError):  # before Linux 5.0: datagrams come one by one
            self._socket.setsockopt(_SOL_UDP, _UDP_GRO, 1)
        self._array = np.zeros(_BUFFER_SIZE, np.uint8)
        self._buffer = self._array.data
        self._waiting: deque[tuple[int, int]] = deque()
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._ready: select.epoll | None = select.epoll()
        self._ready.register(self._socket, select.EPOLLIN)
        self._ready.register(self._event, select.EPOLLIN)

    def fileno(self) -> int | None:
        """An epoll descriptor: datagrams wait in the socket, or what came in one batch here."""
        return None if self._ready is None else self._ready.fileno()

    def set_offload(self, on: bool) -> None:
        """Nothing to switch: the socket gathers datagrams all the same."""

    def send_frame(self, frame: memoryview) -> bool:
        """Send a packet, or all segments of a super-frame."""
        header, packet = bytes(frame[: VNET_HEADER.size]), frame[VNET_HEADER.size :]
        if not header[1]:
            return self.send(memoryview(completed(header, bytes(packet))) if header[0] else packet)
        rows = split(header, packet)
        where = self.next_hop(packet)
        if rows is None or where is None or self._socket is None:
            return False
        count, size = rows.shape
        last = int(rows[-1, 2]) << 8 | int(rows[-1, 3])
        data, end = rows.reshape(-1).data, (count - 1) * size + last
        step = size * max(1, min(_MOST_BYTES // size, _MOST_SEGMENTS))
        whole = True
        for start in range(0, end, step):
            whole &= self._send_segments(data[start : min(start + step, end)], size, where)
        return whole

    def receive_frame(self, buffer: memoryview) -> int:
        """Give a packet behind an empty header, or a batch that is one stream as a super-frame."""
        size = VNET_HEADER.size
        if not self._waiting:
            length, segment = self._receive()
            if length > segment:
                whole = length // segment
                rows = self._array[: whole * segment].reshape(whole, segment)
                joined = join(rows, buffer) if self._all_may_enter(rows) else 0
                rest = whole * segment if joined else 0
                self._put_aside(rest, length, segment)
                if joined:
                    return joined
            elif length:
                self._waiting.append((0, length))
        length = self._next(buffer[size:])
        if length:
            buffer[:size] = _NO_HEADER
            return size + length
        return 0

    def receive_into(self, buffer: memoryview) -> int:
        """Give one packet."""
        if not self._waiting:
            length, segment = self._receive()
            self._put_aside(0, length, segment)
        return self._next(buffer)

    def close(self) -> None:
        """Close the socket."""
        super().close()
        self._waiting.clear()
        if self._ready is not None:
            self._ready.close()
            os.close(self._event)
            self._ready = None

    def _send_segments(self, data: memoryview, size: int, where: tuple[str, int]) -> bool:
        assert self._socket is not None, "open"
        if len(data) <= size:
            return self.send_to(data, where)
        option = (_SOL_UDP, _UDP_SEGMENT, struct.pack("H", size))
        try:
            return self._socket.sendmsg([data], [option], 0, where) == len(data)
        except OSError as error:
            if error.errno in {errno.EAGAIN, errno.ENOBUFS}:
                return False
        # A path MTU too small for the segments, or the error of an earlier send: one by one then.
        went = True
        for at in range(0, len(data), size):
            went &= self.send_to(data[at : at + size], where)
        return went

    def _receive(self) -> tuple[int, int]:
        """Receive a batch of one sender that may send; return its length and that of each packet.

        0 if none waits.
        """
        while self._socket is not None:
            try:
                length, ancillary, _, sender = self._socket.recvmsg_into([self._buffer], 64)
            except OSError as error:
                self.take_errors()
                if error.errno == errno.ECONNREFUSED:
                    continue
                return 0, 0
            segment = length
            for level, kind, value in ancillary:
                if (level, kind) == (_SOL_UDP, _UDP_GRO):
                    (segment,) = struct.unpack_from("i", value)
            self._sender = (sender[0], sender[1])
            if length and self.knows(self._sender):
                return length, segment
            self.counters.rejected += -(-length // segment) if segment else 1
        return 0, 0

    def _all_may_enter(self, rows: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bool:
        """Whether the first packet may; `join` sees to it that the others are of its stream."""
        return self.may_enter(self._sender, rows[0].data)

    def _put_aside(self, start: int, end: int, segment: int) -> None:
        """Let the packets of the batch from `start` on wait."""
        if start < end:
            self._waiting += ((at, min(at + segment, end)) for at in range(start, end, segment))
            os.eventfd_write(self._event, 1)

    def _next(self, buffer: memoryview) -> int:
        """Give the next packet that waits and may come in; 0 if none does."""
        length = 0
        while self._waiting and not length:
            start, stop = self._waiting.popleft()
            packet = self._buffer[start:stop]
            if self.may_enter(self._sender, packet):
                length = stop - start
                buffer[:length] = packet
            else:
                self.counters.rejected += 1
        if not self._waiting and self._ready is not None:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self._event)
        return length
