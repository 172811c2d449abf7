"""Bytes that want to break the reader: summaries never raise and never leave one line."""

from __future__ import annotations

import random
import time
from functools import cache

import pytest
import summary_headers as headers
import summary_traffic as traffic
from hypothesis import given, settings
from hypothesis import strategies as st

from tunscope.packet.record import PacketRecord
from tunscope.summary import FlowHints, Summary, summarize
from tunscope.summary.conversation import MAX_REMEMBERED, ConversationTracker
from tunscope.summary.packet_summary import MAX_INFO
from tunscope.summary.registry import LINK_TYPES


@cache
def whole_packets() -> list[PacketRecord]:
    return [
        *headers.icmpv6(),
        *headers.fragments(),
        *(packet for packets in traffic.everything() for packet in packets),
    ]


PLACES = st.deferred(lambda: st.integers(0, len(whole_packets()) - 1))
LINKTYPES = st.sampled_from([*sorted(LINK_TYPES), 9999])


def safe(summary: Summary) -> None:
    for text in (summary.source, summary.destination, summary.protocol, summary.info):
        assert text.isprintable()
        text.encode("utf-8")
    assert len(summary.info) <= 8 * MAX_INFO


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=300), LINKTYPES, st.integers(0, 400))
def test_any_bytes_give_a_printable_line(data: bytes, linktype: int, more: int) -> None:
    safe(summarize(PacketRecord(data, 0, len(data) + more, linktype)))


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False), PLACES)
def test_damaged_packets_give_a_printable_line(chance: random.Random, index: int) -> None:
    whole = whole_packets()[index]
    data = bytearray(whole.data)
    for _ in range(chance.randrange(1, 6)):
        data[chance.randrange(len(data))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, 0x1B, 0x0A))
    cut = bytes(data[: chance.randrange(len(data) + 1)])
    for size in (len(cut), whole.origlen):
        packet = PacketRecord(cut, 0, max(size, len(cut)), whole.linktype)
        safe(summarize(packet))
        safe(ConversationTracker().summarize(packet))


@settings(max_examples=100, deadline=None)
@given(
    PLACES,
    st.builds(
        FlowHints,
        sequence_base=st.none() | st.integers(0, 2**32 - 1),
        acknowledgment_base=st.none() | st.integers(0, 2**32 - 1),
        window_shift=st.none() | st.integers(0, 14),
        analysis=st.tuples(st.sampled_from(["TCP Retransmission", "TCP Dup ACK 1#2"])),
        application=st.sampled_from(["", "HTTP", "TLS", "SSH", "nonsense"]),
        version=st.sampled_from(["", "TLSv1.3", "SSHv2"]),
        request=st.none() | st.integers(1, 10**9),
    ),
)
def test_any_hints_are_taken(index: int, hints: FlowHints) -> None:
    safe(summarize(whole_packets()[index], hints))


def test_control_characters_of_a_name_are_spelled_out() -> None:
    question = traffic.name(b"\x1b[2Jevil\r\n", b"com") + b"\x00\x01\x00\x01"
    body = traffic.message(1, 0x0100, question)
    (packet,) = headers.records(traffic.udp(53, body))
    assert summarize(packet).info == r"Standard query 0x0001 A \x1b[2Jevil\x0d\x0a.com"


@pytest.mark.parametrize(
    "data",
    [
        bytes.fromhex("020000000002020000000001") + b"\x81\x00\x00\x05" * 16_000,
        bytes.fromhex("020000000002020000000001") + b"\x88\x47" + bytes(64_000),
        bytes.fromhex("020000000002020000000001") + b"\x86\xdd" + b"\x60" + bytes(60_000),
    ],
    ids=["tags", "labels", "extension headers"],
)
def test_endless_nesting_ends_soon(data: bytes) -> None:
    begun = time.monotonic()
    safe(summarize(PacketRecord(data, 0, len(data), 1)))
    assert time.monotonic() - begun < 1


def test_tunnels_in_tunnels_end_soon() -> None:
    inner = b"\x45" + b"\x00\x00\x00" + bytes(4) + b"\x40\x04" + bytes(10)
    data = inner * 3000
    begun = time.monotonic()
    safe(summarize(PacketRecord(data, 0, len(data), 101)))
    assert time.monotonic() - begun < 1


def test_a_tracker_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_REMEMBERED > 10_000
    monkeypatch.setattr("tunscope.summary.conversation.MAX_REMEMBERED", 50)
    tracker = ConversationTracker()
    for packet in headers.tcp():
        tracker.summarize(packet)
    assert len(tracker._connections) <= 50
    assert len(tracker._conversations) <= 50
