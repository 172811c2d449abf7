"""Any bytes end in a tree: in bounds, in time, and harmless to a terminal."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator

import pytest
from crafted import all_packets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunscope.dissect import FieldNode, field_tree
from tunscope.dissect.tree import MAX_FIELDS
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord

PACKETS = all_packets()
#: Seconds a packet may take, on a machine that does other things as well.
PATIENCE = 5.0
#: A note or two stand beside the fields.
NODES = MAX_FIELDS + 200


def record(data: bytes, linktype: int = 1, *, missing: int = 0) -> PacketRecord:
    return PacketRecord(data, 1_700_000_000_000_000_000, len(data) + missing, linktype)


def nodes(root: FieldNode) -> Iterator[FieldNode]:
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(node.children)


def check(packet: PacketRecord) -> FieldNode:
    """Decode a packet and check what is promised of every tree."""
    begun = time.monotonic()
    root = field_tree(packet)
    assert time.monotonic() - begun < PATIENCE
    count = 0
    for node in nodes(root):
        count += 1
        assert 0 <= node.start <= node.stop <= packet.caplen
        assert node.label.isprintable(), node
        assert node.value.isprintable(), node
        assert node.name.isprintable(), node
    assert count <= NODES
    return root


def names(root: FieldNode) -> set[str]:
    return {node.name for node in nodes(root)}


link_types = st.one_of(st.sampled_from([int(kind) for kind in LinkType]), st.integers(0, 65535))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400), link_types, st.integers(0, 2000))
def test_random_bytes_of_any_link_type_give_a_tree(data: bytes, kind: int, missing: int) -> None:
    check(record(data, kind, missing=missing))


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(PACKETS),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=8),
    st.integers(0, 300),
    st.integers(0, 400),
)
def test_damaged_packets_give_a_tree(
    packet: bytes, changes: list[tuple[int, int]], cut: int, missing: int
) -> None:
    damaged = bytearray(packet)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    check(record(bytes(damaged[: max(len(damaged) - cut, 0)]), missing=missing))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([53, 67, 69, 123, 137, 138, 161, 500, 520, 546, 1701, 1812, 1985, 2055, 2152,
                     3784, 4789, 5353, 5683, 6081, 8805]),
    st.binary(max_size=300),
)  # fmt: skip
def test_random_datagrams_to_known_ports_give_a_tree(port: int, payload: bytes) -> None:
    check(record(datagram(port, payload), LinkType.RAW))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([2, 50, 51, 88, 89, 103, 112, 132]), st.binary(max_size=300))
def test_random_bytes_of_known_ip_protocols_give_a_tree(protocol: int, payload: bytes) -> None:
    check(record(ip(protocol, payload), LinkType.RAW))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([53, 80, 139, 179, 443, 445, 502, 1723, 1883]),
    st.sampled_from([b"", b"\x16\x03\x01", b"GET ", b"HTTP/1.1 200 "]),
    st.binary(max_size=300),
)
def test_random_segments_to_known_ports_give_a_tree(port: int, head: bytes, tail: bytes) -> None:
    header = struct.pack(">HHIIBBHHH", 40000, port, 1, 2, 0x50, 0x18, 100, 0, 0)
    check(record(ip(6, header + head + tail), LinkType.RAW))


def ip(protocol: int, payload: bytes) -> bytes:
    total = 20 + len(payload)
    head = struct.pack(">BBHHHBBH", 0x45, 0, total, 1, 0, 64, protocol, 0)
    return head + bytes([10, 9, 0, 1, 10, 9, 0, 2]) + payload


def datagram(port: int, payload: bytes) -> bytes:
    return ip(17, struct.pack(">HHHH", 40000, port, 8 + len(payload), 0) + payload)


@pytest.mark.parametrize("packet", PACKETS[::7], ids=str)
def test_a_packet_cut_anywhere_says_so_and_stays_in_bounds(packet: bytes) -> None:
    for size in range(len(packet)):
        root = check(record(packet[:size], missing=len(packet) - size))
        assert root.stop == size
    # Behind the headers there is only data, which is cut without a word.
    assert "_ws.short" in names(check(record(packet[:13], missing=len(packet) - 13)))


def test_a_cut_packet_keeps_the_fields_before_the_cut() -> None:
    packet = next(data for data in PACKETS if b"ns\x07example\x03com" in data)
    size = len(packet) - 5
    root = check(record(packet[:size], missing=5))
    assert {"ip.ttl", "udp.dstport", "dns.id"} <= names(root)
    short = [node.label for node in nodes(root) if node.name == "_ws.short"]
    assert short == ["[Packet size limited during capture: DNS truncated]"]


def test_a_lying_header_ends_in_a_malformed_note() -> None:
    message = struct.pack(">HHHHHH", 1, 0x0100, 9, 0, 0, 0) + b"\x03abc"
    root = check(record(datagram(53, message), LinkType.RAW))
    malformed = [node for node in nodes(root) if node.name == "_ws.malformed"]
    assert [node.label for node in malformed] == ["[Malformed Packet: DNS]"]
    assert "dns.count.queries" in names(root)


@pytest.mark.parametrize(
    "data",
    [
        ip(4, b"")[:20] * 3000,
        b"".join(struct.pack(">H", kind) for kind in [0x0800] * 7) + b"\x81\x00\x00\x05" * 16000,
        bytes(12) + b"\x88\x47" + bytes(65000),
        datagram(53, struct.pack(">HHHHHH", 1, 0x8000, 0, 65535, 0, 0) + b"\xc0\x0c" * 32000),
        datagram(53, struct.pack(">HHHHHH", 1, 0x8000, 65535, 0, 0, 0) + bytes(65000)),
        datagram(
            53, struct.pack(">HHHHHH", 1, 0x8000, 65535, 0, 0, 0) + b"\x01a\x00\0\1\0\1" * 9000
        ),
        datagram(67, bytes(236) + b"\x63\x82\x53\x63" + b"\x0c\x01a" * 20000),
        datagram(161, b"\x30\x84\xff\xff\xff\xff" * 10000),
        datagram(161, b"\x30\x80" * 30000),
        datagram(1812, bytes(20) + b"\x01\x02" * 30000),
        ip(132, bytes(12) + b"\x00\x00\x00\x04" * 16000),
        bytes([0x60, 0, 0, 0, 0xFF, 0xFF, 0, 64]) + bytes(32) + b"\0\0\1\4\0\0\0\0" * 8000,
    ],
    ids=lambda data: f"{len(data)} bytes",
)
@pytest.mark.parametrize("kind", [LinkType.ETHERNET, LinkType.RAW])
def test_packets_made_to_cost_time_do_not(data: bytes, kind: int) -> None:
    check(record(data, kind))


def test_control_characters_of_a_packet_are_shown_not_sent() -> None:
    name = b"\x06\x1b[31mx\x00"
    message = struct.pack(">HHHHHH", 1, 0x0100, 1, 0, 0, 0) + name + b"\0\1\0\1"
    root = check(record(datagram(53, message), LinkType.RAW))
    assert any(node.value == "\\x1b[31mx" for node in nodes(root))
