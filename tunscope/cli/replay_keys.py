"""Keys pressed in the terminal while a replay goes on, one by one."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import time
import tty
from collections.abc import Callable, Iterator

from tunscope.errors import UsageError

#: Waits so many seconds at most and returns the keys that were pressed.
Keys = Callable[[float], str]


@contextlib.contextmanager
def pressed_keys(wanted: bool) -> Iterator[Keys]:
    """Read keys of the terminal as they are pressed; if none are wanted, only wait.

    The terminal itself is read, since stdin may be the capture. UsageError if there is none.
    """
    if not wanted:
        yield _rest
        return
    fd = _terminal()
    try:
        before = termios.tcgetattr(fd)
        tty.setcbreak(fd, termios.TCSANOW)
        try:
            yield lambda seconds: _keys(fd, seconds)
        finally:
            termios.tcsetattr(fd, termios.TCSANOW, before)
    finally:
        os.close(fd)


def need_keys() -> None:
    """Raise UsageError unless there is a terminal to press keys in."""
    os.close(_terminal())


def _terminal() -> int:
    try:
        return os.open("/dev/tty", os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise UsageError("--step", "there is no terminal to press keys in") from error


def _keys(fd: int, seconds: float) -> str:
    ready, _, _ = select.select([fd], [], [], seconds)
    return os.read(fd, 64).decode("ascii", "ignore") if ready else ""


def _rest(seconds: float) -> str:
    time.sleep(seconds)
    return ""
