"""The private mounts of a lab: its own /proc, resolv.conf and empty folders. Standard library only.

Each is a convenience for the person in a node's shell, and each may be refused (a container that
masks /proc, a read-only /run): the lab works without, so a refusal is passed over.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from tunscope.lab.syscalls import (
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    mount,
    unmount,
)

RESOLV_CONF = Path("/etc/resolv.conf")
#: Any folder that is always there; something is mounted on it for a moment.
STAGE = Path("/tmp")


def make_private(nameserver: str | None, hidden: Iterable[str]) -> None:
    """Give the calling process's mount namespace a /proc and resolver of its own.

    `nameserver` is the address that programs in the lab ask for names; None leaves them without
    one. Folders that are `hidden` are empty, where they are there. Call it as process 1 of a PID
    namespace.
    """
    with contextlib.suppress(OSError):
        mount("none", "/", None, MS_REC | MS_PRIVATE)
        with contextlib.suppress(OSError):
            mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        empty = [Path(os.path.realpath(folder)) for folder in hidden if os.path.isdir(folder)]
        for folder in empty:
            mount("tmpfs", str(folder), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
        _install_resolver(nameserver, empty)


def _install_resolver(nameserver: str | None, empty: Iterable[Path]) -> None:
    text = f"nameserver {nameserver}\noptions timeout:1\n" if nameserver else ""
    target = Path(os.path.realpath(RESOLV_CONF))
    if any(target.is_relative_to(folder) for folder in empty):
        # the usual link into systemd-resolved's folder
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return
    mount("tmpfs", str(STAGE), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    private = STAGE / "resolv.conf"
    private.write_text(text)
    mount(str(private), str(target), None, MS_BIND)
    unmount(str(STAGE))
