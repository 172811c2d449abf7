"""What only conversations know, by every way that `tunscope read` takes packets; tshark judges."""

from __future__ import annotations

import json
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tunscope.capfile.reader import open_capture
from tunscope.packet.record import PacketRecord

DATA = Path(__file__).parents[1] / "data"
TSHARK = (
    "tshark", "-n", "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE",
    "-o", "tcp.desegment_tcp_streams:FALSE",
)  # fmt: skip
TUNSCOPE = (sys.executable, "-m", "tunscope", "read")
FIELDS = (
    "frame.number", "tcp.stream", "tcp.seq", "tcp.ack", "tcp.nxtseq",
    "tcp.window_size", "tcp.window_size_scalefactor", "tcp.time_relative", "tcp.time_delta",
    "tcp.completeness", "tcp.analysis.flags", "tcp.analysis.retransmission",
    "tcp.analysis.out_of_order", "tcp.analysis.lost_segment", "tcp.analysis.ack_lost_segment",
    "tcp.analysis.duplicate_ack_num", "tcp.analysis.bytes_in_flight", "tcp.analysis.acks_frame",
    "tcp.analysis.ack_rtt", "tcp.analysis.initial_rtt", "udp.stream", "udp.time_relative",
    "udp.time_delta", "http.request.method",
)  # fmt: skip
FILTERS = (
    "tcp.stream == 1",
    "tcp.analysis.flags",
    "tcp.analysis.retransmission or udp.stream == 2",
    "tcp.seq == 1 && tcp.len > 0",
    "tcp.ack > 400",
    "udp",
)


def told(*words: object, stdin: Path | None = None) -> list[str]:
    with (stdin or Path("/dev/null")).open("rb") as source:
        done = subprocess.run(
            [str(word) for word in words], stdin=source, capture_output=True, text=True, check=True
        )
    return done.stdout.splitlines()


def fields(*names: str) -> list[str]:
    return ["-T", "fields", *(word for name in names for word in ("-e", name))]


def write(path: Path, records: list[PacketRecord]) -> None:
    with path.open("wb") as stream:
        stream.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for packet in records:
            times = divmod(packet.ts_ns, 10**9)
            stream.write(struct.pack("<IIII", *times, packet.caplen, packet.origlen))
            stream.write(packet.data)


@pytest.fixture(scope="module")
def disordered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """HTTP connections, DNS and more, with packets lost, repeated and out of order.

    Handshakes are left as they are.
    """
    rng = random.Random(4)
    records: list[PacketRecord] = []
    for source in ("captures/scapy/test_pcaps_http_content_length.pcap", "browser_tap.pcapng"):
        with open_capture(DATA / source) as reader:
            records += reader
    chosen = []
    for place, record in enumerate(records):
        if record.caplen <= 78 or rng.random() > 0.3:
            chosen.append((float(place), record))
        elif rng.random() > 0.2:
            chosen.append((place + rng.choice((0, 2.5, 6.5)), record))
            chosen.append((place + rng.choice((4.2, 9.2)), record))
    chosen.sort(key=lambda one: one[0])
    path = tmp_path_factory.mktemp("conversations") / "disordered.pcap"
    write(
        path,
        [
            PacketRecord(record.data, number * 1_234_567, record.origlen, 1)
            for number, (_, record) in enumerate(chosen, 1)
        ],
    )
    return path


def test_fields_of_conversations_are_tsharks_in_files_and_pipes(disordered: Path) -> None:
    expected = told(*TSHARK, "-r", disordered, *fields(*FIELDS))
    found = told(*TUNSCOPE, disordered, *fields(*FIELDS))
    assert len({line.split("\t")[1] for line in expected}) > 3
    different = [pair for pair in zip(found, expected, strict=True) if pair[0] != pair[1]]
    assert len(different) <= len(expected) // 100, different[:5]
    assert told(*TUNSCOPE, "-", *fields(*FIELDS), stdin=disordered) == found


@pytest.mark.parametrize("expression", FILTERS)
def test_a_filter_changes_no_field_of_what_passes(expression: str, disordered: Path) -> None:
    numbers = told(*TSHARK, "-r", disordered, "-Y", expression, *fields("frame.number"))
    assert numbers
    whole = {line.split("\t")[0]: line for line in told(*TUNSCOPE, disordered, *fields(*FIELDS))}
    passing = told(*TUNSCOPE, disordered, "-Y", expression, *fields(*FIELDS))
    assert [line.split("\t")[0] for line in passing] == numbers
    assert passing == [whole[number] for number in numbers]
    piped = told(*TUNSCOPE, "-", "-Y", expression, *fields(*FIELDS), stdin=disordered)
    assert piped == passing
    first = told(*TUNSCOPE, disordered, "-Y", expression, "-c", "60", *fields(*FIELDS))
    assert first == [line for line in passing if int(line.split("\t")[0]) <= 60]


def test_conversations_go_on_from_file_to_file(disordered: Path, tmp_path: Path) -> None:
    told("editcap", "-F", "nsecpcap", "-c", "70", disordered, tmp_path / "part.pcap")
    whole = told(*TUNSCOPE, disordered, *fields(*FIELDS))
    assert told(*TUNSCOPE, tmp_path, *fields(*FIELDS)) == whole
    expression = "tcp.analysis.flags"
    passing = told(*TUNSCOPE, tmp_path, "-Y", expression, *fields("tcp.stream", "tcp.seq"))
    assert passing == told(
        *TUNSCOPE, disordered, "-Y", expression, *fields("tcp.stream", "tcp.seq")
    )


def test_json_has_relative_numbers_and_streams(disordered: Path) -> None:
    packets = json.loads("\n".join(told(*TUNSCOPE, disordered, "-Y", "tcp", "-T", "json")))
    rows = told(*TSHARK, "-r", disordered, "-Y", "tcp", *fields("tcp.stream", "tcp.seq"))
    layers = [packet["_source"]["layers"]["tcp"] for packet in packets]
    assert [f"{tcp['tcp.stream']}\t{tcp['tcp.seq']}" for tcp in layers] == rows
