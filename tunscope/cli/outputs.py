"""Capture files on disk: opened without harm, cut when the engine is ready, rotated by name."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from datetime import datetime
from pathlib import Path
from typing import Protocol

from tunscope.capfile.rotation import RingOfFiles, Rotation
from tunscope.capfile.spool import Spool
from tunscope.cli.privilege import as_invoking_user
from tunscope.cli.standard_streams import stdout_is_closed
from tunscope.errors import TunscopeError, UsageError


class Outputs(Protocol):
    """Where a headless capture goes: the first descriptor, and those that follow it."""

    def open(self) -> int:
        """Return the descriptor the engine starts with; nothing is destroyed yet."""

    def ready(self) -> None:
        """The engine has the device: what the file held before goes now."""

    def next(self) -> int | None:
        """Return a descriptor for the next rotation, None if there is none."""

    def rotated(self) -> None:
        """The engine went on in what `next` returned."""

    def undo(self) -> None:
        """Nothing was captured: remove what `open` made."""

    def close(self) -> None:
        """The engine has ended."""

    def __str__(self) -> str:
        """Name it in a message."""


class StandardOutput:
    """The capture on stdout, for another program to read."""

    def open(self) -> int:
        """Stdout, unless a person would see binary bytes there."""
        if stdout_is_closed():
            raise UsageError("--pcap -", "stdout is closed")
        if sys.stdout.isatty():
            raise UsageError(
                "--pcap -", "stdout is a terminal", "pipe it: tunscope tun0 --pcap - | tshark -r -"
            )
        return sys.stdout.fileno()

    def ready(self) -> None:
        """Nothing to cut."""

    def next(self) -> int | None:
        """A stream is never rotated."""
        return None

    def rotated(self) -> None:
        """Never happens."""

    def undo(self) -> None:
        """Nothing was made."""

    def close(self) -> None:
        """Stdout stays open."""

    def __str__(self) -> str:
        return "standard output"


class SingleFile:
    """One file; one that exists keeps its content until the engine is ready."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._made = False

    def open(self) -> int:
        """Open or make the file with the rights of the person who asked."""
        with as_invoking_user():
            self._made = not os.path.lexists(self._path)
            self._fd = open_for_writing(self._path)
        return self._fd

    def ready(self) -> None:
        """Cut the file."""
        if stat.S_ISREG(os.fstat(self._fd).st_mode):
            os.ftruncate(self._fd, 0)

    def next(self) -> int | None:
        """There is only one."""
        return None

    def rotated(self) -> None:
        """Never happens."""

    def undo(self) -> None:
        """Remove the file if it was not there before."""
        self.close()
        if self._made:
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()

    def close(self) -> None:
        """Close our copy of the descriptor."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __str__(self) -> str:
        return str(self._path)


class RotatedFiles:
    """A row of files as dumpcap's `-b` makes them.

    The next file waits under a hidden name, and gets its own with the time of its first packet.
    """

    def __init__(self, path: Path, rotation: Rotation) -> None:
        self._path = path
        self._rotation = rotation
        self._names = RingOfFiles(path, rotation)
        self._waiting = path.with_name(f".{path.name}.{os.getpid()}.next")
        self._fds: list[int] = []

    def open(self) -> int:
        """Make the first file."""
        name = self._names.next_name(datetime.now().astimezone())
        with as_invoking_user():
            self._fds.append(open_for_writing(name))
        return self._fds[-1]

    def ready(self) -> None:
        """A file of this second that was there already is cut."""
        os.ftruncate(self._fds[-1], 0)

    def next(self) -> int | None:
        """Make the file that the next rotation goes on with."""
        self._fds.append(_made_anew(self._waiting))
        return self._fds[-1]

    def rotated(self) -> None:
        """Give the waiting file its name, tell the name of the finished one, remove the surplus."""
        os.close(self._fds.pop(0))
        finished = self._names.kept[-1]
        self._waiting.rename(self._names.next_name(datetime.now().astimezone()))
        self._tell(finished)
        for old in self._names.surplus():
            with contextlib.suppress(FileNotFoundError):
                old.unlink()

    def undo(self) -> None:
        """Remove the first file."""
        self._discard()
        for name in self._names.kept:
            with contextlib.suppress(FileNotFoundError):
                name.unlink()

    def close(self) -> None:
        """Remove the file that nothing was written to, and tell the name of the last one."""
        self._discard()
        self._tell(self._names.kept[-1])

    def _discard(self) -> None:
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()
        with contextlib.suppress(FileNotFoundError):
            self._waiting.unlink()

    def __str__(self) -> str:
        return str(self._names.kept[-1] if self._names.kept else self._path)

    def _tell(self, path: Path) -> None:
        where = self._rotation.printname
        if where is None:
            return
        if where in {"stdout", "stderr"}:
            print(path, file=getattr(sys, where), flush=True)
        else:
            with Path(where).open("a") as file:
                print(path, file=file)


class SpooledOutput:
    """A private spool, for a capture that is only printed.

    Where printing is slower than the capture and the spool grows beyond `keep` bytes, its oldest
    segments are dropped unread, and that is said on stderr.
    """

    def __init__(self, device: str, keep: int | None) -> None:
        self._device = device
        self._keep = keep
        self._spool: Spool | None = None
        self._fds: list[int] = []

    def open(self) -> int:
        """Make the spool and its first segment."""
        with as_invoking_user():
            self._spool = Spool.create(self._device)
            self._fds.append(self._spool.open_next()[1])
        return self._fds[-1]

    def segments(self) -> list[Path]:
        """Return the segments there are, oldest first."""
        return self._spool.segments() if self._spool else []

    def ready(self) -> None:
        """It was empty."""

    def next(self) -> int | None:
        """Make the next segment."""
        if self._spool is None:
            return None
        self._fds.append(self._spool.open_next()[1])
        return self._fds[-1]

    def rotated(self) -> None:
        """Close the segment that is whole; its reader removes it."""
        os.close(self._fds.pop(0))
        if self._spool is not None and self._keep is not None and self._spool.trim(self._keep):
            said = f"packets were dropped unprinted to stay within {self._keep:,} bytes (--keep)"
            print(f"tunscope: {said}", file=sys.stderr)

    def undo(self) -> None:
        """Remove the spool."""
        self.close()
        self.discard()

    def close(self) -> None:
        """Close what is being written."""
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()

    def discard(self) -> None:
        """Remove the spool; everything was printed."""
        if self._spool is not None:
            self._spool.discard()
            self._spool = None

    def __str__(self) -> str:
        return "standard output"


def _made_anew(path: Path) -> int:
    """Return a descriptor of a new, empty file; a link that lies in wait there is not followed."""
    path.unlink(missing_ok=True)
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise TunscopeError(str(path), f"cannot write: {error.strerror}") from error


def open_for_writing(path: Path) -> int:
    """Return a descriptor at the start of `path`, made if it is not there, never cut."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise TunscopeError(str(path), f"cannot write: {error.strerror}") from error
