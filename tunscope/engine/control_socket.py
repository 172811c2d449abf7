"""Where a running tunscope can be reached: one socket a capture, in the person's runtime folder.

``$XDG_RUNTIME_DIR/tunscope/DEVICE.PID.sock``; without XDG_RUNTIME_DIR, /run/user/UID, and where
there is none, a private folder in /tmp. Folder and socket are for their owner only.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path
from typing import Final

from tunscope.errors import TunscopeError

_BACKLOG: Final = 8


class ControlSocket:
    """A listening socket for the capture on `device`; removed when closed."""

    def __init__(self, device: str, folder: Path | None = None) -> None:
        folder = folder or runtime_folder(make=True)
        self.path = folder / f"{device}.{os.getpid()}.sock"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.path.unlink(missing_ok=True)  # of an earlier process with our id
            mask = os.umask(0o177)
            try:
                self._listener.bind(os.fspath(self.path))
            finally:
                os.umask(mask)
            self._listener.listen(_BACKLOG)
        except OSError:
            self._listener.close()
            raise

    def fileno(self) -> int:
        """The listening socket."""
        return self._listener.fileno()

    def close(self) -> None:
        """Let nobody in any more; a second call does nothing."""
        self._listener.close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def control_sockets(device: str, folder: Path | None = None) -> list[Path]:
    """Return the sockets of captures on a device of that name, live or left by a crash."""
    with contextlib.suppress(OSError, TunscopeError):
        found = folder or runtime_folder(make=False)
        return sorted(
            path
            for path in found.iterdir()
            if path.name.startswith(f"{device}.")
            and path.name.removeprefix(f"{device}.").removesuffix(".sock").isdecimal()
        )
    return []


def runtime_folder(*, make: bool, uid: int | None = None) -> Path:
    """Return the folder of a user's control sockets, made on request.

    TunscopeError if it is not a private folder of that user; OSError if it cannot be had.
    """
    uid = os.geteuid() if uid is None else uid
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    candidates = [Path(named)] if named and uid == os.geteuid() else []
    candidates.append(Path(f"/run/user/{uid}"))
    base = next((path for path in candidates if _belongs_to(path, uid)), None)
    folder = base / "tunscope" if base else Path(f"/tmp/tunscope-{uid}")
    if make:
        folder.mkdir(mode=0o700, exist_ok=True)
    if not _belongs_to(folder, uid) or stat.S_IMODE(folder.stat().st_mode) & 0o077:
        raise TunscopeError(str(folder), "is not a private folder", "remove it")
    return folder


def _belongs_to(path: Path, uid: int) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == uid
