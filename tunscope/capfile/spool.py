"""The capture nobody named: numbered pcapng segments in a private folder of the user's cache.

A lock that dies with its process tells the spool of a running capture from one that a crash left
behind, which is then offered again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from tunscope.errors import TunscopeError

_STAMP: Final = "%Y%m%dT%H%M%S"
_LOCK: Final = "lock"
_SEGMENT: Final = re.compile(r"([0-9]{8})\.pcapng")
_FOLDER: Final = re.compile(r"([0-9]{8}T[0-9]{6})-(.*)-([0-9]+)(?:\.[0-9]+)?")
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.:@-]")


class Spool:
    """One capture in `<root>/<stamp>-<device>-<pid>/`: folder 0700, segments 0600.

    The object holds the spool's lock until `close` or `discard`. Methods that touch the disk
    raise TunscopeError where the disk refuses.
    """

    def __init__(self, folder: Path, lock: int) -> None:
        """Use `create` or `orphans`; `lock` is the descriptor of the folder's locked lock file."""
        self.folder: Final = folder
        self._lock = lock
        numbers = [int(path.stem) for path in self.segments()]
        self._next_number = max(numbers, default=0) + 1

    @classmethod
    def create(cls, device: str, root: Path | None = None) -> Self:
        """Make the folder of a new capture of `device`; `root` defaults to `spool_root()`."""
        root = root if root is not None else spool_root()
        stamp = datetime.now().astimezone().strftime(_STAMP)
        name = f"{stamp}-{_UNFIT.sub('_', device)}-{os.getpid()}"
        with _refusals(root):
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _root_lock(root):
                folder = _make_folder(root, name)
                lock = _try_lock(folder / _LOCK)
        if lock is None:
            raise TunscopeError(str(folder), "somebody else took this new spool")
        return cls(folder, lock)

    @classmethod
    def orphans(cls, root: Path | None = None) -> list[Self]:
        """Return the spools that no process holds any more, oldest first, each locked now.

        A spool that never got a segment is removed on the way. Close what is not wanted yet,
        discard what is not wanted any more.
        """
        root = root if root is not None else spool_root()
        found: list[Self] = []
        if not root.is_dir():
            return found
        with _refusals(root), _root_lock(root):
            for folder in sorted(root.iterdir()):
                if not _FOLDER.fullmatch(folder.name) or not folder.is_dir():
                    continue
                lock = _try_lock(folder / _LOCK)
                if lock is None:
                    continue
                spool = cls(folder, lock)
                if spool.segments():
                    found.append(spool)
                else:
                    spool._remove()
        return found

    @property
    def device(self) -> str:
        """The device's name, signs that do not fit a file name replaced."""
        return self._parts()[1]

    @property
    def started(self) -> datetime:
        """When the capture began, in local time, to the second."""
        return datetime.strptime(self._parts()[0], _STAMP).astimezone()

    def segments(self) -> list[Path]:
        """Return the segments that exist, oldest first; the last ones may still be empty."""
        with _refusals(self.folder):
            names = (path for path in self.folder.iterdir() if _SEGMENT.fullmatch(path.name))
            return sorted(names)

    def size(self) -> int:
        """Return the bytes of all segments."""
        return sum(_size(path) for path in self.segments())

    def open_next(self) -> tuple[Path, int]:
        """Make the next segment; return its path and a descriptor to write to, close-on-exec."""
        path = self.folder / f"{self._next_number:08d}.pcapng"
        with _refusals(path):
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._next_number += 1
        return path, fd

    def trim(self, keep_bytes: int) -> list[Path]:
        """Remove the oldest segments until at most `keep_bytes` are left; return those removed.

        The newest segment that holds anything always stays, as do the empty ones after it: they
        are being written, or will be next.
        """
        sizes = [(path, _size(path)) for path in self.segments()]
        while sizes and sizes[-1][1] == 0:
            sizes.pop()
        total = sum(size for _, size in sizes)
        removed = []
        for path, size in sizes[:-1]:
            if total <= keep_bytes:
                break
            with _refusals(path):
                path.unlink(missing_ok=True)
            total -= size
            removed.append(path)
        return removed

    def close(self) -> None:
        """Let go of the spool and leave it where it is; a second call does nothing."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def discard(self) -> None:
        """Remove the spool with all its segments; a second call does nothing."""
        if self._lock < 0:
            return
        with _refusals(self.folder), _root_lock(self.folder.parent):
            self._remove()

    def _remove(self) -> None:
        shutil.rmtree(self.folder)
        self.close()

    def _parts(self) -> tuple[str, str]:
        match = _FOLDER.fullmatch(self.folder.name)
        if match is None:
            raise TunscopeError(str(self.folder), "this is no spool's folder")
        return match[1], match[2]


def spool_root() -> Path:
    """Return the folder that holds this user's spools, whether it exists or not."""
    from platformdirs import user_cache_path  # 10 ms that a help text need not pay

    return user_cache_path("tunscope") / "spool"


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TunscopeError(
            str(error.filename or path), f"the spool cannot be kept: {error.strerror or error}"
        ) from error


@contextlib.contextmanager
def _root_lock(root: Path) -> Iterator[None]:
    """Keep other processes from making, adopting or removing spools in `root` meanwhile."""
    fd = os.open(root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _make_folder(root: Path, name: str) -> Path:
    folder = root / name
    attempt = 1
    while True:
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            attempt += 1
            folder = root / f"{name}.{attempt}"
        else:
            return folder


def _try_lock(path: Path) -> int | None:
    """Return the descriptor of the locked file, None if another process holds it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def _size(path: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_size
    return 0
