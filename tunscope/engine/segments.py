"""TCP over IPv4 super-frames cut into segments, and segments joined into one, with numpy.

What a network card does with TCP segmentation and receive offload, for a tun device at either end
of a tunnel. All packets begin with their IPv4 header. A call of numpy costs more than what it does
to the few dozen rows of a frame: there are as few as can be, over arrays that are laid out once.

Internet checksums are sums of little-endian words here, modulo 0xFFFF (0x10000 is 1 then, so words
of 32 bits will do): their bytes exchanged they are the sums of big-endian words (RFC 1071).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.packet.offload import VNET_HEADER

if TYPE_CHECKING:
    import numpy.typing as npt

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
#: Over an IPv4 and a TCP header, 0 where segments of a stream may differ: IP id and checksum,
#: sequence number, flags, TCP checksum.
_SAME: Final = np.full(_LARGEST_HEAD, 0xFF, np.uint8)
for _columns in (slice(4, 6), slice(10, 12), slice(24, 28), 33, slice(36, 38)):
    _SAME[_columns] = 0


class Segmenter:
    """Cuts super-frames; what `split` returns is overwritten by the next one."""

    def __init__(self) -> None:
        self._layouts: dict[tuple[int, int, int], _Layout] = {}

    def split(self, header: bytes, packet: memoryview) -> tuple[memoryview, int] | None:
        """Return the segments of a TCPv4 super-frame, end to end, and the size of all but the last.

        Every checksum is right. `header` is the frame's virtio-net header. None if the frame is
        none that can be cut.
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
        layout.fill(packet, count)
        return layout.data[: total - head + count * head], head + size


class _Layout:
    """Segments of one shape, end to end, with a view on each field that differs."""

    def __init__(self, start: int, head: int, size: int, count: int) -> None:
        self.room = room = -(-count // 16) * 16
        self._start, self._head, self._size = start, head, size
        row = head + size
        self._rows: npt.NDArray[np.uint8] = np.zeros((room, row), np.uint8)
        self._heads, self._payloads = self._rows[:, :head], self._rows[:, head:]
        self.data = self._rows.reshape(-1).data

        def column(kind: str, at: int) -> npt.NDArray[np.int64]:
            return np.ndarray((room,), kind, self.data, at, (row,))

        self._identities, self._ip_sums = column(">u2", 4), column("<u2", 10)
        self._sequences, self._tcp_sums = column(">u4", start + 4), column("<u2", start + 16)
        self._numbers = np.arange(room)
        self._offsets = self._numbers * size

    def fill(self, packet: memoryview, count: int) -> None:
        """Write the `count` segments of `packet`."""
        start, head, size = self._start, self._head, self._size
        row, data = head + size, self.data
        template = bytearray(packet[:head])
        flags = template[start + 13]
        identity = int.from_bytes(template[4:6], "big")
        sequence = int.from_bytes(template[start + 4 : start + 8], "big")
        template[2:4] = row.to_bytes(2, "big")
        template[4:6] = template[10:12] = template[start + 16 : start + 18] = b"\0\0"
        template[start + 13] = flags & ~_FIN_PSH
        whole, rest = divmod(len(packet) - head, size)
        payload = np.frombuffer(packet, np.uint8, whole * size, head)
        self._heads[:count] = np.frombuffer(template, np.uint8)
        self._payloads[:whole] = payload.reshape(whole, size)
        self._sequences[:count] = self._offsets[:count] + sequence
        identities = self._numbers[:count] + identity & 0xFFFF
        self._identities[:count] = identities
        self._ip_sums[:count] = (identities * -256 - _sum(template[:start])) % 0xFFFF
        last, missing = (count - 1) * row, 0
        data[last + start + 13] = flags
        if rest:
            missing = size - rest
            data[last + head : last + head + rest] = packet[head + whole * size :]
            data[last + head + rest : last + row] = bytes(missing)
            data[last + 2 : last + 4] = (row - missing).to_bytes(2, "big")
            self._ip_sums[count - 1] = (int(self._ip_sums[count - 1]) + 256 * missing) % 0xFFFF
        pseudo = _sum(template[12:20]) + 256 * (6 + row - start)
        # Whole rows: an IP header with its checksum adds 0.
        self._tcp_sums[:count] = (-pseudo - _row_sums(self._rows[:count])) % 0xFFFF
        if rest:
            self._tcp_sums[count - 1] = (int(self._tcp_sums[count - 1]) + 256 * missing) % 0xFFFF


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
    if packets[size + 12 : size + 24] != first[12:24]:
        return 0, 0
    count = min(len(packets), _LARGEST - head) // size
    rows = np.frombuffer(packets, np.uint8, count * size).reshape(count, size)
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


def _continues(packet: memoryview, first: bytes, head: int, offset: int) -> bool:
    """Whether a shorter packet is the next segment, `offset` after the one that begins `first`."""
    size = len(packet)
    if size <= head or int.from_bytes(packet[2:4], "big") != size or packet[33] & ~_PSH != _ACK:
        return False
    same = np.frombuffer(packet, np.uint8, head) & _SAME[:head]
    same[2:4] = 0
    wanted = np.frombuffer(first, np.uint8, head) & _SAME[:head]
    wanted[2:4] = 0
    sequence = int.from_bytes(first[24:28], "big") + offset & 0xFFFFFFFF
    return (
        same.tobytes() == wanted.tobytes()
        and int.from_bytes(packet[24:28], "big") == sequence
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
