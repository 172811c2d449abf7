"""The terminal after the browser: restored, whatever ended it. In a pty, as a person has it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator

import pyte
import pytest
from browser_driver import DATA

SCRIPT = """
import sys
from tunscope.errors import TunscopeError
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.tui.app import run_browser
from tunscope.tui.session import FileSession, SessionTitle

class Session(FileSession):
    polls = 0
    def poll(self):
        self.polls += 1
        if "fail" in sys.argv and self.polls > 2:
            raise RuntimeError("the lid came off")
        return super().poll()

capture = CaptureIndex(FileSource(sys.argv[1]))
capture.start()
try:
    ending = run_browser(capture, Session(SessionTitle("a file")))
    print("ended:", ending.value)
except TunscopeError as error:
    print(f"tunscope: {error}", file=sys.stderr)
    sys.exit(1)
"""


class Terminal:
    """The program in a pty, and all that it wrote."""

    def __init__(self, *arguments: str, kind: str = "xterm-256color") -> None:
        self.output = b""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": kind, "COLUMNS": "80", "LINES": "24"}  # another's
            os.execv(sys.executable, [sys.executable, "-c", SCRIPT, *arguments])
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
        self.modes = termios.tcgetattr(self.master)

    def read_until(self, text: bytes, seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.output and time.monotonic() < deadline:
            if not self._read(0.1):
                break
        assert text in self.output, self.output[-500:]

    def _read(self, timeout: float) -> bool:
        if not select.select([self.master], [], [], timeout)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.output += data
        return bool(data)

    def end(self, seconds: float = 20.0) -> int:
        """Read to the end, which must come within `seconds`, and return the exit status."""
        deadline = time.monotonic() + seconds
        while self._read(0.1):
            assert time.monotonic() < deadline, self.output[-500:]
        return self._reap()

    def _reap(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        os.close(self.master)
        self.pid = 0
        return os.waitstatus_to_exitcode(status)

    def kill(self) -> None:
        """End the program if it has not ended."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            self._reap()

    def assert_restored(self) -> None:
        """Main screen, visible cursor, no mouse reports."""
        assert self.output.rfind(b"\x1b[?1049l") > self.output.rfind(b"\x1b[?1049h")
        assert self.output.rfind(b"\x1b[?25h") > self.output.rfind(b"\x1b[?25l")
        assert self.output.rfind(b"\x1b[?1000l") > self.output.rfind(b"\x1b[?1000h")


Opened = Callable[..., Terminal]


@pytest.fixture
def opened() -> Iterator[Opened]:
    """Open the browser on a capture in a terminal, with more arguments if any."""
    terminals: list[Terminal] = []

    def open_it(*arguments: str, **more: str) -> Terminal:
        terminals.append(Terminal(str(DATA / "browser_tun.pcapng"), *arguments, **more))
        return terminals[-1]

    yield open_it
    for terminal in terminals:
        terminal.kill()


def test_q_ends_it(opened: Opened) -> None:
    terminal = opened()
    terminal.read_until(b"155 packets")
    os.write(terminal.master, b"q")
    assert terminal.end() == 0
    terminal.assert_restored()
    assert b"ended: release" in terminal.output


def test_the_first_frame_has_the_size_of_the_terminal_whatever_its_kind(opened: Opened) -> None:
    terminal = opened(kind="dumb")
    terminal.read_until(b"155 packets")
    os.write(terminal.master, b"q")
    assert terminal.end() == 0
    screen = pyte.Screen(120, 36)
    frames = terminal.output.partition(b"\x1b[?1049l")[0].decode()
    pyte.Stream(screen).feed(frames)
    heading, footer = screen.display[0], screen.display[-1]
    assert heading.count("▪ file") == 1
    assert heading.rstrip().endswith("▪ file")
    assert "Conversations" in footer, "no room for it in 80 cells"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order(opened: Opened, number: int) -> None:
    terminal = opened()
    terminal.read_until(b"155 packets")
    os.kill(terminal.pid, number)
    assert terminal.end() == 0
    terminal.assert_restored()
    assert b"ended: keep" in terminal.output


@pytest.mark.parametrize("heeded", [True, False])
def test_it_ends_with_its_terminal(heeded: bool, opened: Opened) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL if heeded else signal.SIG_IGN)
    try:
        terminal = opened()
    finally:
        signal.signal(signal.SIGHUP, before)
    terminal.read_until(b"155 packets")
    os.close(terminal.master)
    ended, deadline = 0, time.monotonic() + 20
    while not ended and time.monotonic() < deadline:
        time.sleep(0.1)
        ended, _ = os.waitpid(terminal.pid, os.WNOHANG)
    assert ended == terminal.pid
    terminal.pid = 0


def test_writing_to_a_terminal_that_is_gone_keeps_nobody_waiting() -> None:
    script = """if True:
        import asyncio, os, pty, sys
        from textual.drivers._writer_thread import WriterThread
        from tunscope.tui.screen_app import ScreenApp
        from tunscope.tui.terminal_input import TerminalDriver

        async def main() -> None:
            master, slave = pty.openpty()
            for stream in (0, 1, 2):
                os.dup2(slave, stream)
            driver = TerminalDriver(ScreenApp("tunscope-dark", {}))
            os.close(master)
            writer = WriterThread(driver._file)
            writer.start()
            for _ in range(1000):
                writer.write("frame" * 1000)
            writer.stop()
            os._exit(7)

        asyncio.run(main())
    """
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=30).returncode == 7


def test_a_paste_and_broken_bytes_are_obeyed_by_nobody(opened: Opened) -> None:
    terminal = opened()
    terminal.read_until(b"155 packets")
    os.write(terminal.master, b"/\xff\x80\x1b[200~ud\x1b]0;owned\x07\x1bOB\x9b31m\nq\x1b[201~")
    terminal.read_until("\ufffd".encode())
    terminal.read_until(b"31m q")
    assert b"\x1b]0;owned" not in terminal.output
    os.write(terminal.master, b"\x1b")
    time.sleep(0.3)  # an escape that is followed at once begins a key
    os.write(terminal.master, b"q")
    assert terminal.end() == 0
    terminal.assert_restored()


def test_sequences_that_are_no_keys_do_not_make_it_deaf(opened: Opened) -> None:
    terminal = opened()
    terminal.read_until(b"155 packets")
    os.write(terminal.master, b"\x1b[9999999u\x1b[1:3:A\x1b[::u\x1b[99999999999999999999u")
    os.write(terminal.master, b"/heard")
    terminal.read_until(b"heard")
    os.write(terminal.master, b"\x1b")
    time.sleep(0.3)
    os.write(terminal.master, b"q")
    assert terminal.end() == 0
    assert b"Traceback" not in terminal.output
    terminal.assert_restored()


def test_a_failure_is_one_line_and_no_traceback(opened: Opened) -> None:
    terminal = opened("fail")
    assert terminal.end() == 1
    terminal.assert_restored()
    after = terminal.output[terminal.output.rfind(b"\x1b[?1049l") :]
    assert b"tunscope: the screen failed: RuntimeError: the lid came off" in after
    assert b"Traceback" not in terminal.output
