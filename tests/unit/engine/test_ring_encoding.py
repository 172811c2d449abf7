"""Ring blocks become EPBs: judged by python-pcapng and by tshark, from a hand-made block."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pcapng import FileScanner
from pcapng.blocks import EnhancedPacket

from tunscope.capfile.blocks import InterfaceDescription, interface_description, section_header
from tunscope.engine.batch import Batch
from tunscope.engine.ring import BlockEncoder
from tunscope.packet.direction import CHECKSUM_NOT_READY, TCP_SEGMENTATION_OFFLOAD, Direction

HOST, BROADCAST, OUTGOING = 0, 1, 4
CSUM_NOT_READY, VLAN_VALID, TPID_VALID, GSO_TCP = 1 << 3, 1 << 4, 1 << 6, 1 << 8


@dataclass(frozen=True)
class Placed:
    """A packet as the kernel would put it into a block."""

    data: bytes
    origlen: int = 0
    sec: int = 1_700_000_000
    nsec: int = 1
    status: int = 1
    pkttype: int = OUTGOING
    tci: int = 0
    tpid: int = 0
    mac: int = 82


def make_block(packets: list[Placed]) -> tuple[np.ndarray, int]:
    block = bytearray(48)
    for packet in packets:
        start = len(block)
        size = (packet.mac + len(packet.data) + 7) & ~7
        block += bytes(size)
        header = (
            size, packet.sec, packet.nsec, len(packet.data),
            packet.origlen or len(packet.data), packet.status, packet.mac, 0, 0,
            packet.tci, packet.tpid,
        )  # fmt: skip
        struct.pack_into("<6IHHIIH", block, start, *header)
        block[start + 58] = packet.pkttype
        block[start + packet.mac : start + packet.mac + len(packet.data)] = packet.data
    return np.frombuffer(bytes(block) + bytes(64), np.uint8), 48


def read_iovecs(batch: Batch) -> bytes:
    import ctypes

    return b"".join(ctypes.string_at(int(base), int(size)) for base, size in batch.iovecs if size)


def encode(packets: list[Placed], snaplen: int = 262144) -> tuple[Batch, bytes]:
    ring, first = make_block(packets)
    encoder = BlockEncoder(ring, snaplen)
    batch = encoder.encode([(first, len(packets))])
    return batch, read_iovecs(batch)


def judged(epbs: bytes) -> list[EnhancedPacket]:
    """Read the blocks back with python-pcapng."""
    head = section_header("test") + interface_description(InterfaceDescription(linktype=1))
    blocks = FileScanner(io.BytesIO(head + epbs))
    return [block for block in blocks if isinstance(block, EnhancedPacket)]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 60, 61, 1400])
def test_a_packet_of_any_length_is_stored_whole(size: int) -> None:
    data = bytes(range(256)) * 6
    _, epbs = encode([Placed(data[:size], sec=1_700_000_123, nsec=987_654_321)])
    (packet,) = judged(epbs)
    assert packet.packet_data == data[:size]
    stamp = packet.timestamp_high << 32 | packet.timestamp_low
    assert stamp == 1_700_000_123_987_654_321


@given(
    st.lists(
        st.tuples(st.binary(max_size=200), st.integers(0, 2**32 - 1), st.integers(0, 999_999_999)),
        min_size=1,
        max_size=30,
    )
)
@settings(max_examples=150, deadline=None)
def test_packets_of_mixed_sizes_come_back_in_order(
    given_packets: list[tuple[bytes, int, int]],
) -> None:
    packets = [Placed(data, sec=sec, nsec=nsec) for data, sec, nsec in given_packets]
    batch, epbs = encode(packets)
    assert batch.nbytes == len(epbs)
    found = judged(epbs)
    assert [p.packet_data for p in found] == [p.data for p in packets]
    assert [p.timestamp_high << 32 | p.timestamp_low for p in found] == [
        p.sec * 10**9 + p.nsec for p in packets
    ]


def test_padding_is_zero() -> None:
    _, epbs = encode([Placed(b"\xff" * 5), Placed(b"\xff" * 5)])
    assert epbs[28:33] == b"\xff" * 5
    assert epbs[33:36] == bytes(3)


@pytest.mark.parametrize(
    ("pkttype", "flags"),
    [(HOST, Direction.IN | 1 << 2), (BROADCAST, Direction.IN | 3 << 2), (OUTGOING, Direction.OUT)],
)
def test_direction_and_reception_are_in_epb_flags(pkttype: int, flags: int) -> None:
    _, epbs = encode([Placed(b"x" * 60, pkttype=pkttype)])
    assert struct.unpack_from("<HHI", epbs, 28 + 60) == (2, 4, flags)


def test_offload_states_are_in_epb_flags() -> None:
    packets = [
        Placed(b"a" * 60, status=1 | CSUM_NOT_READY),
        Placed(b"b" * 60),
        Placed(b"c" * 60, status=1 | GSO_TCP),
    ]
    _, epbs = encode(packets)
    size = 28 + 60 + 16
    flags = [struct.unpack_from("<I", epbs, size * i + 28 + 60 + 4)[0] for i in range(3)]
    out = int(Direction.OUT)
    assert flags == [out | CHECKSUM_NOT_READY, out, out | TCP_SEGMENTATION_OFFLOAD]


def test_a_stripped_vlan_tag_is_put_back() -> None:
    frame = bytes(range(12)) + b"\x08\x00" + b"payload"
    packets = [
        Placed(frame),
        Placed(frame, status=1 | VLAN_VALID | TPID_VALID, tci=0x2064, tpid=0x88A8),
        Placed(frame, status=1 | VLAN_VALID, tci=5),
        Placed(frame[:8], status=1 | VLAN_VALID, tci=5),
    ]
    _, epbs = encode(packets)
    found = judged(epbs)
    assert found[0].packet_data == frame
    assert found[1].packet_data == frame[:12] + b"\x88\xa8\x20\x64" + frame[12:]
    assert found[2].packet_data == frame[:12] + b"\x81\x00\x00\x05" + frame[12:]
    assert found[3].packet_data == frame[:8], "no room for a tag behind half a MAC address"
    assert [p.packet_len for p in found] == [21, 25, 25, 8]


@pytest.mark.parametrize("snaplen", [13, 14, 16, 20])
def test_a_tag_put_back_never_exceeds_snaplen(snaplen: int) -> None:
    frame = bytes(range(12)) + b"\x08\x00" + b"payload"
    tagged = (frame[:12] + b"\x81\x00\x00\x05" + frame[12:])[:snaplen]
    cut = Placed(frame[:snaplen], len(frame), status=1 | VLAN_VALID, tci=5)
    _, epbs = encode([cut], snaplen)
    (packet,) = judged(epbs)
    assert packet.packet_data == tagged
    assert packet.packet_len == len(frame) + 4


def test_a_batch_splits_between_packets() -> None:
    packets = [Placed(bytes([i]) * (50 + i)) for i in range(5)]
    batch, epbs = encode(packets)
    for count in range(6):
        first, rest = batch.split(count)
        assert read_iovecs(first) + read_iovecs(rest) == epbs
        assert len(judged(read_iovecs(first))) == count
        assert first.packets == count


def test_packets_within_a_size_are_those_that_reach_it() -> None:
    batch, _ = encode([Placed(b"x" * 56)] * 4)  # EPBs of 100 bytes
    assert [batch.packets_within(n) for n in (0, 1, 100, 101, 399, 400, 9999)] == [
        1, 1, 1, 2, 4, 4, 4,
    ]  # fmt: skip
