"""Frames of IEEE 802.11 and 802.15.4, of every kind, with and without what hosts put before."""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING

from scapy.layers.inet import IP, UDP
from summary_judge import record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tunscope.packet.record import PacketRecord

WLAN, RADIOTAP, PPI, WPAN = 105, 127, 192, 230
ADDRESSES = [bytes.fromhex(f"02000000000{number}") for number in range(1, 4)]
FAR = bytes.fromhex("020000000009")
LLC_IP = bytes.fromhex("aaaa030000000800")
DATAGRAM = bytes(IP(src="10.0.0.1", dst="10.0.0.2") / UDP(sport=1000, dport=2000))
NAMES = [b"net", b"", b"\0\0", "café".encode(), b'q"u\\o', b"\x01z", b"\xff\xfe", b"a" * 32, b" "]
#: Management subtypes, and how many bytes they have before their elements.
FIXED = {0: 4, 1: 6, 2: 10, 3: 6, 4: 0, 5: 12, 8: 12}

_sequence = itertools.count(1)


def element(number: int, value: bytes) -> bytes:
    return bytes([number, len(value)]) + value


def frame(kind: int, subtype: int, flags: int = 0) -> bytes:
    """Return the header of a management or data frame with three addresses."""
    return (
        bytes([subtype << 4 | kind << 2, flags, 0, 0])
        + b"".join(ADDRESSES)
        + struct.pack("<H", (next(_sequence) & 0xFFF) << 4)
    )


def control(subtype: int, flags: int = 0, tail: bytes = b"") -> bytes:
    return bytes([subtype << 4 | 4, flags, 0, 0]) + ADDRESSES[0] + tail


def beacon(name: bytes = b"net") -> bytes:
    return frame(0, 8) + bytes(8) + b"\x64\0\x01\0" + element(0, name) + element(1, b"\x82\x84")


def data(subtype: int, flags: int, body: bytes = LLC_IP + DATAGRAM) -> bytes:
    return (
        frame(2, subtype, flags)
        + (FAR if flags & 3 == 3 else b"")
        + (b"\x05\0" if subtype & 8 else b"")
        + body
    )


def _subframe(body: bytes) -> bytes:
    whole = ADDRESSES[0] + ADDRESSES[1] + struct.pack(">H", len(body)) + body
    return whole + bytes(-len(whole) % 4)


def wlan() -> list[PacketRecord]:
    frames = [
        frame(0, subtype) + bytes(fixed) + element(0, name) + element(3, b"\6")
        for subtype, fixed in FIXED.items()
        for name in NAMES
    ]
    frames += [
        frame(0, 8) + bytes(12) + element(114, b"mesh"),
        frame(0, 8) + bytes(12) + b"\0\x09a",
    ]
    frames += [frame(0, subtype) + b"\0\0\1\0\0\0"[:size] for subtype, size in ((11, 6), (12, 2))]
    frames += [frame(0, subtype, 0x40) + bytes(30) for subtype in range(16)]
    frames += [frame(0, 13) + bytes([0, action, 7]) + bytes(6) for action in range(3)]
    frames += [frame(0, 13) + bytes([10, action, 7]) + bytes(40) for action in (7, 8, 13, 16)]
    frames += [control(subtype, 0x10) for subtype in (12, 13)]
    frames += [control(subtype, 0, ADDRESSES[1]) for subtype in (10, 11, 14, 15)]
    frames += [control(8, 0, ADDRESSES[1] + b"\4\0\0\0"), control(12)[:8]]
    frames += [control(9, 0, ADDRESSES[1] + b"\4\0\0\0" + bytes(8))]
    frames += [data(subtype, flags) for subtype in range(16) for flags in (0, 1, 2, 3, 0x41, 0x09)]
    frames += [data(0, 5), data(0, 1, b"\0\0" + LLC_IP + DATAGRAM), data(4, 0x11, b"")]
    frames += [data(0, 0, ADDRESSES[0] + ADDRESSES[1] + b"\x08\0" + DATAGRAM)]
    frames += [
        frame(2, 8, 1) + b"\x80\0" + _subframe(LLC_IP + DATAGRAM) + _subframe(LLC_IP + DATAGRAM)
    ]
    return records(frames, WLAN)


def radiotap() -> list[PacketRecord]:
    return records(
        (
            struct.pack("<BBHI", 0, 0, 17, 3) + bytes(8) + bytes([flags]) + inner
            for flags in (0, 0x10, 0x20, 0x30, 0x50)
            for inner in (
                beacon() + b"\1\2\3\4" * (flags >> 4 & 1),
                data(0, 1) + b"\1\2\3\4",
                frame(2, 8, 1) + bytes(4 if flags & 0x20 else 2) + LLC_IP + DATAGRAM + bytes(4),
                control(13) + b"\1\2\3\4",
            )
        ),
        RADIOTAP,
    )


def ppi() -> list[PacketRecord]:
    common = struct.pack("<HHQHHHHBBbb", 2, 20, 0, 1, 2, 2412, 0, 0, 0, 0, 0)
    ethernet = ADDRESSES[0] + ADDRESSES[1] + b"\x08\0" + DATAGRAM
    return records(
        [
            struct.pack("<BBHI", 0, 0, 32, 105) + common + beacon() + b"\1\2\3\4",
            struct.pack("<BBHI", 0, 0, 32, 105) + common + data(0, 1) + b"\1\2\3\4",
            struct.pack("<BBHI", 0, 0, 8, 105) + beacon(),
            struct.pack("<BBHI", 0, 0, 8, 1) + ethernet,
            struct.pack("<BBHI", 0, 0, 8, 101) + DATAGRAM,
        ],
        PPI,
    )


def _short_range(kind: int, body: bytes, to: int = 2, of: int = 2, destination: int = 1) -> bytes:
    word = kind | (0x40 if to and of else 0) | to << 10 | of << 14
    header = struct.pack("<HB", word, next(_sequence) & 0xFF)
    if to:
        header += b"\x34\x12" + destination.to_bytes(2 if to == 2 else 8, "little")
    if of:
        header += (b"" if to else b"\x34\x12") + (2).to_bytes(2 if of == 2 else 8, "little")
    return header + body


def wpan() -> list[PacketRecord]:
    frames = [
        _short_range(kind, bytes.fromhex("ffcf0000") + b"abcdefgh", to, of)
        for kind in (0, 1, 2)
        for to in (0, 2, 3)
        for of in (0, 2, 3)
    ]
    frames += [_short_range(3, bytes([command]) + bytes(8), 2, 3) for command in range(1, 10)]
    coordinator = bytes.fromhex("ffcf0000002284") + bytes(8) + b"\xff\xff\xff\0"
    frames += [_short_range(0, coordinator, 0, 2)]
    for kind, destination in itertools.product((0, 1), (0xFFFC, 0xFFFD, 0xFFFF, 0, 0x1234)):
        network = struct.pack("<HHHBB", 0x0208 | kind, destination, 3, 30, 9) + b"\x28" + bytes(28)
        frames += [_short_range(1, network, destination=destination)]
    network = struct.pack("<HHHBB", 0x0008, 1, 3, 30, 9)
    frames += [_short_range(1, network + bytes([1, 9, command]) + bytes(40)) for command in (5, 7)]
    return records(frames, WPAN)


def records(frames: Iterable[bytes], linktype: int) -> list[PacketRecord]:
    return [record(data, number, linktype) for number, data in enumerate(frames)]
