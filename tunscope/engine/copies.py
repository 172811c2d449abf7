"""Second readers of a capture: files that get what is recorded from now on."""

from __future__ import annotations

import contextlib
import os
import stat

from tunscope.engine.batch import Batch
from tunscope.engine.output import Output
from tunscope.errors import UsageError


class Copies:
    """Copies every batch into each file of whoever asked, up to a number of bytes."""

    def __init__(self) -> None:
        self._outputs: dict[object, tuple[Output, int]] = {}

    def add(self, owner: object, fd: int, limit: int, header: bytes) -> None:
        """Begin to copy into `fd`, a regular file that is ours from now on; one for each `owner`.

        UsageError for anything else: a pipe could make the capture wait.
        """
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise UsageError("copy", "not a regular file")
        self.remove(owner)
        output = Output(fd)
        self._outputs[owner] = output, limit
        with contextlib.suppress(OSError):
            output.write_bytes(header)

    def remove(self, owner: object) -> None:
        """End the copy of `owner`, if there is one."""
        if owner in self._outputs:
            self._outputs.pop(owner)[0].close()

    def write(self, batch: Batch) -> None:
        """Copy one batch; a file that is full, by its limit or by its disk, gets no more."""
        for owner, (output, limit) in list(self._outputs.items()):
            if output.written + batch.nbytes > limit:
                self.remove(owner)
                continue
            try:
                output.write(batch.iovecs)
            except OSError:
                self.remove(owner)

    def close(self) -> None:
        """End all copies."""
        for owner in list(self._outputs):
            self.remove(owner)
