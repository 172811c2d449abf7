"""Several engines that write into one capture."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence

from tunscope.errors import TunscopeError
from tunscope.lab.barepython import bare_command
from tunscope.lab.weaver import LEFT_TO_THE_FRONT_END
from tunscope.packet.printable import printable

WEAVER = "tunscope.lab.weaver"
_END_SECONDS = 5.0
_LAST_WORDS_LIMIT = 4096


class Weaving:
    """A process that writes to `output_fd` what comes through `inputs`, one for each engine.

    Give the descriptors to engines, then call `hand_over`. The process ends by itself when they
    all have, so a crash of the caller loses nothing that an engine recorded.
    """

    def __init__(self, output_fd: int, engines: int) -> None:
        pipes = [os.pipe2(os.O_CLOEXEC) for _ in range(engines)]
        self.inputs: Sequence[int] = [write_end for _, write_end in pipes]
        reading = [read_end for read_end, _ in pipes]
        # No file: the disk may be what is full.
        self._words = os.memfd_create("weaver-stderr", os.MFD_CLOEXEC)
        # It inherits them blocked: they must not end it before it can ignore them.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, LEFT_TO_THE_FRONT_END)
        try:
            self._process = subprocess.Popen(
                bare_command(WEAVER, *map(str, reading)),
                pass_fds=reading,
                stdin=subprocess.DEVNULL,
                stdout=output_fd,
                stderr=self._words,
            )
        except BaseException:
            self.hand_over()
            os.close(self._words)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            for read_end in reading:
                os.close(read_end)

    def hand_over(self) -> None:
        """Close our copies of the inputs, which are the engines' now."""
        for write_end in self.inputs:
            os.close(write_end)
        self.inputs = ()

    def wait(self) -> None:
        """Wait until all that the engines recorded is written; they must have ended. Call it once.

        Raises TunscopeError where it could not be written.
        """
        try:
            status = self._process.wait(_END_SECONDS)
            if status:
                raise TunscopeError("output", self._last_words() or f"its writer ended: {status}")
        except subprocess.TimeoutExpired:
            # Who has dropped root's rights since cannot do more than leave it to its reader.
            with contextlib.suppress(PermissionError):
                self._process.kill()
                self._process.wait()
            raise TunscopeError(
                "output", f"its reader did not take the rest within {_END_SECONDS:g} s"
            ) from None
        finally:
            os.close(self._words)

    def _last_words(self) -> str:
        size = os.fstat(self._words).st_size
        said = os.pread(self._words, _LAST_WORDS_LIMIT, max(0, size - _LAST_WORDS_LIMIT))
        return printable(said.decode(errors="replace").strip().rpartition("\n")[2])
