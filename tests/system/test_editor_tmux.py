"""Editing, injecting and holding in the pair lab, as a person does it in a real terminal."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_tui_tmux import command
from tmux_driver import Tmux


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Tmux]:
    tmux = Tmux(tmp_path / "tmux")
    yield tmux
    tmux.stop()


def lab(tmp_path: Path, *words: str) -> str:
    """Return a command line with a runtime folder of its own."""
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    line = command(tmp_path, "lab", "pair", *words)
    return line.replace("exec env ", f"exec env XDG_RUNTIME_DIR={shlex.quote(str(runtime))} ", 1)


FIELDS = (
    "frame.comment", "ip.ttl", "ip.checksum.status", "icmp.type", "icmp.seq", "frame.packet_id",
)  # fmt: skip


def tshark(file: Path) -> list[dict[str, str]]:
    """Return what tshark reads in every packet of a file."""
    words = ["tshark", "-n", "-r", str(file), "-o", "ip.check_checksum:TRUE", "-T", "fields"]
    words += [word for field in FIELDS for word in ("-e", field)]
    lines = subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()
    return [dict(zip(FIELDS, line.split("\t"), strict=True)) for line in lines]


def twins(rows: list[dict[str, str]], one: dict[str, str]) -> list[str]:
    """Return the TTLs of all packets with the packet id of `one`."""
    identity = one["frame.packet_id"]
    assert identity
    return [row["ip.ttl"] for row in rows if row["frame.packet_id"] == identity]


def choose(terminal: Tmux, display_filter: str, pattern: str) -> None:
    """Put the cursor on the first packet that passes a filter."""
    terminal.type(f"/{display_filter}")
    terminal.until(r"✔")
    terminal.keys("Enter")
    terminal.until(r"✔ [1-9][\d,]* of [\d,]+ \(")
    terminal.keys("Home")
    terminal.until(rf"^▌.*{pattern}")


def set_ttl(terminal: Tmux, value: str) -> None:
    """Go to the TTL in the form and write another value."""
    terminal.until(r"^▌  version +4")
    terminal.keys(*["Down"] * 7)
    terminal.until(r"^▌  ttl +64")
    terminal.keys("Enter")
    terminal.type(value)
    terminal.keys("Enter")
    terminal.until(rf"✎ ttl +{value} ")
    terminal.until(r"1 change")


def test_a_ping_with_another_ttl_is_injected_and_answered(terminal: Tmux, tmp_path: Path) -> None:
    saved = tmp_path / "saved.pcapng"
    terminal.start(lab(tmp_path))
    terminal.until(r"Echo \(ping\) request")
    choose(terminal, "icmp.type == 8 and ip", r"Echo \(ping\) request")
    terminal.keys("e")
    set_ttl(terminal, "7")
    terminal.keys("C-s")
    terminal.until(r"Side +wire")
    terminal.keys("Enter")
    terminal.until(r"injected 1 packet on tun0, wire side: #\d+")
    terminal.keys("Escape")
    terminal.until(r"^ +No\. +Time")
    choose(terminal, 'frame.comment contains "injected"', r"✎.*Echo \(ping\) request")
    terminal.type("/icmp")
    terminal.keys("Enter")
    terminal.until(r"^ / icmp  .*✔")
    terminal.keys("x")
    terminal.until(r"#\d+ answers #\d+")
    terminal.until(r"^▌.*Echo \(ping\) reply")
    terminal.type(f":capture.save {saved}")
    terminal.keys("Enter")
    terminal.until(r"[Ss]aved [\d,]+ packets")
    terminal.keys("q")
    terminal.until(r"[Dd]iscard")
    terminal.keys("d")
    assert terminal.wait() == 0

    rows = tshark(saved)
    (edited,) = [row for row in rows if "edited from" in row["frame.comment"]]
    assert "ip.ttl 64 -> 7" in edited["frame.comment"]
    assert (edited["ip.ttl"], edited["ip.checksum.status"]) == ("7", "1")
    assert twins(rows, edited) == ["64", "7"]


def test_a_held_http_request_asks_for_another_page(terminal: Tmux, tmp_path: Path) -> None:
    saved = tmp_path / "saved.pcapng"
    terminal.start(lab(tmp_path, "--hold", "http.request and ip", "--hold-direction", "out"))
    terminal.until(r"⏸ held 1", 40)
    terminal.keys("i")
    terminal.until(r"GET / HTTP/1\.1")
    terminal.keys("e")
    terminal.until(r"^▌  version +4")
    terminal.keys("End")
    terminal.until(r"^▌  user_agent")
    terminal.keys("Up", "Up", "Up")
    terminal.until(r"^▌  request\.uri +/ ")
    terminal.keys("Enter")
    terminal.type("/hello.txt")
    terminal.keys("Enter")
    terminal.until(r"TCP length changes by \+9")
    terminal.keys("C-r")
    terminal.until(r"released #\d+")
    terminal.keys("I")
    terminal.until(r"Hold off")
    terminal.keys("A")
    terminal.keys("Escape")
    terminal.until(r"^ +No\. +Time")
    terminal.type('/tcp contains "other side"')
    terminal.keys("Enter")
    terminal.until(r"✔ 1 of [\d,]+ \(")  # the page that was never asked for came
    terminal.type("/tcp.port == 80")
    terminal.keys("Enter")
    terminal.until(r"^ / tcp\.port == 80  .*✔")
    terminal.type(f":capture.save {saved}")
    terminal.keys("Enter")
    terminal.until(r"[Ss]aved [\d,]+ packets")
    terminal.keys("q")
    terminal.until(r"[Dd]iscard")
    terminal.keys("d")
    assert terminal.wait() == 0
    (edited,) = [row for row in tshark(saved) if "edited from" in row["frame.comment"]]
    assert "tcp.payload" in edited["frame.comment"]
    assert edited["ip.checksum.status"] == "1"
    assert len(twins(tshark(saved), edited)) == 2


def test_a_held_ping_is_edited_and_released(terminal: Tmux, tmp_path: Path) -> None:
    saved = tmp_path / "saved.pcapng"
    terminal.start(lab(tmp_path))
    terminal.until(r"Echo \(ping\) request")
    terminal.keys("i")
    terminal.until(r"Hold \(display filter")
    terminal.type("out: icmp.typ == 8")
    terminal.keys("Enter")
    terminal.until(r"✖ .*icmp\.typ")
    terminal.keys(*["BSpace"] * len("typ == 8"))
    terminal.type("type == 8 and ip")
    terminal.keys("Enter")
    terminal.until(r"Hold out: icmp\.type == 8 and ip .* [1-9]\d* held · oldest")
    terminal.until(r"⏸ held \d+")
    terminal.keys("e")
    terminal.until(r"→ release on tun0")
    set_ttl(terminal, "9")
    terminal.keys("C-r")
    terminal.until(r"released #\d+")
    terminal.keys("I")
    terminal.until(r"Hold off")
    terminal.keys("A")
    terminal.until(r"Hold off · 0 held")
    terminal.keys("Escape")
    terminal.until(r"^ +No\. +Time")
    choose(terminal, 'frame.comment contains "edited from"', r"✎.*Echo \(ping\) request")
    terminal.type("/icmp")
    terminal.keys("Enter")
    terminal.until(r"^ / icmp  .*✔")
    terminal.type(f":capture.save {saved}")
    terminal.keys("Enter")
    terminal.until(r"[Ss]aved [\d,]+ packets")
    terminal.keys("q")
    terminal.until(r"[Dd]iscard")
    terminal.keys("d")
    assert terminal.wait() == 0

    rows = tshark(saved)
    (edited,) = [row for row in rows if "edited from" in row["frame.comment"]]
    assert "ip.ttl 64 -> 9" in edited["frame.comment"]
    assert (edited["ip.ttl"], edited["ip.checksum.status"]) == ("9", "1")
    assert twins(rows, edited) == ["64", "9"]
    seq = edited["icmp.seq"]
    answers = [row for row in rows if row["icmp.type"] == "0" and row["icmp.seq"] == seq]
    assert answers, "the far kernel answered the edited ping"
