"""A program that runs in a node of a lab, as seen from outside."""

from __future__ import annotations

import errno
import os
import select
import signal
from collections.abc import Callable
from subprocess import TimeoutExpired

from tunscope.errors import TunscopeError

# As a shell says it.
NOT_FOUND, NOT_EXECUTABLE = 127, 126
NOT_STARTED = frozenset({NOT_FOUND, NOT_EXECUTABLE})
_SIGNALLED = 128
REPORT_LIMIT = 256


class NodeProcess:
    """Like subprocess.Popen, for a program that process 1 of a lab started.

    `status` is the pipe on which `init` reports the end; the object owns it. `send_signal` gets
    the number to send. `returncode` is None while the program runs, then its exit status, or the
    negative number of the signal that ended it.
    """

    def __init__(self, name: str, status: int, send_signal: Callable[[int], None]) -> None:
        self.name = name
        self.returncode: int | None = None
        self._status: int | None = status
        self._send_signal = send_signal

    def __del__(self) -> None:
        self._close()

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when the program ends; -1 after `wait`."""
        return -1 if self._status is None else self._status

    def poll(self) -> int | None:
        """Return the exit status, None while the program runs; TunscopeError if it never did."""
        try:
            return self.wait(0)
        except TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit status.

        Raises subprocess.TimeoutExpired after `timeout` seconds, and TunscopeError, once, if the
        program could not be started.
        """
        if self.returncode is None:
            poll = select.poll()
            poll.register(self.fileno(), select.POLLIN)
            if not poll.poll(None if timeout is None else timeout * 1000):
                raise TimeoutExpired(self.name, timeout or 0.0)
            self.returncode = self._conclude()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Signal the program; nothing happens if it has ended."""
        self._send_signal(number)

    def terminate(self) -> None:
        """Ask the program to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the program."""
        self.send_signal(signal.SIGKILL)

    def hang_up(self, seconds: float) -> None:
        """Tell the program that its terminal is gone; end it if it still runs after `seconds`.

        Raises TunscopeError as `wait`.
        """
        self.send_signal(signal.SIGHUP)
        self.send_signal(signal.SIGCONT)  # who is stopped would not hear of it
        try:
            self.wait(seconds)
        except TimeoutExpired:
            self.kill()
            self.wait()

    def _conclude(self) -> int:
        """Read the report of the end, which has begun to arrive."""
        report = b""
        while chunk := os.read(self.fileno(), REPORT_LIMIT):
            report += chunk
        self._close()
        kind, _, rest = report.partition(b" ")
        if not kind:  # the whole lab was killed
            return -signal.SIGKILL
        number = int(rest.split()[0])
        if kind == b"errno":
            self.returncode = NOT_FOUND if number == errno.ENOENT else NOT_EXECUTABLE
            hint = f"install {self.name}" if number == errno.ENOENT else ""
            raise TunscopeError(self.name, os.strerror(number), hint)
        return -number if kind == b"signal" else number

    def _close(self) -> None:
        if self._status is not None:
            os.close(self._status)
            self._status = None


def shell_status(returncode: int) -> int:
    """Return the exit status as a shell counts it: 128 + N for signal N."""
    return _SIGNALLED - returncode if returncode < 0 else returncode
