"""One program of a lab's traffic while it runs, and what it said when it ended."""

from __future__ import annotations

import os
import select
from typing import Final

from tunscope.errors import TunscopeError
from tunscope.lab.namespaces import Namespaces
from tunscope.lab.process import NOT_STARTED
from tunscope.lab.traffic import Program
from tunscope.packet.printable import printable

ANNOUNCE_SECONDS: Final = 5.0
_LAST_WORDS_LIMIT: Final = 4096


class RunningProgram:
    """`program`, started in its node and ready for others; it ends with the lab.

    Raises TunscopeError where it cannot be started or does not announce itself.
    """

    def __init__(self, namespaces: Namespaces, program: Program) -> None:
        self._program = program
        self._words = os.memfd_create("lab-stderr", os.MFD_CLOEXEC)
        self._open = True
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        try:
            try:
                self._process = namespaces.spawn(
                    program.node,
                    program.argv,
                    # The caller's proxies and languages are no business of a lab.
                    env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
                    stdout=write_end if program.announces else None,
                    stderr=self._words,
                )
            finally:
                os.close(write_end)
            if program.announces:
                self._await_announcement(read_end)
        except TunscopeError:
            self.close()
            raise
        finally:
            os.close(read_end)

    def has_ended(self) -> bool:
        """Whether the program runs no more, or never did."""
        try:
            return self._process.poll() is not None
        except TunscopeError:  # not started; `obituary` says so
            return True

    def obituary(self) -> str:
        """Say in one line how the program ended, with the last line it wrote."""
        size = os.fstat(self._words).st_size
        tail = os.pread(self._words, _LAST_WORDS_LIMIT, max(0, size - _LAST_WORDS_LIMIT))
        lines = tail.decode(errors="replace").strip().splitlines()
        reason = f": {printable(lines[-1])}" if lines else ""
        status = self._process.returncode
        if status == NOT_STARTED:
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

    def _await_announcement(self, read_end: int) -> None:
        poll = select.poll()
        poll.register(read_end, select.POLLIN)
        if not poll.poll(ANNOUNCE_SECONDS * 1000):
            raise TunscopeError(
                f"{self._program.name} of the lab", f"not ready within {ANNOUNCE_SECONDS:g} s"
            )
        if not os.read(read_end, 64):
            self._process.wait(ANNOUNCE_SECONDS)
            raise TunscopeError("lab", self.obituary())
