"""The UDP peer with one system call for many datagrams.

A super-frame is cut into segments that leave as one UDP_SEGMENT send, and so do ordinary packets
that come in a row; what UDP_GRO or one turn gathered is joined into one super-frame again
(udp(7)). On the wire each datagram is one packet as ever, so the other side may be any program.
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np

from tunscope.engine.scattered import ScatteredSender
from tunscope.engine.segments import Segmenter, Segments, join
from tunscope.packet.offload import VNET_HEADER, completed
from tunscope.relay.overlay import Route, UdpPeer
from tunscope.relay.peer import LARGEST_BURST

_SOL_UDP: Final = 17
_UDP_SEGMENT: Final = 103
_UDP_GRO: Final = 104
_GRO_SIZE: Final = struct.Struct("i")
#: Limits of one UDP_SEGMENT send: the kernel takes 64 segments and 65507 bytes.
_MOST_SEGMENTS: Final = 44
_MOST_BYTES: Final = 65_000
_IOVEC_SIZE: Final = 16
#: What a send meets that no other way would help.
_FULL: Final = (errno.EAGAIN, errno.ENOBUFS)
_NO_HEADER: Final = bytes(VNET_HEADER.size)
_LARGEST_BATCH: Final = 1 << 16
_BUFFER_SIZE: Final = 1 << 17
#: The first byte of an IPv4 packet without options.
_PLAIN: Final = 0x45


class BatchingUdpPeer(UdpPeer):
    """A `UdpPeer` of IP packets that also takes and gives frames with a virtio-net header.

    Those that need not be cut leave with the next `flush`.
    """

    vnet_header_size: Final = VNET_HEADER.size
    #: TUN_F_CSUM and TUN_F_TSO4: only TCP over IPv4 comes unsegmented.
    offloads: Final = (0x03,)

    def __init__(self, linktype: int, routes: Sequence[Route], bind: tuple[str, int]) -> None:
        super().__init__(linktype, routes, bind)
        assert self._socket is not None, "open"
        with contextlib.suppress(OSError):  # before Linux 5.0: datagrams come one by one
            self._socket.setsockopt(_SOL_UDP, _UDP_GRO, 1)
        self._sender = ScatteredSender(self._socket.fileno())
        self._segmenter = Segmenter()
        self._buffer = np.zeros(_BUFFER_SIZE, np.uint8).data
        self._single = memoryview(bytearray(_LARGEST_BATCH))
        self._batches: deque[_Batch] = deque()
        self._gathered = memoryview(bytearray(_MOST_BYTES))
        self._gathered_bytes = self._gathered_size = 0
        self._gathered_packets = _MOST_SEGMENTS
        self._gathered_for: tuple[str, int] = ("", 0)
        self._gathered_to = self._gathered_start = b""
        self._lost = 0
        self._event: int | None = os.eventfd(1, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int | None:
        """The socket, or a descriptor that is readable while packets wait here."""
        return self._event if self._batches else super().fileno()

    def set_offload(self, on: bool) -> None:
        """Nothing to switch: the socket gathers datagrams all the same."""

    def send_frame(self, frame: memoryview) -> bool:
        """Take a packet as `gather` does, or send all segments of a super-frame."""
        header, packet = bytes(frame[: VNET_HEADER.size]), frame[VNET_HEADER.size :]
        if not header[1]:
            if header[0]:
                packet = memoryview(completed(header, bytes(packet)))
            return self.gather(packet)
        self._send_gathered()
        where = self.next_hop(packet)
        segments = self._segmenter.split(header, packet) if where is not None else None
        if segments is None or where is None or self._socket is None:
            return False
        step = max(1, min(_MOST_BYTES // segments.size, _MOST_SEGMENTS))
        for first in range(0, segments.number, step):
            rows = 2 * min(step, segments.number - first)
            at = segments.address + _IOVEC_SIZE * 2 * first
            error = self._sender.send(at, rows, segments.size, where)
            if error:
                return error not in _FULL and self._send_singly(segments, first, where)
        return True

    def _send_singly(self, segments: Segments, first: int, where: tuple[str, int]) -> bool:
        """Send what a batch cannot: a path MTU is too small, or an earlier send met an error."""
        packets = list(segments.packets())[first:]
        return sum(self.send_to(memoryview(packet), where) for packet in packets) == len(packets)

    def gather(self, packet: memoryview) -> bool:
        """Take a packet; False if no network has its destination."""
        size, head = len(packet), bytes(packet[:20])
        end = self._gathered_bytes + size
        if (
            size != self._gathered_size
            or head[16:] != self._gathered_to
            or head[:4] != self._gathered_start  # so it is a plain one, and as long as it says
            or end > _MOST_BYTES
            or self._gathered_packets == _MOST_SEGMENTS
        ):
            return self._gather_another(packet, head[16:] if _is_plain(head, size) else b"")
        self._gathered[end - size : end] = packet
        self._gathered_bytes = end
        self._gathered_packets += 1
        return True

    def _gather_another(self, packet: memoryview, to: bytes) -> bool:
        """Take a packet that is not like the one before: it ends a batch, or begins one.

        `to` is its destination if it is a plain one.
        """
        where, size = self.next_hop(packet), len(packet)
        if where is None:
            return False
        start = self._gathered_bytes
        room = self._gathered_packets < _MOST_SEGMENTS and start + size <= _MOST_BYTES
        if start and room and size < self._gathered_size and where == self._gathered_for:
            self._gathered[start : start + size] = packet
            self._gathered_bytes = start + size
            self._send_gathered()  # nothing may follow a shorter one
            return True
        self._send_gathered()
        if size > _MOST_BYTES:
            return self.send_to(packet, where)
        self._gathered[:size] = packet
        self._gathered_for, self._gathered_to = where, to
        self._gathered_start = bytes(packet[:4])
        self._gathered_size = self._gathered_bytes = size
        self._gathered_packets = 1
        return True

    def flush(self) -> int:
        """Send what was gathered."""
        self._send_gathered()
        lost, self._lost = self._lost, 0
        return lost

    def _send_gathered(self) -> None:
        end = self._gathered_bytes
        if end:
            self._gathered_bytes, self._gathered_packets = 0, _MOST_SEGMENTS  # begin anew
            data, size = self._gathered[:end], self._gathered_size
            self._lost += self._send_segments(data, size, self._gathered_for)

    def receive_frame(self, buffer: memoryview) -> int:
        """Give a packet behind an empty header, or what is one stream as a super-frame."""
        while self._patience > 0 and (self._batches or self._receive()):
            batch = self._batches[0]
            if batch.stop - batch.start > batch.segment:
                packets = self._buffer[batch.start : batch.stop]
                length, used = join(packets, batch.segment, buffer)
                # The others have the addresses of the first, or they were not joined.
                if length and self._admits(batch, packets[: batch.segment]):
                    self._take(batch, used)
                    return length
            length = self._next(batch, buffer[VNET_HEADER.size :])
            if length:
                buffer[: VNET_HEADER.size] = _NO_HEADER
                return VNET_HEADER.size + length
        return self.give_nothing()

    def receive_into(self, buffer: memoryview) -> int:
        """Give one packet."""
        while self._patience > 0 and (self._batches or self._receive()):
            length = self._next(self._batches[0], buffer)
            if length:
                return length
        return self.give_nothing()

    def receive_burst(self) -> list[memoryview]:
        """Give packets of one sender, size and source, or one that is like no other."""
        while self._patience > 0 and (self._batches or self._receive()):
            batch, size = self._batches[0], self._batches[0].segment
            count = min((batch.stop - batch.start) // size, LARGEST_BURST)
            if count > 1 and self._are_alike(batch, count):
                start, stop = batch.start, batch.start + count * size
                self._take(batch, stop - start)
                return [self._buffer[at : at + size] for at in range(start, stop, size)]
            length = self._next(batch, self._single)
            if length:
                return [self._single[:length]]
        self.give_nothing()
        return []

    def _are_alike(self, batch: _Batch, count: int) -> bool:
        """Whether the first packets are whole IPv4 packets without options that may come in."""
        start, size = batch.start, batch.segment
        head = bytes(self._buffer[start : start + 20])
        if not _is_plain(head, size):
            return False
        rows = np.frombuffer(self._buffer, np.uint8, count * size, start).reshape(count, size)
        return (
            rows[:, :4].tobytes() == head[:4] * count
            and rows[:, 12:16].tobytes() == head[12:16] * count
            and self._admits(batch, self._buffer[start : start + size])
        )

    def _admits(self, batch: _Batch, packet: memoryview) -> bool:
        """Whether a whole IPv4 packet of a batch may come in, and those of the same source."""
        source = bytes(packet[12:16])
        if source != batch.admitted:
            if not self.may_enter(batch.sender, packet):
                return False
            batch.admitted = source
        return True

    def close(self) -> None:
        """Close the socket; what was gathered and not sent is lost."""
        super().close()
        self._batches.clear()
        self._gathered_bytes = 0
        if self._event is not None:
            os.close(self._event)
            self._event = None

    def _send_segments(self, data: memoryview, size: int, where: tuple[str, int]) -> int:
        """Send packets of `size` bytes, the last may be shorter; return how many did not go."""
        if len(data) <= size:
            return int(not self.send_to(data, where))
        count = -(-len(data) // size)
        if self._socket is None:
            return count
        option = (_SOL_UDP, _UDP_SEGMENT, struct.pack("H", size))
        try:
            self._socket.sendmsg((data,), (option,), 0, where)
        except OSError as error:
            if error.errno in _FULL:
                return count
        else:
            return 0
        # A path MTU too small for the segments, or the error of an earlier send: one by one then.
        starts = range(0, len(data), size)
        return sum(not self.send_to(data[start : start + size], where) for start in starts)

    def _receive(self) -> bool:
        """Receive what waits, as far as there is room, in batches; False if nothing came."""
        position = 0
        batch: _Batch | None = None
        while (
            self._socket is not None
            and self._patience > 0
            and position <= _BUFFER_SIZE - _LARGEST_BATCH
        ):
            try:
                length, ancillary, _, sender = self._socket.recvmsg_into(
                    (self._buffer[position:],), 64
                )
            except BlockingIOError:
                break
            except OSError as error:
                self.take_errors()
                if error.errno != errno.ECONNREFUSED:
                    break
                self._patience -= 1
                continue
            if batch is not None and not ancillary and batch.takes(length, sender[:2]):
                batch.stop = position = position + length
                continue
            segment = _GRO_SIZE.unpack(ancillary[0][2])[0] if ancillary else length
            if not length or not self.knows(sender[:2]):
                self.reject(-(-length // segment) if segment else 1)
                continue
            batch = _Batch(position, position + length, segment, sender[:2])
            self._batches.append(batch)
            position += length
        return bool(self._batches)

    def _take(self, batch: _Batch, size: int) -> None:
        """Forget the first `size` bytes of the first batch."""
        batch.start += size
        if batch.start >= batch.stop:
            self._batches.popleft()

    def _next(self, batch: _Batch, buffer: memoryview) -> int:
        """Give the first packet of the first batch; 0 if it may not come in."""
        start, stop = batch.start, min(batch.start + batch.segment, batch.stop)
        packet, size = self._buffer[start:stop], stop - start
        self._take(batch, size)
        head = bytes(packet[:20])
        if head[12:16] != batch.admitted or not _is_plain(head, size):
            if not self.may_enter(batch.sender, packet):
                self.reject()
                return 0
            batch.admitted = head[12:16] if head[0] == _PLAIN else b""
        buffer[:size] = packet
        return size


def _is_plain(head: bytes, size: int) -> bool:
    """Whether a packet of `size` bytes is whole, and IPv4 without options: most are."""
    return len(head) == 20 and head[0] == _PLAIN and head[2] << 8 | head[3] == size


class _Batch:
    """Packets of one `sender` end to end in the buffer, each of `segment` bytes but the last."""

    __slots__ = ("admitted", "segment", "sender", "start", "stop")

    def __init__(self, start: int, stop: int, segment: int, sender: tuple[str, int]) -> None:
        self.start, self.stop, self.segment, self.sender = start, stop, segment, sender
        self.admitted = b""  # the IPv4 source of a packet that was let in

    def takes(self, length: int, sender: tuple[str, int]) -> bool:
        """Whether a datagram may follow here: none is shorter already, and it is not longer."""
        return (
            0 < length <= self.segment
            and (self.stop - self.start) % self.segment == 0
            and sender == self.sender
            and self.stop - self.start + length <= _LARGEST_BATCH
        )
