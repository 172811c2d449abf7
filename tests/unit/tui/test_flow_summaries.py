"""Info of TCP packets looked at in any order: tshark judges, with its own pass over the capture."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP
from scapy.packet import Raw
from scapy.utils import wrpcap

from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.tui import flow_summaries
from tunscope.tui.flow_summaries import FlowSummaries


@pytest.fixture
def capture_file(tmp_path: Path) -> Path:
    """Three connections, interleaved, with window scaling, a retransmission and duplicate ACKs."""
    packets = []
    for port in (1001, 1002, 1003):
        ends = {"sport": port, "dport": 80}, {"sport": 80, "dport": port}
        out, back = (
            IP(src="10.9.0.1", dst="10.9.0.2") / TCP(**ends[0]),
            IP(src="10.9.0.2", dst="10.9.0.1") / TCP(**ends[1]),
        )
        one, two = port * 1000, port * 2000
        scale = [("WScale", 7)]
        script = [
            (out, "S", one, 0, b"", scale),
            (back, "SA", two, one + 1, b"", scale),
            (out, "A", one + 1, two + 1, b"", []),
            (out, "PA", one + 1, two + 1, b"x" * 100, []),
            (out, "PA", one + 201, two + 1, b"y" * 100, []),
            (back, "A", two + 1, one + 101, b"", []),
            (back, "A", two + 1, one + 101, b"", []),
            (out, "PA", one + 101, two + 1, b"z" * 100, []),
            (back, "A", two + 1, one + 301, b"", []),
        ]
        for packet, flags, seq, ack, data, options in script:
            made = packet.copy()
            made[TCP].flags, made[TCP].seq, made[TCP].ack = flags, seq, ack
            made[TCP].window, made[TCP].options = 501, options
            packets.append((port, made / Raw(data) if data else made))
    order = sorted(range(len(packets)), key=lambda i: (i % 9, packets[i][0]))
    chosen = [packets[i][1] for i in order]
    for index, packet in enumerate(chosen):
        packet.time = 1_700_000_000 + index * 0.01
    file = tmp_path / "x.pcap"
    wrpcap(str(file), chosen)
    return file


def infos_of_tshark(file: Path) -> list[str]:
    return subprocess.run(
        ["tshark", "-n", "-o", "tcp.desegment_tcp_streams:FALSE", "-r", file,
         "-T", "fields", "-e", "_ws.col.Info"],
        check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip


def infos(file: Path) -> list[str]:
    index = CaptureIndex(FileSource(file))
    index.start()
    assert index.wait(10)
    try:
        summaries = FlowSummaries(index)
        numbers = list(range(1, index.count + 1))
        random.Random(5).shuffle(numbers)
        found = {}
        for number in numbers:
            summary, settled = summaries.glance(number, index.record(number))
            if not settled:
                assert summaries.settle(number)
                summary, settled = summaries.glance(number, index.record(number))
            assert settled
            found[number] = summary.info
    finally:
        index.stop()
    return [found[n] for n in sorted(found)]


def test_info_is_what_a_pass_over_the_whole_capture_gives(capture_file: Path) -> None:
    wanted = infos_of_tshark(capture_file)
    assert infos(capture_file) == wanted
    assert any("Retransmission" in info or "Out-Of-Order" in info for info in wanted)
    assert any("Dup ACK" in info for info in wanted)


def test_of_a_long_conversation_numbers_and_window_are_right(
    capture_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow_summaries, "_FOLLOWED", 4)
    monkeypatch.setattr(flow_summaries, "_BEGINNING", 2)
    plain = [info for info in infos_of_tshark(capture_file) if not info.startswith("[")]
    assert set(plain) <= set(infos(capture_file))


def test_a_conversation_is_read_in_pieces_as_time_allows(capture_file: Path) -> None:
    index = CaptureIndex(FileSource(capture_file))
    index.start()
    assert index.wait(10)
    try:
        summaries = FlowSummaries(index)
        last = index.count
        record = index.record(last)
        rough, settled = summaries.glance(last, record)
        assert not settled
        assert "Seq=1 Ack=301" in rough.info  # relative from the start, the window not yet scaled
        assert not summaries.settle(last, until=0.0)
        assert summaries.settle(last)
        final, settled = summaries.glance(last, record)
        assert settled
        assert "Win=64128" in final.info
    finally:
        index.stop()
