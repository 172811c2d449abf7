"""One program of a lab's traffic while it runs, and what it said when it ended."""

from __future__ import annotations

import contextlib
import os
import time
from subprocess import TimeoutExpired
from typing import Final

from tunscope.errors import TunscopeError
from tunscope.lab.namespaces import Namespaces
from tunscope.lab.process import NOT_STARTED
from tunscope.lab.traffic import Program, search_path
from tunscope.packet.printable import printable

ANNOUNCE_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.01
_FIRST_WORDS_LIMIT: Final = 1 << 16
_LAST_WORDS_LIMIT: Final = 4096


class RunningProgram:
    """`program`, started in its node and ready for others; it ends with the lab.

    Raises TunscopeError where it cannot be started or does not announce itself.
    """

    def __init__(self, namespaces: Namespaces, program: Program) -> None:
        self._program = program
        self._words = os.memfd_create("lab-stderr", os.MFD_CLOEXEC)
        self._said = os.memfd_create("lab-stdout", os.MFD_CLOEXEC)
        self._open = True
        try:
            self._process = namespaces.spawn(
                program.node,
                program.argv,
                # The caller's proxies and languages are no business of a lab.
                env={"PATH": search_path(), "LC_ALL": "C.UTF-8"},
                stdout=self._said if program.ready else None,
                stderr=self._words,
            )
            if program.ready:
                self._await_announcement(program.ready.encode())
        except TunscopeError:
            self.close()
            raise

    def has_ended(self) -> bool:
        """Whether the program runs no more, or never did."""
        try:
            return self._process.poll() is not None
        except TunscopeError:  # not started; `obituary` says so
            return True

    def obituary(self) -> str:
        """Say in one line how the program ended, with the last line it wrote."""
        lines = _last_lines(self._words) or _last_lines(self._said)
        reason = f": {printable(lines[-1])}" if lines else ""
        status = self._process.returncode
        if status in NOT_STARTED:
            how = "could not be started"
        elif status is not None and status < 0:
            how = f"was ended by signal {-status}"
        else:
            how = f"ended with status {status}"
        return f"{self._program.name} in {self._program.node} {how}{reason}"

    def close(self) -> None:
        """Give the program's output back; the program itself ends with the lab."""
        if self._open:
            self._open = False
            os.close(self._words)
            os.close(self._said)

    def _await_announcement(self, ready: bytes) -> None:
        deadline = time.monotonic() + ANNOUNCE_SECONDS
        while not any(
            ready in os.pread(fd, _FIRST_WORDS_LIMIT, 0) for fd in (self._said, self._words)
        ):
            with contextlib.suppress(TimeoutExpired):
                self._process.wait(_LOOK_SECONDS)
                raise TunscopeError("lab", self.obituary())
            if time.monotonic() > deadline:
                raise TunscopeError(
                    f"{self._program.name} of the lab", f"not ready within {ANNOUNCE_SECONDS:g} s"
                )


def _last_lines(fd: int) -> list[str]:
    size = os.fstat(fd).st_size
    tail = os.pread(fd, _LAST_WORDS_LIMIT, max(0, size - _LAST_WORDS_LIMIT))
    return tail.decode(errors="replace").strip().splitlines()
