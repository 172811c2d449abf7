"""Wrong filters: refused where tshark refuses, with one line and a caret under the mistake."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from filter_judge import compiled, filters_in, tshark_verdicts
from filter_packets import made_captures

from tunscope.filter.compiled import compile_filter
from tunscope.filter.errors import FilterError

WRONG = filters_in(Path(__file__).with_name("wrong_filters.txt"))
#: Filters that look wrong and are none.
ODD = [
    "tcp.port == -1",
    "tcp in {80}",
    "{tcp}",
    "ip.src in {10.0.0.0/8 .. 11.0.0.0/8}",
    "tcp.port !in {1}",
    "tcp.flags & 0x12 == 0x12",
    "not not not ip",
    'frame contains "\\x41\\101A"',
    'frame matches r"\\d\\x41"',
    "tcp.payload[0] == '\\x0a'",
    "tcp.port in {1..3,5 .. 9 , 11}",
    "\tip\n&& tcp ",
    'ip.proto == "tcp"',
    "frame[0:2,4-5,-1:] == 01:02",
    ".ip.src==10.0.0.1",
    "ip.src#2 == 10.0.0.1",
    "ip.src == ${ip.src}",
]


def error_of(text: str) -> FilterError:
    with pytest.raises(FilterError) as caught:
        compile_filter(text)
    return caught.value


def test_filters_are_accepted_and_refused_as_by_tshark(tmp_path: Path) -> None:
    assert len(WRONG) >= 200
    capture = made_captures(tmp_path)[0]
    verdicts, _ = tshark_verdicts(capture, WRONG + ODD, tmp_path)
    accepted = [text for text, one in zip(WRONG + ODD, verdicts, strict=True) if one is not None]
    assert accepted == ODD
    assert [text for text in WRONG + ODD if compiled(text) is not None] == accepted


@pytest.mark.parametrize("text", WRONG)
def test_an_error_is_one_line_with_a_caret_within_the_filter(text: str) -> None:
    error = error_of(text)
    assert "\n" not in str(error)
    assert 0 <= error.span.start <= error.span.stop <= len(text)
    line, caret = error.caret().split("\n")
    assert len(line) == len(text)
    assert caret.strip(" ~") == "^"
    assert caret.index("^") == error.span.start == error.column - 1


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("ip and tcp.prot == 80", "tcp.prot"),
        ("tcp.port == 65536 and ip", "65536"),
        ("ip.addr == 300.1.1.1", "300.1.1.1"),
        ('tcp.port == "80"', '"80"'),
        ("tcp and and udp", "and"),
        ("tcp) or udp", ")"),
        ("frame[0:0] == 1", "0:0"),
        ('frame matches "("', '"("'),
        ("eth.addr == 02:00:00:00:00", "02:00:00:00:00"),
        ("nosuch(ip.src) == 1", "nosuch"),
        ("tcp.port in {80 443}", "443"),
        ("frame.time > 5", "5"),
        ("ip.src == tcp.port", "tcp.port"),
        ("tcp & 1", "tcp"),
        ("TCP", "TCP"),
    ],
)
def test_the_caret_stands_under_the_mistake(text: str, mistake: str) -> None:
    span = error_of(text).span
    assert text[span.start : span.stop] == mistake


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("tcp.prot == 80", "tcp.port"),
        ("ip.sorce == 1.2.3.4", "ip.src"),
        ("TCP", "tcp"),
        ("udp.prt == 53", "udp.port"),
        ("tcp.flag.syn", "tcp.flags.syn"),
        ("eth.adr == ff:ff:ff:ff:ff:ff", "eth.addr"),
        ("IP.SRC == 10.0.0.1", "ip.src"),
        ("icmp.typ == 8", "icmp.type"),
    ],
)
def test_a_misspelt_field_brings_the_one_that_was_meant(text: str, meant: str) -> None:
    if text.startswith("ip.sorce"):
        assert "did you mean ip." in error_of(text).hint
    else:
        assert error_of(text).hint == f"did you mean {meant}?"


def test_the_command_line_shows_the_caret_and_exits_with_2(tmp_path: Path) -> None:
    capture = made_captures(tmp_path)[0]
    command = [sys.executable, "-m", "tunscope", "read", str(capture)]
    command += ["-Y", "ip and tcp.prot == 80"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    message, line, caret = done.stderr.splitlines()
    assert message.startswith('tunscope: display filter: "tcp.prot" is neither')
    assert message.endswith("(did you mean tcp.port?)")
    assert (line, caret) == ("ip and tcp.prot == 80", "       ^~~~~~~~")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "!" * 100_000,
        "!" * 100_001 + "ip",
        "{" * 100_000 + "1",
        "max(" * 50_000,
        "tcp.port " + "+ 1 " * 50_000,
        "frame" + "[0:1]" * 50_000,
        " or ".join(["tcp.port == 80"] * 5_000),
        " and ".join(["not ip"] * 5_000),
        "tcp.port in {" + ",".join(["1..2"] * 5_000) + "}",
        "tcp.port == " + "9" * 100_000,
        'frame contains "' + "A" * 1_000_000 + '"',
        'frame matches "' + "(" * 50_000 + '"',
    ],
    ids=lambda text: text[:12],
)
def test_huge_and_deep_filters_neither_crash_nor_hang(text: str) -> None:
    with suppress(FilterError):
        compile_filter(text)


@pytest.mark.parametrize("text", ["ip == \x1b[31m", "tcp.port == 8\x000", "\u202eip", "\udcff"])
def test_control_characters_do_not_reach_the_terminal(text: str) -> None:
    error = error_of(text)
    shown = f"{error}\n{error.caret()}"
    assert "\x1b" not in shown
    assert "\x00" not in shown


@pytest.mark.parametrize("text", ["", " ", "\t\n"])
def test_a_blank_filter_lets_everything_pass(text: str) -> None:
    assert compile_filter(text).program is None


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "(" * 3000, "tcp.port in {" + "80, " * 5000, "tcp and " * 999 + "prt"]
)
def test_of_a_very_long_filter_what_stands_around_the_mistake_is_shown(text: str) -> None:
    error = error_of(text)
    line, caret = error.caret().split("\n")
    assert len(line) < 400
    assert len(str(error)) < 600
    place = caret.index("^")
    assert line[place : place + 1] == text[error.span.start : error.span.start + 1]
