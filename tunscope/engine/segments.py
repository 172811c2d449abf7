"""TCP over IPv4 super-frames cut into segments, and segments joined into one, with numpy.

What a network card does with TCP segmentation and receive offload, for a tun device at either end
of a tunnel. All packets begin with their IPv4 header. A call of numpy costs more than what it does
to the few dozen rows of a frame: there are as few as can be, over arrays that are laid out once.

Internet checksums are sums of little-endian words here, modulo 0xFFFF (0x10000 is 1 then, so words
of 32 bits will do): their bytes exchanged they are the sums of big-endian words (RFC 1071).
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tunscope.engine.batch import Iovecs
from tunscope.engine.scattered import address_of
from tunscope.packet.offload import VNET_HEADER

GSO_TCPV4: Final = 1
_ECN: Final = 0x80
_NEEDS_CHECKSUM: Final = 1
_PSH: Final = 0x08
_FIN_PSH: Final = 0x09
_ACK: Final = 0x10
_ACKS: Final = b"\x10"
_LARGEST: Final = 65_535
_MOST_LAYOUTS: Final = 16
_SMALLEST_HEAD: Final = 40
_LARGEST_HEAD: Final = 80
#: More than ever come together (UDP_MAX_SEGMENTS of the kernel is 128).
_MOST_ROWS: Final = 128
#: Over an IPv4 and a TCP header, 0 where segments of a stream may differ: IP id and checksum,
#: sequence number, flags, TCP checksum.
_SAME: Final = np.full(_LARGEST_HEAD, 0xFF, np.uint8)
for _columns in (slice(4, 6), slice(10, 12), slice(24, 28), 33, slice(36, 38)):
    _SAME[_columns] = 0


class Segments(NamedTuple):
    """`number` packets where they lie: headers and payloads in turn, two iovecs for each packet.

    All have `size` bytes but the last, which may have fewer. `address` is that of the iovecs.
    """

    iovecs: Iovecs
    address: int
    number: int
    size: int

    def packets(self) -> Iterator[bytes]:
        """Yield copies of the packets."""
        rows = self.iovecs.tolist()
        for (head, head_size), (payload, size) in zip(rows[::2], rows[1::2], strict=True):
            yield ctypes.string_at(head, head_size) + ctypes.string_at(payload, size)


class Segmenter:
    """Cuts super-frames; what `split` returns is good until the next one."""

    def __init__(self) -> None:
        self._layouts: dict[tuple[int, int, int], _Layout] = {}

    def split(self, header: bytes, packet: memoryview) -> Segments | None:
        """Return the segments of a TCPv4 super-frame; their payloads stay where they are.

        Every checksum is right. `header` is the frame's virtio-net header, `packet` in writable
        memory. None if the frame is none that can be cut.
        """
        _, kind, _, size, start, _ = VNET_HEADER.unpack_from(header)
        total = len(packet)
        if kind & ~_ECN != GSO_TCPV4 or start < 20 or total < start + 20 or not size:
            return None
        head = start + 4 * (packet[start + 12] >> 4)
        if head < start + 20 or head >= total or packet[0] != 0x40 | start >> 2:
            return None
        if head + size > _LARGEST:
            return None
        count = -(-(total - head) // size)
        layout = self._layouts.get((start, head, size))
        if layout is None or layout.room < count:
            if len(self._layouts) >= _MOST_LAYOUTS:
                self._layouts.clear()
            layout = self._layouts[start, head, size] = _Layout(start, head, size, count)
        return layout.fill(packet, count)


class _Layout:
    """Headers of segments of one shape, end to end.

    The fields that count up or down from one segment to the next do so in one addition of long
    integers over all headers, which is cheaper than a numpy call a field.
    """

    def __init__(self, start: int, head: int, size: int, count: int) -> None:
        self.room = room = -(-count // 16) * 16
        self._start, self._head, self._size = start, head, size
        heads = np.zeros(room * head, np.uint8)
        self._heads = heads.data
        self._tcp_sums: npt.NDArray[np.uint16] = np.ndarray(
            (room,), "<u2", self._heads, start + 16, (head,)
        )
        numbers = np.arange(room, dtype=np.int64)
        self._sums, self._sequence_sums = np.zeros(room, np.int64), numbers * size * 256
        self._known, self._modulus = np.zeros((), np.int64), np.array(0xFFFF)
        self._steps = _steps(room, head, ((4, 2, 1), (10, 2, -1), (start + 4, 4, size)))
        self._iovecs = np.zeros((2 * room, 2), np.uint64)
        self._iovecs[::2, 0] = heads.ctypes.data + numbers * head
        self._iovecs[::2, 1] = head
        self._addresses, self._lengths = self._iovecs[1::2].T
        self._lengths[:] = size
        self._offsets = (numbers * size).astype(np.uint64)
        self._iovecs_at = int(self._iovecs.ctypes.data)
        self._payload_at = 0
        self._last = 0

    def fill(self, packet: memoryview, count: int) -> Segments:
        """Make the headers of the `count` segments of `packet`, and say where all lies."""
        start, head, size = self._start, self._head, self._size
        row, last = head + size, count - 1
        rest = (len(packet) - head) % size
        missing = size - rest if rest else 0
        self._sum_payloads(packet, count, rest)
        template = bytearray(packet[:head])
        flags = template[start + 13]
        template[2:4] = row.to_bytes(2, "big")
        template[10:12] = template[start + 16 : start + 18] = b"\0\0"
        template[start + 13] = flags & ~_FIN_PSH
        template[10:12] = (-_sum(template[:start]) % 0xFFFF).to_bytes(2, "little")
        sums = self._sums
        np.add(sums, self._sequence_sums, sums)
        data = self._heads
        data[: count * head] = self._counted(template, count)
        at = last * head
        data[at + start + 13] = flags
        sums[last] += 256 * ((flags & _FIN_PSH) - missing)
        if rest:
            data[at + 2 : at + 4] = (head + rest).to_bytes(2, "big")
            checksum = (int.from_bytes(data[at + 10 : at + 12], "big") + missing) % 0xFFFF
            data[at + 10 : at + 12] = checksum.to_bytes(2, "big")
        self._known[()] = -_sum(template[start:]) - _sum(template[12:20]) - 256 * (6 + row - start)
        np.subtract(self._known, sums, sums)
        np.remainder(sums, self._modulus, sums)
        self._tcp_sums[...] = sums
        return self._located(packet, count, rest or size)

    def _sum_payloads(self, packet: memoryview, count: int, rest: int) -> None:
        """Let `_sums` be the sums of the payloads, of which the last has `rest` bytes if any."""
        head, size = self._head, self._size
        whole = count - (rest > 0)
        if size % 4:
            payload = np.frombuffer(packet, np.uint8, whole * size, head)
            self._sums[:whole] = _row_sums(payload.reshape(whole, size))
        else:
            words = np.frombuffer(packet, np.uint32, whole * size // 4, head)
            table = words.reshape(whole, size // 4)
            np.add.reduce(table, axis=1, dtype=np.int64, out=self._sums[:whole])
        if rest:
            self._sums[whole] = _sum(packet[-rest:])

    def _counted(self, template: bytearray, count: int) -> bytes:
        """Return `count` headers like `template`: id, IP checksum and sequence number go on."""
        start, head, size = self._start, self._head, self._size
        identity = int.from_bytes(template[4:6], "big")
        checksum = int.from_bytes(template[10:12], "big")
        sequence = int.from_bytes(template[start + 4 : start + 8], "big")
        if identity + count < 1 << 16 and count < checksum and sequence + count * size < 1 << 32:
            steps = self._steps >> 8 * head * (self.room - count)
            return (int.from_bytes(template * count, "big") + steps).to_bytes(count * head, "big")
        heads = bytearray()
        for number in range(count):  # a field overflows
            one = bytearray(template)
            one[4:6] = (identity + number & 0xFFFF).to_bytes(2, "big")
            one[10:12] = b"\0\0"
            one[10:12] = (-_sum(one[:start]) % 0xFFFF).to_bytes(2, "little")
            position = sequence + number * size
            one[start + 4 : start + 8] = (position & 0xFFFFFFFF).to_bytes(4, "big")
            self._sums[number] -= 256 * (position >> 32)
            heads += one
        return bytes(heads)

    def _located(self, packet: memoryview, count: int, size: int) -> Segments:
        """Say where the segments lie, of which the last has `size` bytes of payload."""
        payload_at = address_of(packet) + self._head
        if payload_at != self._payload_at:
            np.add(self._offsets, np.uint64(payload_at), self._addresses)
            self._payload_at = payload_at
        self._lengths[self._last] = self._size
        self._last = count - 1
        self._lengths[self._last] = size
        row = self._head + self._size
        return Segments(self._iovecs[: 2 * count], self._iovecs_at, count, row)


def _steps(rows: int, size: int, fields: Sequence[tuple[int, int, int]]) -> int:
    """Return what to add to `rows` equal rows of `size` bytes, as one big-endian integer.

    `fields` are (place in the row, bytes, what it grows by from row to row).
    """
    more: npt.NDArray[np.uint8]
    less: npt.NDArray[np.uint8]
    more, less = np.zeros((2, rows, size), np.uint8)
    for at, width, step in fields:
        grown = np.arange(rows) * abs(step)
        octets = grown.astype(f">u{width}").view(np.uint8).reshape(rows, width)
        (more if step > 0 else less)[:, at : at + width] = octets
    return int.from_bytes(more.tobytes(), "big") - int.from_bytes(less.tobytes(), "big")


def join(packets: memoryview, size: int, frame: memoryview) -> tuple[int, int]:
    """Put the first of `packets` into `frame` as one, behind a virtio-net header.

    They lie end to end and have `size` bytes each; the last may have fewer. Return the length of
    the frame, and how many bytes of `packets` it stands for: successive segments of one stream
    with good checksums, whose addresses, ports, acknowledgement, flags, window and options are
    the same; only the last may push. (0, 0), with nothing done, if the first two are no such
    segments.
    """
    first = bytes(packets[:_LARGEST_HEAD])
    if size < _SMALLEST_HEAD or first[0] != 0x45 or first[9] != 6 or first[6] & 0x3F or first[7]:
        return 0, 0
    head = 20 + 4 * (first[32] >> 4)
    gain = size - head
    if head < _SMALLEST_HEAD or gain < 1 or int.from_bytes(first[2:4], "big") != size:
        return 0, 0
    if bytes(packets[size + 12 : size + 24]) != first[12:24]:
        return 0, 0
    count = min(len(packets) // size, (_LARGEST - head) // gain, _MOST_ROWS)
    rows = np.frombuffer(packets, np.uint8, count * size).reshape(count, size)
    if not _all_alike(rows[:, :head].tobytes(), first, head, gain):
        count = _alike(rows, head, gain)
    if count < 2 or not _checksums_are_good(rows[:count]):
        return 0, 0
    used, total = count * size, head + count * gain
    flags = packets[used - size + 33]
    packet = frame[VNET_HEADER.size : VNET_HEADER.size + _LARGEST]
    out = np.frombuffer(packet, np.uint8)[head:total]
    out.reshape(count, gain)[:] = rows[:count, head:]
    rest = packets[used : used + size]
    if (
        flags == _ACK
        and len(rest) < size
        and total + len(rest) - head <= _LARGEST
        and _continues(rest, first, head, count * gain)
    ):
        packet[total : total + len(rest) - head] = rest[head:]
        used, total, flags = used + len(rest), total + len(rest) - head, rest[33]
    template = bytearray(first[:head])
    template[2:4] = total.to_bytes(2, "big")
    template[10:12] = b"\0\0"
    template[10:12] = (-_sum(template[:20]) % 0xFFFF).to_bytes(2, "little")
    template[33] = flags
    partial = (_sum(template[12:20]) + 256 * (6 + total - 20)) % 0xFFFF or 0xFFFF
    template[36:38] = partial.to_bytes(2, "little")
    packet[:head] = template
    VNET_HEADER.pack_into(frame, 0, _NEEDS_CHECKSUM, GSO_TCPV4, head, gain, 20, 16)
    return VNET_HEADER.size + total, used


def _alike(rows: npt.NDArray[np.uint8], head: int, gain: int) -> int:
    """Return how many of the first rows continue one another, all but the last without PSH."""
    count: int = rows.shape[0]
    size: int = rows.shape[1]
    words = np.ndarray((count, head // 4), np.uint32, rows, 0, (size, 4))
    same = (words & _SAME.view(np.uint32)[: head // 4]).tobytes()
    if same != same[:head] * count:
        count = next(at for at in range(count) if same[at * head : (at + 1) * head] != same[:head])
    flags = rows[:count, 33].tobytes()
    plain = len(flags) - len(flags.lstrip(_ACKS))
    if plain < count:
        count = plain + (flags[plain] == _ACK | _PSH)
    sequences: list[int] = np.ndarray((count,), ">u4", rows, 24, (size,)).tolist()
    first = sequences[0] if sequences else 0
    if sequences != list(range(first, first + count * gain, gain)):
        followed = (at for at in range(count) if sequences[at] != first + at * gain & 0xFFFFFFFF)
        count = next(followed, count)
    return count


def _all_alike(heads: bytes, first: bytes, head: int, gain: int) -> bool:
    """Whether headers of `head` bytes each, the first of them `first`, continue one another.

    All but the last without PSH, and none with a sequence number that begins anew at 0.
    """
    beyond = 8 * (_MOST_ROWS * head - len(heads))
    same, steps = _row_integers(head, gain)
    wanted = _masked(first, head) * (len(heads) // head)
    may_push = ~(_PSH << 8 * (head - 34))
    return int.from_bytes(heads, "big") & same >> beyond & may_push == (
        int.from_bytes(wanted, "big") + (steps >> beyond)
    )


@functools.lru_cache(_MOST_LAYOUTS)
def _row_integers(head: int, gain: int) -> tuple[int, int]:
    """Return the bits that headers of one stream share, and what their sequence numbers add."""
    same = bytearray(_SAME[:head].tobytes())
    same[24:28] = b"\xff\xff\xff\xff"
    same[33] = 0xFF
    return int.from_bytes(same * _MOST_ROWS, "big"), _steps(_MOST_ROWS, head, ((24, 4, gain),))


def _masked(packet: bytes, head: int) -> bytearray:
    """Return a header without what segments of a stream may differ in, but for the position."""
    masked = bytearray(packet[:head])
    masked[4:6] = masked[10:12] = masked[36:38] = b"\0\0"
    masked[33] = _ACK
    return masked


def _continues(packet: memoryview, first: bytes, head: int, offset: int) -> bool:
    """Whether a shorter packet is the next segment, `offset` after the one that begins `first`."""
    size = len(packet)
    if size <= head or int.from_bytes(packet[2:4], "big") != size or packet[33] & ~_PSH != _ACK:
        return False
    sequence = int.from_bytes(first[24:28], "big") + offset & 0xFFFFFFFF
    wanted = _masked(first, head)
    wanted[2:4], wanted[24:28] = packet[2:4], sequence.to_bytes(4, "big")
    return (
        _masked(bytes(packet[:head]), head) == wanted
        and _sum(packet[:20]) == 0
        and (_sum(packet[12:]) + 256 * (6 + size - 20)) % 0xFFFF == 0
    )


def _checksums_are_good(rows: npt.NDArray[np.uint8]) -> bool:
    """Whether the checksums of equal segments are right, in one sum over all of them."""
    count: int = rows.shape[0]
    size: int = rows.shape[1]
    pseudo = _sum(rows[0, 12:20].tobytes()) + 256 * (6 + size - 20)
    if size % 2 == 0 and rows.size % 4 == 0:
        total = np.add.reduce(rows.reshape(-1).view("<u4"), dtype=np.int64)
    else:
        total = _row_sums(rows).sum()
    return (int(total) + count * pseudo) % 0xFFFF == 0


def _row_sums(rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return the sum of each row, modulo 0xFFFF the internet checksum's."""
    size = rows.shape[1]
    sums: npt.NDArray[np.int64]
    if size % 2:
        sums = np.add.reduce(rows[:, 1::2], axis=1, dtype=np.int64) * 256
        sums += np.add.reduce(rows[:, ::2], axis=1, dtype=np.int64)
    else:
        words = rows.view("<u2" if size % 4 else "<u4")
        sums = np.add.reduce(words, axis=1, dtype=np.int64)
    return sums


def _sum(data: bytes | bytearray | memoryview) -> int:
    """Return the sum of words, modulo 0xFFFF."""
    return int.from_bytes(data, "little") % 0xFFFF
