"""Several engines that write into one capture."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Sequence

from tunscope.lab.barepython import bare_command

WEAVER = "tunscope.lab.weaver"
_END_SECONDS = 5.0


class Weaving:
    """A process that writes to `output_fd` what comes through `inputs`, one for each engine.

    Give the descriptors to engines, then call `hand_over`. The process ends by itself when they
    all have, so a crash of the caller loses nothing that an engine recorded.
    """

    def __init__(self, output_fd: int, engines: int) -> None:
        pipes = [os.pipe2(os.O_CLOEXEC) for _ in range(engines)]
        self.inputs: Sequence[int] = [write_end for _, write_end in pipes]
        reading = [read_end for read_end, _ in pipes]
        try:
            self._process = subprocess.Popen(
                bare_command(WEAVER, *map(str, reading)),
                pass_fds=reading,
                stdin=subprocess.DEVNULL,
                stdout=output_fd,
                stderr=subprocess.DEVNULL,
            )
        except BaseException:
            self.hand_over()
            raise
        finally:
            for read_end in reading:
                os.close(read_end)

    def hand_over(self) -> None:
        """Close our copies of the inputs, which are the engines' now."""
        for write_end in self.inputs:
            os.close(write_end)
        self.inputs = ()

    def wait(self) -> None:
        """Wait until all that the engines recorded is written; they must have ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
            return
        self._process.kill()
        self._process.wait()
