"""`tunscope run` with the screen in a real terminal: packets, output, typing, exit status."""

from __future__ import annotations

import http.server
import os
import shlex
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab_witness import LabWitness
from person import CHECKOUT
from tmux_driver import Tmux

TUNSCOPE = f"{shlex.quote(sys.executable)} -m tunscope"


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Tmux]:
    tmux = Tmux(tmp_path / "tmux")
    yield tmux
    tmux.stop()


@pytest.fixture
def mark() -> str:
    return f"tunscope-test-{uuid.uuid4()}"


def command(tmp_path: Path, mark: str, *words: str) -> str:
    """Return a command line with settings and spools of its own."""
    homes = {name: str(tmp_path / name) for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")}
    for folder in homes.values():
        os.makedirs(folder, exist_ok=True)
    variables = shlex.join(f"{name}={value}" for name, value in homes.items())
    return (
        f"cd {CHECKOUT} && env TUNSCOPE_TEST_MARK={mark} {variables} "
        f"{TUNSCOPE} run {shlex.join(words)}; echo left with $?; exec sleep 600"
    )


class _Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"the answer")

    def log_message(self, *words: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


GET = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=9).read().decode())"


def test_packets_and_output_are_shown_and_the_status_is_the_commands(
    terminal: Tmux, tmp_path: Path, mark: str, port: int
) -> None:
    witness = LabWitness(mark)
    get = shlex.join([sys.executable, "-c", GET, f"http://10.0.2.2:{port}/asked"])
    script = f"{get}; printf '\\033]0;evil\\007\\033[31mred\\033[0m\\n'; exit 7"
    terminal.start(command(tmp_path, mark, "--", "sh", "-c", script))
    terminal.until(r"Output  sh: ended with status 7")
    terminal.keys("Home")  # a late packet more, and the list would have moved on
    terminal.until(r"GET /asked HTTP/1\.1")
    terminal.until(r"^the answer")
    terminal.until(r"^red")
    witness.look()
    terminal.keys("q")
    terminal.until(r"(?i)discard")
    terminal.keys("d")
    terminal.until(r"^left with 7$")
    witness.assert_all_gone()


def test_a_shell_is_typed_to_and_hung_up_when_the_screen_is_left(
    terminal: Tmux, tmp_path: Path, mark: str
) -> None:
    witness = LabWitness(mark)
    outer = "export COLORTERM=truecolor COLUMNS=120 LINES=50; "
    terminal.start(outer + command(tmp_path, mark, "--offline", "--", "sh", "-i"))
    terminal.until(r"Output  sh: running")
    terminal.keys("BTab")
    terminal.until(r"Enter types to it")
    terminal.keys("Enter")
    terminal.until(r"typing to it")
    terminal.type("test -t 0 && ping -c1 -W5 192.0.2.7 | grep -o 'ttl=64'")
    terminal.keys("Enter")
    terminal.until(r"^ttl=64")
    terminal.until(r"Echo \(ping\) reply")
    terminal.type("stty size; echo $TERM-$COLORTERM-$COLUMNS-$LINES; sleep 300")
    terminal.keys("Enter")
    terminal.until(r"^\d+ 119 *(│|█)?\nansi---")
    terminal.keys("C-c")
    terminal.type("echo st''ill here")
    terminal.keys("Enter")
    terminal.until(r"^still here")
    witness.look()
    terminal.keys("C-]")
    terminal.until(r"Enter types to it")
    terminal.keys("Tab")
    terminal.keys("q")
    terminal.until(r"(?i)discard")
    terminal.keys("d")
    terminal.until(r"^left with 129$")  # an interactive shell ends with its terminal's SIGHUP
    witness.assert_all_gone()


def test_a_command_that_cannot_be_started_is_told_and_the_status_is_127(
    terminal: Tmux, tmp_path: Path, mark: str
) -> None:
    terminal.start(command(tmp_path, mark, "--offline", "--", "no-such-program"))
    terminal.until(r"no-such-program: was not started: No such file or directory")
    terminal.keys("q")
    terminal.until(r"^left with 127$")
