"""The three standard streams, whatever state they are in when the command begins."""

from __future__ import annotations

import fcntl
import io
import os
import sys
from typing import TYPE_CHECKING, Final

from tunscope.errors import TunscopeError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_STDIN: Final = 0
_STDOUT: Final = 1
_STDERR: Final = 2
_ACCESS_MODE: Final = os.O_RDONLY | os.O_WRONLY | os.O_RDWR


def prepare_streams() -> None:
    """Have `sys.stdin`, `sys.stdout` and `sys.stderr` be there, and a full disk told.

    A stream that is closed (``<&-``) is empty, or takes nothing: no file that is opened later may
    come to be in its place. What stdout cannot take raises TunscopeError, once; BrokenPipeError
    comes through.
    """
    if sys.stdin is None:
        _occupy(_STDIN, os.O_RDONLY)
        sys.stdin = os.fdopen(_STDIN, closefd=False)
    if sys.stdout is None:
        _occupy(_STDOUT, os.O_RDONLY)  # so that writing is an error
    if sys.stderr is None:
        _occupy(_STDERR, os.O_WRONLY)
        sys.stderr = os.fdopen(_STDERR, "w", buffering=1, closefd=False)
    sys.stdout = _told(sys.stdout)


def _occupy(fd: int, flags: int) -> None:
    nowhere = os.open(os.devnull, flags)  # the lowest that is free: this one or one below it
    if nowhere != fd:
        os.dup2(nowhere, fd)
        os.close(nowhere)
    os.set_inheritable(fd, True)


def _told(stdout: object) -> io.TextIOWrapper:
    """Return a text stream like `stdout` that says in one line what it cannot take."""
    buffer = io.BufferedWriter(_Stdout(_STDOUT, "w", closefd=False))
    if not isinstance(stdout, io.TextIOWrapper):
        return io.TextIOWrapper(buffer, "utf-8")
    return io.TextIOWrapper(
        buffer,
        stdout.encoding,
        stdout.errors,
        line_buffering=stdout.line_buffering,
        write_through=stdout.write_through,
    )


class _Stdout(io.FileIO):
    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except (BrokenPipeError, BlockingIOError):
            raise
        except OSError as error:
            silence_stdout()  # what is still in the buffer would fail again at the exit
            raise TunscopeError("stdout", f"cannot write: {error.strerror}") from error


def stdout_is_closed() -> bool:
    """Return whether nothing can be written to stdout, as after ``>&-``."""
    return fcntl.fcntl(_STDOUT, fcntl.F_GETFL) & _ACCESS_MODE == os.O_RDONLY


def flush_stdout() -> None:
    """Write what is left; nobody reading it is no error."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        silence_stdout()


def silence_stdout() -> None:
    """Let what is left unwritten go nowhere."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, _STDOUT)
    os.close(devnull)
