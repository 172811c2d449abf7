"""A real program in a pseudo terminal, and the screen that a person would see."""

from __future__ import annotations

import contextlib
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
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pyte

KEYS = {"enter": "\r", "esc": "\x1b", "down": "\x1b[B", "up": "\x1b[A", "end": "\x1b[F"}


class TerminalScreen:
    """`command` with a terminal of its own of `columns` x `lines`."""

    def __init__(
        self, command: list[str], env: Mapping[str, str], columns: int = 120, lines: int = 36
    ) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.output = b""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.modes = termios.tcgetattr(slave)
        self.process: subprocess.Popen[Any] = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**_without_size(), "TERM": "xterm-256color", **env},
        )
        self._slave = slave

    def text(self) -> str:
        """What is on the screen now."""
        self._read(0)
        return "\n".join(line.rstrip() for line in self._screen.display)

    def press(self, *keys: str) -> None:
        """Send keys by name, or text."""
        for key in keys:
            os.write(self.master, KEYS.get(key, key).encode())
            self._read(0.15)

    def until(self, condition: str | Callable[[str], object], seconds: float = 20) -> str:
        """Wait until the screen shows a text or fulfils a condition."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            text = self.text()
            if condition in text if isinstance(condition, str) else condition(text):
                return text
            if not self._read(0.1) and self.process.poll() is not None:
                break
        raise AssertionError(f"not within {seconds} s: {condition!r}; the screen:\n{self.text()}")

    def end(self, seconds: float = 20) -> int:
        """Wait for the end and return the exit status."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self._read(0.1)
        self._read(0)
        return self.process.wait(timeout=1)

    def assert_restored(self) -> None:
        """The terminal is as it was: main screen, cursor, no mouse reports, same modes."""
        assert self.output.rfind(b"\x1b[?1049l") > self.output.rfind(b"\x1b[?1049h")
        assert self.output.rfind(b"\x1b[?25h") > self.output.rfind(b"\x1b[?25l")
        assert self.output.rfind(b"\x1b[?1000l") > self.output.rfind(b"\x1b[?1000h")
        assert termios.tcgetattr(self._slave)[:4] == self.modes[:4]

    def close(self) -> None:
        """End the program if it still runs, and give the terminal back."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=10)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self._slave)

    def _read(self, timeout: float) -> bool:
        while select.select([self.master], [], [], timeout)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return False
            self.output += data
            self._stream.feed(data)
            timeout = 0.02
        return True


def _without_size() -> dict[str, str]:
    """Return the environment without what would overrule the size of the terminal."""
    return {name: text for name, text in os.environ.items() if name not in {"COLUMNS", "LINES"}}


@contextlib.contextmanager
def terminal_screen(command: list[str], **env: str) -> Iterator[TerminalScreen]:
    """Run `command` in a terminal for the length of a with block."""
    screen = TerminalScreen(command, env)
    try:
        yield screen
    finally:
        screen.close()


class Namespace(Protocol):
    """What `conftest.NetworkNamespace` offers here."""

    def command(self, *words: str | os.PathLike[str]) -> list[str]: ...


def tunscope(
    netns: Namespace, home: Path, *words: str, **env: str
) -> contextlib.AbstractContextManager[TerminalScreen]:
    """Run `tunscope WORDS` in a terminal inside `netns`, with all its folders in `home`."""
    command = netns.command(sys.executable, "-m", "tunscope", *words)
    folders = {f"XDG_{name}_HOME": str(home / name) for name in ("CACHE", "CONFIG", "STATE")}
    return terminal_screen(command, HOME=str(home), **folders, **env)
