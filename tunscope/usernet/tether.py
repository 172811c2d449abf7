"""Ends a program when the process that wanted it is gone, however that ended.

For programs that do not watch for this themselves, and change their credentials, which makes the
kernel forget PR_SET_PDEATHSIG. Runs bare (`python -I -S`); standard library only.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Sequence

from tunscope.lab.barepython import bare_command


def tethered(argv: Sequence[str], fd: int) -> tuple[str, ...]:
    """Return the command that runs `argv` until descriptor `fd`, to be passed on, is at its end."""
    return bare_command("tunscope.usernet.tether", str(fd), *argv)


def main() -> int:
    """Run sys.argv[2:] until sys.argv[1] is at its end; return its exit status."""
    tether, argv = int(sys.argv[1]), sys.argv[2:]
    os.set_inheritable(tether, False)
    # pasta refuses to start where SIGPIPE is ignored, as Python has it.
    pid = os.posix_spawnp(argv[0], argv, os.environ, setsigdef=[signal.SIGPIPE])
    poll = select.poll()
    poll.register(tether, select.POLLIN)
    child = os.pidfd_open(pid)
    poll.register(child, select.POLLIN)
    if child not in dict(poll.poll()):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return abs(os.waitstatus_to_exitcode(status))
