"""Super-frames cut and joined: scapy judges, and each is the inverse of the other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP

from tunscope.engine.segments import join, split
from tunscope.packet.linktype import LinkType
from tunscope.packet.offload import VNET_HEADER, completed
from tunscope.packet.repair import sound_layers

OPTIONS = [("NOP", None), ("NOP", None), ("Timestamp", (1234, 5678))]


def super_frame(
    payload: bytes, mss: int, *, flags: str = "A", seq: int = 7, options: object = OPTIONS
) -> tuple[bytes, bytes]:
    """Return a virtio-net header and the packet behind it, its checksum partial."""
    tcp = TCP(sport=1, dport=2, seq=seq, ack=9, flags=flags, options=options)
    packet = bytearray(bytes(IP(src="172.1.0.1", dst="172.2.0.1", id=65534) / tcp / payload))
    head = 20 + 4 * (packet[32] >> 4)
    pseudo = sum(int.from_bytes(packet[at : at + 2], "big") for at in range(12, 20, 2)) + 6
    pseudo += len(packet) - 20
    packet[36:38] = ((pseudo & 0xFFFF) + (pseudo >> 16)).to_bytes(2, "big")
    return VNET_HEADER.pack(1, 1, head, mss, 20, 16), bytes(packet)


def packets_of(rows: np.ndarray) -> list[bytes]:
    return [bytes(row[: int(row[2]) << 8 | int(row[3])]) for row in rows]


@settings(max_examples=60, deadline=None)
@given(
    st.binary(min_size=1, max_size=9000), st.integers(1, 1460), st.sampled_from(["A", "PA", "FPA"]),
    st.sampled_from([7, 0xFFFFFF00]), st.sampled_from([[], OPTIONS]),
)  # fmt: skip
def test_segments_are_what_the_stream_is(
    payload: bytes, mss: int, flags: str, seq: int, options: object
) -> None:
    mss = max(mss, len(payload) // 60 + 1)
    header, packet = super_frame(payload, mss, flags=flags, seq=seq, options=options)
    rows = split(header, memoryview(packet))
    assert rows is not None
    segments = packets_of(rows)
    assert b"".join(bytes(IP(one)[TCP].payload) for one in segments) == payload
    position = seq
    for number, one in enumerate(segments):
        assert sound_layers(one, LinkType.RAW) == {0, 1}
        read = IP(one)
        assert read[TCP].seq == position & 0xFFFFFFFF
        assert read.id == (65534 + number) & 0xFFFF
        last = number == len(segments) - 1
        assert str(read[TCP].flags) == (flags if last else "A")
        position += len(read[TCP].payload)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 40), st.integers(1, 1460), st.sampled_from(["A", "PA"]), st.integers(0, 255))
def test_segments_join_to_what_they_were(count: int, mss: int, flags: str, fill: int) -> None:
    header, packet = super_frame(bytes([fill]) * (count * mss), mss, flags=flags)
    rows = split(header, memoryview(packet))
    assert rows is not None
    frame = memoryview(bytearray(70000))
    size = join(rows, frame)
    assert bytes(frame[:10]) == header
    joined = bytes(frame[10:size])
    assert joined == packet, "the partial checksum too"
    assert sound_layers(completed(header, joined), LinkType.RAW) == {0, 1}


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [(1, 12, 9), (1, 21, 9), (1, 27, 9), (1, 31, 9), (0, 33, 0x18), (1, 33, 0x11), (1, 35, 9),
     (1, 45, 9), (0, 60, 9), (1, 37, 9), (1, 11, 9), (0, 6, 0x20), (0, 9, 17), (0, 0, 0x46)],
)  # fmt: skip
def test_what_does_not_belong_together_is_not_joined(row: int, column: int, value: int) -> None:
    header, packet = super_frame(b"\0" * 300, 100)
    rows = split(header, memoryview(packet))
    assert rows is not None
    rows[row, column] ^= value
    assert join(rows, memoryview(bytearray(70000))) == 0


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=10, max_size=10), st.binary(max_size=200))
def test_hostile_frames_are_left_alone(header: bytes, packet: bytes) -> None:
    split(header, memoryview(packet))
    if len(packet) > 4:
        rows = np.frombuffer(packet[: len(packet) // 2 * 2], np.uint8).reshape(2, -1)
        assert join(rows, memoryview(bytearray(70000))) == 0
