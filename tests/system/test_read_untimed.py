"""`tunscope read` on pcapng records without a time: Custom Blocks, simple packet blocks.

tshark is the judge.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HADRIELK = Path(__file__).parents[1] / "data" / "captures" / "hadrielk"
FILES = sorted(HADRIELK.glob("?e_*_test017.pcapng")) + sorted(
    HADRIELK.glob("?e_*_test[12]02.pcapng")
)
FIELDS = (
    *("frame.number", "frame.len", "frame.cap_len", "frame.cb_pen", "frame.cb_copy"),
    *("frame.encap_type", "frame.marked", "data.data", "data.len"),
    *("_ws.col.Protocol", "_ws.col.Source", "_ws.col.Destination", "_ws.col.Length"),
)
#: What a custom block has besides, and lacks; packets may differ here for other reasons.
OWN_FIELDS = ("frame.protocols", "frame.time_epoch", "frame.time_relative", "frame.time_delta")
OWN_FIELDS += ("frame.interface_id", "frame.offset_shift", "_ws.col.Time", "_ws.col.Info")
FILTERS = (
    *("frame.cb_pen", "frame.cb_pen == 36724", "frame.cb_copy == 0", "!frame.cb_copy"),
    *("data", "data.len == 60", 'frame.protocols == "data"', 'data contains "Custom"'),
    *("frame", "frame.len < 100", "ip", "!ip", "frame.encap_type", "!frame.time && !ip"),
    *("frame.interface_id == 0", "frame.interface_id", "frame.interface_name"),
)


def told(*command: str | Path, stdin: Path | None = None) -> list[str]:
    with (stdin or Path("/dev/null")).open("rb") as source:
        done = subprocess.run(command, stdin=source, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def tshark(path: Path, *options: str) -> list[str]:
    return told("tshark", "-n", "-r", path, *options)


def ours(path: Path | str, *options: str, stdin: Path | None = None) -> list[str]:
    return told(sys.executable, "-m", "tunscope", "read", path, *options, stdin=stdin)


def fields(*names: str) -> list[str]:
    return ["-T", "fields", *(word for name in names for word in ("-e", name))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_fields_are_tsharks(path: Path) -> None:
    options = fields(*FIELDS)
    assert ours(path, *options) == tshark(path, *options)
    options = ["-Y", "frame.cb_pen", *fields(*FIELDS, *OWN_FIELDS)]
    expected = tshark(path, *options)
    assert expected
    assert ours(path, *options) == expected
    assert ours("-", *options, stdin=path) == expected


@pytest.mark.parametrize("path", FILES[:2], ids=lambda path: path.name)
def test_lines_are_tsharks(path: Path) -> None:
    assert ours(path) == tshark(path)


@pytest.mark.parametrize("condition", FILTERS)
def test_filters_choose_what_tsharks_choose(condition: str) -> None:
    path = HADRIELK / "le_difficult_test202.pcapng"
    options = ["-Y", condition, *fields("frame.number")]
    expected = tshark(path, *options)
    assert ours(path, *options) == expected
    assert ours("-", *options, stdin=path) == expected


def test_what_cannot_be_saved_is_said(tmp_path: Path) -> None:
    path = HADRIELK / "le_basic_test017.pcapng"
    done = subprocess.run(
        [sys.executable, "-m", "tunscope", "read", path, "-w", tmp_path / "x.pcap"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "custom blocks, for which pcap has no place, left out: 4" in done.stderr
    assert tshark(tmp_path / "x.pcap") == []


@pytest.mark.parametrize("name", ["test010", "test011", "test012", "test016", "test100"])
def test_packets_without_a_time_are_saved_without_one(name: str, tmp_path: Path) -> None:
    (path,) = HADRIELK.glob(f"le_*_{name}.pcapng")
    out = tmp_path / "out.pcapng"
    ours(path, "-w", str(out))
    options = fields("frame.time_epoch", "frame.len", "frame.cap_len", "ip.id", "udp.checksum")
    expected = tshark(path, *options)
    assert any(line.startswith("\t") for line in expected)
    assert tshark(out, *options) == expected
    assert ours(out, *options) == expected


SIMPLE = HADRIELK / "be_basic_test011.pcapng"


@pytest.mark.parametrize("kind", ["r", "d", "e", "ud"])
def test_a_simple_packet_block_shows_no_time(kind: str) -> None:
    assert ours(SIMPLE, "-t", kind) == tshark(SIMPLE, "-t", kind)


@pytest.mark.parametrize("condition", ["frame.time", "!frame.time", "frame.time_epoch < 5"])
def test_a_simple_packet_block_has_no_time(condition: str) -> None:
    times = ("frame.time_epoch", "frame.time_relative", "frame.time_delta", "frame.offset_shift")
    options = ["-Y", condition, *fields("frame.number", *times)]
    expected = tshark(SIMPLE, *options)
    assert ours(SIMPLE, *options) == expected
    assert ours("-", *options, stdin=SIMPLE) == expected
