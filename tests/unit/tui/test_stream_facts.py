"""Fields of a packet's conversation in the field tree, beside tshark's."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tunscope.dissect import FieldNode, field_tree
from tunscope.index.capture import CaptureIndex
from tunscope.index.opening import open_source
from tunscope.tui import stream_facts
from tunscope.tui.stream_facts import StreamFacts

DATA = Path(__file__).parents[2] / "data"
CAPTURES = ("browser_tap.pcapng", "captures/scapy/test_pcaps_http_content_length.pcap")
FIELDS = (
    "tcp.stream", "tcp.seq", "tcp.ack", "tcp.nxtseq", "tcp.window_size",
    "tcp.window_size_scalefactor", "tcp.time_relative", "tcp.time_delta",
    "tcp.analysis.acks_frame", "tcp.analysis.ack_rtt", "tcp.analysis.bytes_in_flight",
    "udp.stream", "udp.time_relative", "udp.time_delta",
)  # fmt: skip


@pytest.fixture(params=CAPTURES)
def capture(request: pytest.FixtureRequest) -> Iterator[CaptureIndex]:
    index = CaptureIndex(open_source(DATA / request.param))
    index.start()
    assert index.wait(30)
    yield index
    index.stop()


def expected(capture: CaptureIndex) -> list[list[str]]:
    command = ["tshark", "-n", "-r", capture.source.name, "-T", "fields", "-E", "occurrence=f"]
    command += [word for name in FIELDS for word in ("-e", name)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def nodes(root: FieldNode) -> Iterator[FieldNode]:
    for child in root.children:
        yield child
        yield from nodes(child)


def values(root: FieldNode) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in nodes(root):
        found.setdefault(node.name, node.value)
    return found


def is_quoting(root: FieldNode) -> bool:
    return any(node.name.startswith("icmp") for node in nodes(root))


def test_the_tree_has_tsharks_streams_and_relative_numbers(capture: CaptureIndex) -> None:
    facts = StreamFacts(capture)
    compared = 0
    for number, row in enumerate(expected(capture), 1):
        record = capture.record(number)
        root = field_tree(record, facts.of(number, record))
        if not is_quoting(root):
            found = values(root)
            assert [found.get(name, "") for name in FIELDS] == row, number
            compared += any(row)
    assert compared > 10


def test_packets_may_be_looked_at_in_any_order(capture: CaptureIndex) -> None:
    facts, fresh = StreamFacts(capture), StreamFacts(capture)
    numbers = range(1, capture.count + 1)
    forward = {number: dict(facts.of(number, capture.record(number))) for number in numbers}
    for number in reversed(numbers):
        assert dict(fresh.of(number, capture.record(number))) == forward[number]


def test_a_long_conversation_still_has_its_relative_numbers(
    capture: CaptureIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, short = StreamFacts(capture), StreamFacts(capture)
    for number in range(1, capture.count + 1):
        record = capture.record(number)
        monkeypatch.setattr(stream_facts, "_FOLLOWED", 400)
        known = whole.of(number, record)
        monkeypatch.setattr(stream_facts, "_FOLLOWED", 0)
        told = short.of(number, record)
        assert set(told) <= {"tcp.stream", "udp.stream", "tcp.seq", "tcp.ack"}
        assert all(known[name] == value for name, value in told.items() if name != "tcp.ack")
