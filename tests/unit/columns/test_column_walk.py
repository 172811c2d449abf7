"""The vectorised walk sees what the reader sees, in any pieces and whatever the damage."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from walked import read_outcome, walked_outcome

from tunscope.capfile.blocks import (
    InterfaceDescription,
    InterfaceStatistics,
    enhanced_packet,
    interface_description,
    interface_statistics,
    name_resolution,
    section_header,
)
from tunscope.packet.record import PacketRecord

CAPTURES = Path(__file__).parents[2] / "data" / "captures"
FILES = [
    path
    for path in sorted(CAPTURES.rglob("*"))
    if path.suffix in {".pcap", ".pcapng", ".ntar"} and path.stat().st_size
]
SMALL = [path.read_bytes() for path in FILES if path.stat().st_size <= 8192]
MUTATIONS = 3000
BATCH = 10
WORDS = (
    *(0, 1, 2, 3, 4, 5, 6, 8, 12, 16, 20, 28, 31, 32, 33, 0xFF, 0xFFFF, 0x0BAD, 9, 10),
    *(262_144, 262_145, 0x0A0D0D0A, 0x1A2B3C4D, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF),
)


def packet(data: bytes, interface: int = 0, **more: object) -> bytes:
    return enhanced_packet(PacketRecord(data, 1_000_000_007, len(data), 1, interface, **more))  # type: ignore[arg-type]


def section(*interfaces: InterfaceDescription) -> bytes:
    return section_header("test") + b"".join(map(interface_description, interfaces))


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    total = 12 + len(body)
    return struct.pack(f"{order}II", kind, total) + body + struct.pack(f"{order}I", total)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_sample_captures(path: Path) -> None:
    data = path.read_bytes()
    assert walked_outcome(data) == read_outcome(data)


@pytest.mark.parametrize("path", FILES[::5], ids=lambda path: path.name)
def test_captures_that_arrive_in_small_pieces(path: Path) -> None:
    data = path.read_bytes()[:20_000]
    assert walked_outcome(data, chunk=512, step=100) == read_outcome(data)


@pytest.mark.parametrize("index", range(0, len(SMALL), max(1, len(SMALL) // 3)))
def test_every_truncation(index: int) -> None:
    data = SMALL[index][:1500]
    for length in range(len(data)):
        assert walked_outcome(data[:length]) == read_outcome(data[:length]), length


@seed(7)
@settings(max_examples=MUTATIONS // BATCH, deadline=None, database=None)
@given(number=st.integers(0, 2**64))
def test_mutations(number: int) -> None:
    rng = random.Random(number)
    for _ in range(BATCH):
        data = bytearray(rng.choice(SMALL))
        for _ in range(rng.choice((1, 1, 2, 4))):
            place = rng.randrange(max(1, len(data)))
            match rng.randrange(4):
                case 0:
                    data[place : place + 1] = bytes([rng.randrange(256)])
                case 1:
                    order = rng.choice(("little", "big"))
                    data[place & ~3 : (place & ~3) + 4] = rng.choice(WORDS).to_bytes(4, order)  # type: ignore[arg-type]
                case 2:
                    del data[place : place + rng.choice((1, 4, 12, 40))]
                case 3:
                    data[place:place] = data[: rng.choice((1, 4, 28, 100))]
        mutated = bytes(data)
        chunk = rng.choice((256, 4096, 1 << 16))
        assert walked_outcome(mutated, chunk) == read_outcome(mutated), mutated.hex()


def test_payload_that_looks_like_blocks() -> None:
    inner = section(InterfaceDescription(1)) + b"".join(packet(bytes(i)) for i in range(100))
    data = section(InterfaceDescription(1))
    for i in range(200):
        data += packet(inner) if i % 3 == 0 else packet(bytes(i))
    outcome = walked_outcome(data, chunk=1 << 20)
    assert len(outcome.packets) == 200
    assert outcome == read_outcome(data)


def test_other_blocks_between_packets() -> None:
    data = section(InterfaceDescription(1))
    statistics = interface_statistics(InterfaceStatistics(0, 5, ifrecv=3))
    for i in range(300):
        data += packet(bytes(i % 90))
        if i % 2:
            data += (statistics, name_resolution({"10.0.0.1": f"host{i}"}), block(77, b"12345678"))[
                i % 3
            ]
        if i % 50 == 7:
            data += interface_description(InterfaceDescription(101)) + packet(b"E", 1 + i // 50)
    outcome = walked_outcome(data, chunk=1 << 20)
    assert len(outcome.interfaces) == 7
    assert outcome == read_outcome(data)


def test_interfaces_count_only_for_packets_behind_them() -> None:
    two = interface_description(InterfaceDescription(101))
    data = section(InterfaceDescription(1)) + packet(b"a") + packet(b"b", 1) + two + packet(b"c", 1)
    outcome = walked_outcome(data)
    assert len(outcome.packets) == 1
    assert outcome.damaged_at == len(section(InterfaceDescription(1)) + packet(b"a"))
    assert outcome == read_outcome(data)


def test_sections_of_both_byte_orders() -> None:
    little = section(InterfaceDescription(1)) + packet(b"little") * 5
    body = struct.pack(">IHHq", 0x1A2B3C4D, 1, 0, -1)
    big = block(0x0A0D0D0A, body, ">") + block(1, struct.pack(">HHI", 101, 0, 0), ">")
    data = b"big!"
    big += 5 * block(6, struct.pack(">5I", 0, 1, 2, len(data), len(data)) + data, ">")
    capture = little + big + little + big
    outcome = walked_outcome(capture, chunk=1 << 16)
    assert len(outcome.packets) == 20
    assert outcome == read_outcome(capture)


def test_blocks_larger_than_the_chunk() -> None:
    data = section(InterfaceDescription(1)) + packet(b"a")
    data += packet(bytes(200_000)) + block(99, bytes(300_000)) + packet(b"z")
    outcome = walked_outcome(data, chunk=4096)
    assert [record.caplen for record in outcome.packets] == [1, 200_000, 1]
    assert outcome == read_outcome(data)


def test_a_block_too_large_to_be_held_is_passed_over() -> None:
    data = (
        section(InterfaceDescription(1)) + packet(b"a") + block(99, bytes(17 << 20)) + packet(b"z")
    )
    outcome = walked_outcome(data, chunk=1 << 16)
    assert [record.data for record in outcome.packets] == [b"a", b"z"]
    broken = bytearray(data)
    broken[-len(packet(b"z")) - 4] ^= 0xFF
    assert walked_outcome(bytes(broken)).damaged_at == read_outcome(bytes(broken)).damaged_at


def test_large_packets_are_walked_one_by_one() -> None:
    data = section(InterfaceDescription(1)) + packet(bytes(60_000)) * 40 + packet(b"tiny") * 40
    assert walked_outcome(data, chunk=1 << 18) == read_outcome(data)


@pytest.mark.parametrize(
    "tsresol", [0, 3, 6, 9, 12, 18, 19, 20, 28, 29, 127, 0x80, 0x8A, 0xA2, 0xA3, 0xFF]
)
@pytest.mark.parametrize("tsoffset", [0, 3600, -3600, 1 << 40, -(1 << 40)])
def test_clocks(tsresol: int, tsoffset: int) -> None:
    description = InterfaceDescription(1, tsresol=tsresol, tsoffset=tsoffset)
    data = section(description, InterfaceDescription(1, tsresol=6))
    for ticks in (
        0,
        1,
        999_999_999,
        1_700_000_000_123_456_789,
        (1 << 63) - 1,
        1 << 63,
        (1 << 64) - 1,
    ):
        for interface in (0, 1):
            body = struct.pack("<5I", interface, ticks >> 32, ticks & 0xFFFFFFFF, 0, 0)
            data += block(6, body)
    assert walked_outcome(data) == read_outcome(data)


@pytest.mark.parametrize(
    "options",
    [
        b"\x01\x00\x03\x00abc\x00",
        b"\x02\x00\x04\x00\x02\x00\x00\x00",
        b"\x02\x00\x04\x00\x02\x00\x00\x00\x02\x00\x04\x00\x01\x00\x00\x00\x00\x00\x00\x00",
        b"\x02\x00\x02\x00\x02\x00\x00\x00",
        b"\x05\x00\x08\x00" + bytes(range(8)) + b"\x01\x00\x01\x00x\x00\x00\x00",
        b"\x05\x00\x04\x00" + bytes(4),
        b"\x01\x00\xff\x00abc\x00",
        b"\x01\x00\x01\x00a\x00\x00\x00" * 30 + b"\x02\x00\x04\x00\x01\x00\x00\x00",
        b"\x00\x00\x00\x00\x01\x00\xff\xff",
        b"\xac\x0b\x02\x00ab\x00\x00",
        b"\x07\x00\x01\x00\x01\x00\x00\x00",
    ],
    ids=lambda options: options[:12].hex(),
)
def test_packet_options(options: bytes) -> None:
    body = struct.pack("<5I", 0, 0, 7, 5, 5) + b"hello\0\0\0" + options
    data = section(InterfaceDescription(1)) + packet(b"a") + block(6, body) + packet(b"b")
    assert walked_outcome(data) == read_outcome(data)
