"""A program beside tunscope, in the host's namespaces, that must not outlive it."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import tempfile
from collections.abc import Sequence
from typing import IO, Final

from tunscope.errors import TunscopeError
from tunscope.packet.printable import printable

_END_SECONDS: Final = 3.0
_LAST_WORDS_LIMIT: Final = 4096
#: What passt says for each line where there is no syslog.
_NOISE: Final = "Failed to send "


class HelpfulProgram:
    """`argv`, which people call `name`, while it runs; `fds` are passed on, stderr is kept.

    Started without a shell, without stdin and stdout. It is the program's own duty to end with a
    descriptor that only this process holds; `close` asks and then makes sure.
    """

    def __init__(self, argv: Sequence[str], fds: Sequence[int], name: str) -> None:
        self.name = name
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as self
        try:
            self._process = subprocess.Popen(
                argv,
                pass_fds=fds,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._words,
                start_new_session=True,  # a Ctrl-C is for the command, not for its way out
            )
        except OSError as error:
            self._words.close()
            raise TunscopeError(self.name, f"cannot be started: {error.strerror}") from error

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
        """Return the last line of its stderr."""
        size = os.fstat(self._words.fileno()).st_size
        start = max(0, size - _LAST_WORDS_LIMIT)
        tail = os.pread(self._words.fileno(), _LAST_WORDS_LIMIT, start)
        lines = [
            line
            for line in tail.decode(errors="replace").splitlines()
            if line.strip() and not line.startswith(_NOISE)
        ]
        return printable(lines[-1].strip()) if lines else ""

    def close(self) -> None:
        """Make sure that it has ended; a second call does nothing."""
        if self._words.closed:
            return
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(PermissionError):  # who has dropped root's rights may not
                self._process.kill()
                self._process.wait()
        self._words.close()


def wait_readable(fd: int, seconds: float) -> bool:
    """Wait until `fd` is readable or at its end; False if that takes longer than `seconds`."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
