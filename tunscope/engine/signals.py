"""Signals as bytes in a pipe, so that one poll waits for them and for everything else."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def signals_as_bytes(*numbers: signal.Signals) -> Iterator[int]:
    """Yield a nonblocking descriptor that gives one byte, the number, for each signal in `numbers`.

    Main thread only. The handlers that were there before are put back at the end.
    """
    read_end, write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = {number: signal.signal(number, _noted) for number in numbers}
    previous = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    try:
        yield read_end
    finally:
        signal.set_wakeup_fd(previous)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(read_end)
        os.close(write_end)


def _noted(number: int, frame: object) -> None:
    """The wakeup descriptor has told it."""
