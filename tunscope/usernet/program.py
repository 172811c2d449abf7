"""A program beside tunscope, in the host's namespaces, that must not outlive it."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
from collections.abc import Sequence
from typing import Final

from tunscope.errors import TunscopeError
from tunscope.packet.printable import printable

_END_SECONDS: Final = 3.0
_READ_SIZE: Final = 4096
#: What passt says for each line where there is no syslog.
_NOISE: Final = "Failed to send "


class HelpfulProgram:
    """`argv`, which people call `name`, while it runs; `fds` are passed on.

    Started without a shell, without stdin and stdout. Of its stderr as much is kept as a pipe holds
    (64 KiB), which tells why it did not start; what it complains of later is lost, and does not
    block it. It is the program's own duty to end with a descriptor that only this process holds;
    `close`, called once that is closed, makes sure.
    """

    def __init__(self, argv: Sequence[str], fds: Sequence[int], name: str) -> None:
        self.name = name
        self._said = b""
        self._words, words = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            self._process = subprocess.Popen(
                argv,
                pass_fds=fds,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=words,
                start_new_session=True,  # a Ctrl-C is for the command, not for its way out
            )
        except OSError as error:
            os.close(self._words)
            raise TunscopeError(self.name, f"cannot be started: {error.strerror}") from error
        finally:
            os.close(words)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def failure(self, what: str) -> TunscopeError:
        """Return an error about `what` went wrong, with the last line that the program wrote."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.2)
        said = self.last_words()
        return TunscopeError(self.name, f"{what}: {said}" if said else what)

    def last_words(self) -> str:
        """Return the last line of what is kept of its stderr."""
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._words, _READ_SIZE):
                self._said = (self._said + chunk)[-_READ_SIZE:]
        lines = [
            line
            for line in self._said.decode(errors="replace").splitlines()
            if line.strip() and not line.startswith(_NOISE)
        ]
        return printable(lines[-1].strip()) if lines else ""

    def close(self) -> None:
        """Wait for its end, and kill it where that takes longer; a second call does nothing."""
        if self._words < 0:
            return
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._words)
        self._words = -1


def wait_readable(fd: int, seconds: float) -> bool:
    """Wait until `fd` is readable or at its end; False if that takes longer than `seconds`."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
