"""Signals as bytes in a pipe, so that one poll waits for them and for everything else."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def signals_as_bytes(*numbers: signal.Signals) -> Iterator[int]:
    """Yield a nonblocking descriptor that gives one byte, the number, for each signal in `numbers`.

    Main thread only. The handlers that were there before are put back at the end. A SIGHUP that
    is ignored stays so: nohup(1) asked for that.
    """
    read_end, write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = {number: signal.signal(number, _noted) for number in _heeded(numbers)}
    previous = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    try:
        yield read_end
    finally:
        signal.set_wakeup_fd(previous)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(read_end)
        os.close(write_end)


@contextlib.contextmanager
def signals_as_interrupts(*numbers: signal.Signals) -> Iterator[None]:
    """Let each signal in `numbers` raise KeyboardInterrupt, so that what was begun is undone.

    Main thread only; the rest as `signals_as_bytes`.
    """
    before = {
        number: signal.signal(number, signal.default_int_handler) for number in _heeded(numbers)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def signals_noted(note: Callable[[], object], *numbers: signal.Signals) -> Iterator[None]:
    """Let each signal in `numbers` call `note` and do nothing else.

    For the moments before somebody is there to heed them, and after. Main thread only; the rest
    as `signals_as_bytes`.
    """

    def noted(number: int, frame: object) -> None:
        note()

    before = {number: signal.signal(number, noted) for number in _heeded(numbers)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _heeded(numbers: tuple[signal.Signals, ...]) -> list[signal.Signals]:
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [number for number in numbers if number != signal.SIGHUP or not ignored]


def _noted(number: int, frame: object) -> None:
    """The wakeup descriptor has told it."""
