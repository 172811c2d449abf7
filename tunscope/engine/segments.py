"""TCP over IPv4 super-frames cut into segments, and segments joined into one, with numpy.

What a network card does with TCP segmentation and receive offload, for a tun device at either end
of a tunnel. All packets begin with their IPv4 header.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.packet.checksum import internet_checksum
from tunscope.packet.offload import VNET_HEADER

if TYPE_CHECKING:
    import numpy.typing as npt

GSO_TCPV4: Final = 1
_ECN: Final = 0x80
_NEEDS_CHECKSUM: Final = 1
_FIN_PSH: Final = 0x09
_ACK: Final = 0x10
_LARGEST: Final = 65_535
#: What may differ between segments of a stream: IP id and checksum, sequence number, flags,
#: TCP checksum.
_MAY_DIFFER: Final = (slice(4, 6), slice(10, 12), slice(24, 28), 33, slice(36, 38))


def split(header: bytes, packet: memoryview) -> npt.NDArray[np.uint8] | None:
    """Return the segments of a TCPv4 super-frame, a row each, every checksum right.

    `header` is its virtio-net header. The last row is filled up with zeros where it is shorter:
    its IP header tells. None if the frame is none that can be cut.
    """
    _, kind, _, size, start, _ = VNET_HEADER.unpack_from(header)
    total = len(packet)
    if kind & ~_ECN != GSO_TCPV4 or start < 20 or total < start + 20 or not size:
        return None
    head = start + 4 * (packet[start + 12] >> 4)
    if head < start + 20 or head >= total or packet[0] != 0x40 | start >> 2:
        return None
    payload = np.frombuffer(packet, np.uint8)[head:]
    whole, rest = divmod(len(payload), size)
    count = whole + bool(rest)
    rows = np.zeros((count, head + size), np.uint8)
    template = bytearray(packet[:head])
    flags = template[start + 13]
    identity = int.from_bytes(template[4:6], "big")
    sequence = int.from_bytes(template[start + 4 : start + 8], "big")
    template[10:12] = template[start + 16 : start + 18] = b"\0\0"
    template[start + 13] = flags & ~_FIN_PSH
    rows[:, :head] = np.frombuffer(template, np.uint8)
    rows[:whole, head:] = payload[: whole * size].reshape(whole, size)
    if rest:
        rows[whole, head : head + rest] = payload[whole * size :]
    rows[-1, start + 13] = flags
    lengths = np.full(count, head + size)
    lengths[-1] = head + (rest or size)
    number = np.arange(count)
    _put(rows, 2, lengths, 2)
    _put(rows, 4, (identity + number) & 0xFFFF, 2)
    _put(rows, start + 4, (sequence + number * size) & 0xFFFFFFFF, 4)
    _put(rows, 10, 0xFFFF - _sums(rows[:, :start]), 2)
    pseudo = _pseudo_sum(template) + lengths - start
    _put(rows, start + 16, 0xFFFF - _fold(_sums(rows[:, start:]) + pseudo), 2)
    return rows


def join(rows: npt.NDArray[np.uint8], frame: memoryview) -> int:
    """Put segments of equal size into `frame` as one, behind a virtio-net header.

    Return the length of all, or 0, with nothing done, if they are not successive segments of one
    stream with good checksums: addresses, ports, acknowledgement, flags, window and options are
    the same in all; only the last may push.
    """
    count, size = rows.shape
    first = rows[0]
    if size < 40 or first[0] != 0x45 or first[9] != 6 or count < 2:
        return 0
    head = 20 + 4 * int(first[32] >> 4)
    gain = size - head
    if head < 40 or gain < 1 or head + count * gain > _LARGEST:
        return 0
    flags = rows[:, 33]
    heads = rows[:, :head]
    sequences = heads[:, 24:28].copy().view(">u4").ravel().astype(np.int64)
    differs = heads != heads[0]
    for column in _MAY_DIFFER:
        differs[:, column] = False
    same = (
        int(first[2]) << 8 | int(first[3]) == size
        and not (first[6] & 0x3F or first[7])
        and not differs.any()
        and bool((flags[:-1] == _ACK).all())
        and int(flags[-1]) & ~8 == _ACK
        and bool(((sequences - sequences[0] & 0xFFFFFFFF) == np.arange(count) * gain).all())
    )
    if not same or not _checksums_are_good(rows, size):
        return 0
    total = head + count * gain
    packet = frame[VNET_HEADER.size : VNET_HEADER.size + total]
    out = np.frombuffer(packet, np.uint8)
    out[:head] = first[:head]
    out[head:].reshape(count, gain)[:] = rows[:, head:]
    packet[2:4] = total.to_bytes(2, "big")
    packet[10:12] = b"\0\0"
    packet[10:12] = internet_checksum(packet[:20]).to_bytes(2, "big")
    packet[33] = int(flags[-1])
    partial = _pseudo_sum(bytes(packet[:20])) + total - 20
    packet[36:38] = int(_fold(np.array([partial]))[0]).to_bytes(2, "big")
    VNET_HEADER.pack_into(frame, 0, _NEEDS_CHECKSUM, GSO_TCPV4, head, gain, 20, 16)
    return int(VNET_HEADER.size + total)


def _checksums_are_good(rows: npt.NDArray[np.uint8], size: int) -> bool:
    pseudo = _pseudo_sum(bytes(rows[0, :20])) + size - 20
    return bool(
        (_sums(rows[:, :20]) == 0xFFFF).all()
        and (_fold(_sums(rows[:, 20:]) + pseudo) == 0xFFFF).all()
    )


def _pseudo_sum(header: bytes | bytearray) -> int:
    """Return the sum of addresses and protocol of TCP's pseudo header, without the length."""
    words = (int.from_bytes(header[at : at + 2], "big") for at in range(12, 20, 2))
    return sum(words) + 6


def _sums(rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return the ones' complement sum of each row, as 16 bits."""
    width = rows.shape[1]
    words = np.uint16 if width & 2 else np.uint32
    even = np.ascontiguousarray(rows[:, : width & ~1]).view(words)
    # the sum of bytes in the machine's order is the sum in the other order, its bytes exchanged
    folded = _fold(even.sum(axis=1, dtype=np.uint64).astype(np.int64))
    swapped = folded if sys.byteorder == "big" else (folded >> 8 | folded << 8) & 0xFFFF
    return swapped if width % 2 == 0 else _fold(swapped + (rows[:, -1].astype(np.int64) << 8))


def _fold(sums: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return sums of 16-bit words with their carries added in: modulo 0xFFFF, which stands for 0.

    Wider words are sums of their halves, since 0x10000 is 1.
    """
    return (sums - 1) % 0xFFFF + 1


def _put(rows: npt.NDArray[np.uint8], at: int, values: npt.NDArray[np.int64], size: int) -> None:
    """Write big-endian numbers of `size` bytes at column `at`."""
    words = values.astype(f">u{size}")
    rows[:, at : at + size] = words.view(np.uint8).reshape(len(values), size)
