"""Super-frames cut and joined: scapy judges, and each is the inverse of the other."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP

from tunscope.engine.segments import Segmenter, join
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


SEGMENTER = Segmenter()  # one for all: what it kept of one frame must not matter to the next


def cut(header: bytes, packet: bytes) -> tuple[bytearray, int]:
    memory = bytearray(packet)  # payloads stay there
    found = SEGMENTER.split(header, memoryview(memory))
    assert found is not None
    return bytearray(b"".join(found.packets())), found.size


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
    data, size = cut(header, packet)
    segments = [bytes(data[at : at + size]) for at in range(0, len(data), size)]
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


def test_thousands_of_tiny_segments_hold_nobody_up() -> None:
    """A peer that announces the smallest maximum segment size decides how many there are."""
    header, packet = super_frame(bytes(range(256)) * 250, 8)
    begun = time.perf_counter()
    data, size = cut(header, packet)
    assert time.perf_counter() - begun < 0.5
    segments = [bytes(data[at : at + size]) for at in range(0, len(data), size)]
    assert len(segments) == 8000
    assert b"".join(one[-8:] for one in segments) == bytes(range(256)) * 250
    assert sound_layers(segments[-1], LinkType.RAW) == {0, 1}


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 40), st.integers(1, 1460), st.integers(0, 1459), st.sampled_from(["A", "PA"]),
    st.sampled_from([7, 0xFFFFFF00]), st.integers(0, 255),
)  # fmt: skip
def test_segments_join_to_what_they_were(
    count: int, mss: int, rest: int, flags: str, seq: int, fill: int
) -> None:
    payload = bytes([fill]) * (count * mss + rest % mss)
    header, packet = super_frame(payload, mss, flags=flags, seq=seq)
    data, size = cut(header, packet)
    frame = memoryview(bytearray(70000))
    length, used = join(memoryview(data), size, frame)
    assert used == len(data)
    assert bytes(frame[:10]) == header
    joined = bytes(frame[10:length])
    assert joined == packet, "the partial checksum too"
    assert sound_layers(completed(header, joined), LinkType.RAW) == {0, 1}


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [(1, 12, 9), (1, 21, 9), (1, 27, 9), (1, 31, 9), (0, 33, 0x18), (1, 33, 0x11), (1, 35, 9),
     (1, 45, 9), (0, 60, 9), (1, 37, 9), (1, 11, 9), (0, 6, 0x20), (0, 9, 17), (0, 0, 0x46)],
)  # fmt: skip
def test_what_does_not_belong_together_is_not_joined(row: int, column: int, value: int) -> None:
    header, packet = super_frame(b"\0" * 200, 100)
    data, size = cut(header, packet)
    data[row * size + column] ^= value
    assert join(memoryview(data), size, memoryview(bytearray(70000))) == (0, 0)


@pytest.mark.parametrize(
    ("column", "value"), [(13, 9), (24, 9), (29, 9), (33, 1), (35, 9), (45, 9)]
)
@pytest.mark.parametrize("odd", [2, 4, 5])
def test_joining_ends_before_what_does_not_belong(odd: int, column: int, value: int) -> None:
    header, packet = super_frame(b"\0" * 560, 100)  # the sixth is shorter
    data, size = cut(header, packet)
    data[odd * size + column] ^= value
    frame = memoryview(bytearray(70000))
    length, used = join(memoryview(data), size, frame)
    assert used == odd * size
    assert length == 10 + 52 + odd * 100


def test_joining_ends_with_a_push() -> None:
    first, second = super_frame(b"a" * 300, 100, flags="PA"), super_frame(b"b" * 300, 100, seq=307)
    pushed, size = cut(*first)
    data = pushed + cut(*second)[0]
    frame = memoryview(bytearray(70000))
    assert join(memoryview(data), size, frame) == (10 + 52 + 300, 3 * size)
    assert frame[10 + 33] == 0x18


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=10, max_size=10), st.binary(max_size=200))
def test_hostile_frames_are_left_alone(header: bytes, packet: bytes) -> None:
    SEGMENTER.split(header, memoryview(packet))
    if len(packet) > 4:
        size = len(packet) // 2
        assert join(memoryview(packet), size, memoryview(bytearray(70000))) == (0, 0)
