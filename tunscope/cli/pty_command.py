"""A command at a pseudo-terminal whose other end the screen has."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import termios
import time
from collections.abc import Callable
from typing import Final

from tunscope.errors import TunscopeError
from tunscope.lab.process import NOT_FOUND, NodeProcess, shell_status
from tunscope.tui.terminal.terminal import TERM, Terminal

_READ_SIZE: Final = 16_384
#: A pull takes no longer than this (seconds): what a command prints faster waits in its terminal.
_PULL_SECONDS: Final = 0.01
_HANG_UP_SECONDS: Final = 1.0

#: Starts the command at a terminal of a kind; both are descriptors and names of the caller's.
Spawn = Callable[[int, str], NodeProcess]


class PtyCommand:
    """Implements `tui.running_command.RunningCommand`; started by `start`, ended by `hang_up`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.terminal = Terminal()
        self.state = "not started"
        self.running = False
        self._process: NodeProcess | None = None
        self._leader = -1
        self._status = NOT_FOUND
        self._ended = False
        self._size = (80, 24)
        self._unread = b""

    @property
    def status(self) -> int:
        """The exit status, as a shell counts it, once it has ended."""
        return self._status

    def start(self, spawn: Spawn) -> None:
        """Start the command at a new terminal.

        That it could not be started shows later, in `state`. TunscopeError where there is no
        process 1 to start it.
        """
        self._leader, follower = os.openpty()
        try:
            os.set_blocking(self._leader, False)
            self._tell_size()
            self._process = spawn(follower, TERM)
        finally:
            os.close(follower)
        self.running, self.state = True, "running"

    def news(self) -> list[str]:
        """Tell once that it has ended."""
        if self.running or self._ended or self._process is None:
            return []
        self._ended = True
        return [f"{self.name} {self.state}"]

    def pull(self) -> bool:
        """Read some of what it prints; see whether it has ended once there is no more."""
        if self._leader < 0:
            return False
        self._write()
        until = time.monotonic() + _PULL_SECONDS
        changed = False
        while time.monotonic() < until:
            try:
                data = os.read(self._leader, _READ_SIZE)
            except BlockingIOError:
                data = b""
            except OSError:  # EIO: nobody has the other end any more
                self._conclude_if_ended()
                break
            if not data:
                self._conclude_if_ended()
                break
            self.terminal.feed(data)
            changed = True
        return changed

    def type(self, data: bytes) -> None:
        """Let it read `data`, when it gets to it."""
        if self.running:
            self._unread += data
            self._write()

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of its terminal, which it is told by SIGWINCH."""
        if (columns, rows) != self._size:
            self._size = columns, rows
            self.terminal.resize(columns, rows)
            self._tell_size()

    def hang_up(self) -> None:
        """End it as a terminal that goes away does, if it has not ended; once only."""
        if self._process is not None and self.running:
            with contextlib.suppress(TunscopeError):  # it never ran, and `returncode` says so
                self._process.hang_up(_HANG_UP_SECONDS)
            self._conclude_if_ended()
        if self._leader >= 0:
            os.close(self._leader)
            self._leader = -1

    def _conclude_if_ended(self) -> None:
        if self._process is not None and self.running:
            self._conclude(self._process)

    def _conclude(self, process: NodeProcess) -> None:
        try:
            code = process.poll()
        except TunscopeError as error:
            self.running, self.state = False, f"was not started: {error.why}"
            self._status = process.returncode or NOT_FOUND
            return
        if code is None:
            return
        self.running, self._status = False, shell_status(code)
        how = f"was ended by signal {-code}" if code < 0 else f"ended with status {code}"
        self.state = how

    def _write(self) -> None:
        while self._unread and self._leader >= 0:
            try:
                written = os.write(self._leader, self._unread)
            except OSError:  # full, or it has ended
                return
            self._unread = self._unread[written:]

    def _tell_size(self) -> None:
        if self._leader >= 0:
            columns, rows = self._size
            size = struct.pack("HHHH", rows, columns, 0, 0)
            with contextlib.suppress(OSError):
                fcntl.ioctl(self._leader, termios.TIOCSWINSZ, size)
