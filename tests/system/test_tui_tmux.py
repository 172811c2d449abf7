"""The real program in a real terminal, as a person uses it; tshark judges what was saved."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tmux_driver import Tmux

TUNSCOPE = f"{shlex.quote(sys.executable)} -m tunscope"
CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Tmux]:
    tmux = Tmux(tmp_path / "tmux")
    yield tmux
    tmux.stop()


def command(tmp_path: Path, *words: str) -> str:
    """Return a command line with settings and spools of its own."""
    homes = {name: str(tmp_path / name) for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")}
    for folder in homes.values():
        os.makedirs(folder, exist_ok=True)
    variables = shlex.join(f"{name}={value}" for name, value in homes.items())
    return f"cd {CHECKOUT} && exec env {variables} {TUNSCOPE} {shlex.join(words)}"


def tshark(capture: Path, display_filter: str) -> list[str]:
    """Return the numbers of the packets that pass, as tshark sees it."""
    # A segment is what it carries by itself, as the table shows it.
    apart = ["-o", "tcp.desegment_tcp_streams:FALSE"]
    arguments = ["-n", *apart, "-r", str(capture), "-Y", display_filter, "-T", "fields"]
    done = subprocess.run(["tshark", *arguments, "-e", "frame.number"], check=True,
                          capture_output=True, text=True)  # fmt: skip
    return done.stdout.split()


def test_filter_select_expand_follow_mark_and_save_in_the_lab(
    terminal: Tmux, tmp_path: Path
) -> None:
    marked, displayed = tmp_path / "marked.pcapng", tmp_path / "displayed.pcapng"
    terminal.start(command(tmp_path, "lab", "pair"))
    terminal.until(r"GET / HTTP/1\.1")

    terminal.type("/http.request and ip")
    terminal.until(r"✔")
    terminal.keys("Enter")
    terminal.until(r"✔ [\d,]+ of [\d,]+ \(")
    terminal.keys("Home")
    terminal.until(r"^▌ +(\d+) .*GET / HTTP/1\.1")

    terminal.keys("Tab")
    terminal.until(r"▸ Hypertext Transfer Protocol")
    terminal.keys("End", "Right")
    terminal.until(r"▾ Hypertext Transfer Protocol")
    terminal.until(r"Host: 10\.9\.0\.2")
    terminal.keys("Escape")
    terminal.until(r"^ Fields")

    terminal.keys("s")
    terminal.until(r"→.*GET / HTTP/1\.1")
    terminal.until(r"←.*HTTP/1\.0 200 OK")
    terminal.keys("Escape")
    terminal.until(r"^▌ +(\d+) .*GET / HTTP/1\.1")

    terminal.keys("d")
    terminal.until(r"ends the lab.*tun0@client, tun1@server")
    terminal.keys("Escape")
    terminal.until(r"^▌ +(\d+) .*GET / HTTP/1\.1")

    terminal.keys("m")
    terminal.until(r"●.*GET / HTTP/1\.1")
    terminal.type("/http")
    terminal.keys("Enter")
    shown = terminal.until(r"^ / http  .*✔ ([1-9][\d,]*) of [\d,]+ \(")
    terminal.type(f":capture.save {displayed}")
    terminal.keys("Enter")
    saved = terminal.until(r"[Ss]aved ([\d,]+) packets")
    count = int(saved[1].replace(",", ""))
    assert count >= int(shown[1].replace(",", "")) >= 2

    terminal.keys("M")
    terminal.until(r"1 of [\d,]+|1 displayed")
    terminal.type(f":capture.save {marked}")
    terminal.keys("Enter")
    terminal.until(r"[Ss]aved 1 packet\b")
    terminal.keys("q")
    terminal.until(r"[Dd]iscard")
    terminal.keys("d")
    assert terminal.wait() == 0

    assert len(tshark(displayed, "frame")) == len(tshark(displayed, "http")) == count
    assert tshark(marked, "frame") == tshark(marked, 'http.request.uri == "/"') == ["1"]


def test_the_terminal_is_left_in_order(terminal: Tmux, tmp_path: Path) -> None:
    capture = CHECKOUT / "tests" / "data" / "browser_tap.pcapng"
    line = command(tmp_path, str(capture)).removeprefix("cd ").replace("exec ", "", 1)
    after_it = f"stty -a > {tmp_path}/after; echo it is over; cat"
    terminal.start(f"stty -a > {tmp_path}/before; cd {line}; {after_it}")
    terminal.until(r"\d packets")
    terminal.keys("q")
    terminal.until(r"\Ait is over$")
    terminal.type("still here")
    terminal.until(r"^still here$")
    before, after = ((tmp_path / name).read_text() for name in ("before", "after"))
    assert before == after


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (250, 70)])
def test_it_fits_the_terminal(terminal: Tmux, tmp_path: Path, columns: int, rows: int) -> None:
    capture = CHECKOUT / "tests" / "data" / "browser_tap.pcapng"
    stale = "export COLUMNS=99 LINES=50; "  # of the terminal before it changed its size
    terminal.start(stale + command(tmp_path, str(capture)), columns, rows)
    terminal.until(r"\d packets.*\n.* Help .*\n\Z")
    lines = terminal.screen().split("\n")
    assert len(lines) - 1 == rows
    assert "Source" in lines[2]
    assert max(len(line) for line in lines) <= columns
    terminal.keys("q")
    assert terminal.wait() == 0


def test_a_file_opened_from_a_pipe_takes_its_keys_from_the_terminal(
    terminal: Tmux, tmp_path: Path
) -> None:
    capture = CHECKOUT / "tests" / "data" / "browser_tap.pcapng"
    numbers = tshark(capture, "tcp")
    inner = command(tmp_path, "-")
    terminal.start(f"cat {capture} | ({inner})")
    terminal.until(r"\d packets")
    terminal.type("/tcp")
    terminal.keys("Enter")
    terminal.until(rf"✔ {len(numbers)} of \d+")
    terminal.keys("q")
    assert terminal.wait() == 0


def test_a_large_file_is_shown_and_filtered_as_tshark_does(terminal: Tmux, tmp_path: Path) -> None:
    capture = tmp_path / "large.pcapng"
    script = str(CHECKOUT / "benchmarks" / "make_capture.py")
    words = [sys.executable, script, str(capture), "--packets", "30000", "--flows", "600"]
    subprocess.run(words, check=True, env={**os.environ, "PYTHONPATH": str(CHECKOUT)})
    terminal.start(command(tmp_path, str(capture)))
    terminal.until(r"30,000 packets · ")
    # What is no column: addresses and conversations.
    for text in ("tcp.stream == 7", "ipv6.src == ::/1 && udp.stream < 9"):
        there = len(tshark(capture, text))
        assert there
        terminal.keys("/", "C-u")
        terminal.type(text)
        terminal.keys("Enter")
        terminal.until(rf"✔ {there:,} of 30,000")
    terminal.keys("q")
    assert terminal.wait() == 0
