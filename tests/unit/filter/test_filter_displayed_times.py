"""Times since other packets, judged by tshark's own display filter over custom blocks."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from filter_judge import FilterAgreement
from filter_packets import _block, _option

START_NS = 1_600_000_000 * 10**9
PACKET = bytes.fromhex("4500001400000000401100000a0000010a000002")
CUSTOM = _block(0xBAD, struct.pack("<I", 32473) + b"data")


def _packet(milliseconds: int, data: bytes = PACKET) -> bytes:
    times = divmod(START_NS + milliseconds * 10**6, 1 << 32)
    head = struct.pack("<IIIII", 0, *times, len(data), len(data))
    return _block(6, head + data + bytes(-len(data) % 4))


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Packets with times, packets without, and custom blocks among them, one in front."""
    simple = _block(3, struct.pack("<I", len(PACKET)) + PACKET)
    blocks = [
        _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)),
        _block(1, struct.pack("<HHI", 101, 0, 0) + _option(9, b"\x09")),
        CUSTOM, _packet(0), CUSTOM, CUSTOM, _packet(500), _packet(1000, PACKET + b"x"), simple,
        _packet(2000), CUSTOM, simple, _packet(3000), _packet(3500), _packet(3600, PACKET + b"y"),
        _packet(3650), CUSTOM, CUSTOM, _packet(3900), _packet(3950),
    ]  # fmt: skip
    path = tmp_path / "custom.pcapng"
    path.write_bytes(b"".join(blocks))
    return path


def test_times_since_the_packet_before_pass_over_custom_blocks(
    capture: Path, tmp_path: Path
) -> None:
    agreement = FilterAgreement()
    filters = [
        "frame.time_delta == 0.5",
        "frame.time_delta > 1",
        "frame.time_delta - 0.05 == 0",
        "frame.time_delta < 0.3 && ip",
        "frame.time_relative > 1600000001",
        "tcp or frame.time_delta == 0.25",
    ]
    agreement.judge(capture, filters, tmp_path)
    assert not agreement.differences, "\n".join(agreement.differences)


@pytest.mark.parametrize(
    "text",
    [
        "frame.time_delta_displayed == 0 || frame.time_delta_displayed >= 0.2",
        "frame.len == 20 && frame.time_delta_displayed < 2",
        "frame.time_delta_displayed == 0",
        "ip",
        "frame",
    ],
)
def test_times_since_the_packet_displayed_before_depend_on_the_filter(
    text: str, capture: Path
) -> None:
    fields = ["-T", "fields", "-e", "frame.number", "-e", "frame.time_delta_displayed"]
    judged = subprocess.run(
        ["tshark", "-n", "-r", str(capture), "-Y", text, *fields], capture_output=True, check=True
    )
    expected = [line.split(b"\t") for line in judged.stdout.splitlines()]
    assert expected
    command = [sys.executable, "-m", "tunscope", "read", "-Y", text, *fields]
    indexed = subprocess.run([*command, str(capture)], capture_output=True, check=True)
    with capture.open("rb") as source:
        streamed = subprocess.run([*command, "-"], stdin=source, capture_output=True, check=True)
    for ours in (indexed, streamed):
        assert [line.split(b"\t") for line in ours.stdout.splitlines()] == expected
