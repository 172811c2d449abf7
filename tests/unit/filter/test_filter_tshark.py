"""Header filters, judged by tshark: the same packets, exactly, in both ways of evaluating."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from filter_judge import (
    OPTIONS,
    PATHS,
    FilterAgreement,
    columnar_verdicts,
    filters_in,
    streamed_verdicts,
    tshark_verdicts,
)
from filter_packets import made_captures

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "data"
FILTERS = filters_in(HERE / "header_filters.txt")
#: Captures of others that tshark and tunscope both read from end to end. Those of the pcapng test
#: set are asked in one byte order; their packets are alike.
FOREIGN = sorted(
    path
    for pattern in ("*.pcapng", "captures/libpcap/tests_filter_*", "captures/scapy/*http*",
                    "captures/hadrielk/le_*")
    for path in DATA.glob(pattern)
)  # fmt: skip
Recorder = Callable[[str, object], None]


def require(agreement: FilterAgreement, record_property: Recorder) -> None:
    record_property("judge's table", agreement.table())
    assert not agreement.differences, "\n".join(agreement.differences[:30])


def test_captures_made_for_every_header_pass_as_in_tshark(
    tmp_path: Path, record_property: Recorder
) -> None:
    agreement = FilterAgreement()
    for capture in made_captures(tmp_path):
        agreement.judge(capture, FILTERS, tmp_path)
    assert len(agreement.telling) >= 450
    require(agreement, record_property)


@pytest.mark.timeout(300)
def test_captures_of_others_pass_as_in_tshark(tmp_path: Path, record_property: Recorder) -> None:
    agreement = FilterAgreement()
    for capture in FOREIGN:
        agreement.judge(capture, FILTERS, tmp_path)
    assert agreement.captures >= 40
    require(agreement, record_property)


@pytest.mark.parametrize(
    "text", ["ip.addr == 192.168.1.1", "icmp", "tcp.port != 80", "len(ip) == 20", "frame[14] == 45"]
)
def test_the_taps_of_the_judge_say_what_its_own_display_filter_says(
    text: str, tmp_path: Path
) -> None:
    for capture in made_captures(tmp_path):
        command = ["tshark", *OPTIONS, "-r", str(capture), "-Y", text]
        command += ["-T", "fields", "-e", "frame.number"]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        shown = frozenset(map(int, done.stdout.split()))
        verdicts, asked = tshark_verdicts(capture, [text], tmp_path)
        assert verdicts == [shown & asked]
        for evaluate in PATHS.values():
            assert evaluate(capture, [text]) == [shown]


def test_both_ways_agree_on_quotes_that_break_off(tmp_path: Path) -> None:
    cut = next(path for path in made_captures(tmp_path) if path.name == "cut.pcap")
    assert streamed_verdicts(cut, FILTERS) == columnar_verdicts(cut, FILTERS)
