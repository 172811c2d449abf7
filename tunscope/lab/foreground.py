"""Whether the terminal at stdin is this process's to lend to a program that it starts."""

from __future__ import annotations

import os
import stat


def may_lend_terminal() -> bool:
    """Tell whether this process is in the foreground, and nobody else of its group is.

    Not with a pipe at stdout: who reads it, as a pager does, is of the same group, reads the
    terminal too, and would be stopped (SIGTTIN) while another group has it.
    """
    try:
        return os.tcgetpgrp(0) == os.getpgrp() and not _is_pipe(1)
    except OSError:  # stdin is no terminal, or not that of this session
        return False


def keyboard_is_shared() -> bool:
    """Tell whether the terminal's keys signal this process, and all others of its group."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _is_pipe(fd: int) -> bool:
    mode = os.fstat(fd).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
