"""The private mounts of a lab: its own /proc, /run and resolv.conf. Standard library only.

Each is a convenience for the person in a node's shell, and each may be refused (a container that
masks /proc, a read-only /run): the lab works without, so a refusal is passed over.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from tunscope.lab.syscalls import (
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    mount,
)

RESOLV_CONF = Path("/etc/resolv.conf")
RUN = Path("/run")


def make_private(nameserver: str | None) -> None:
    """Give the calling process's mount namespace a /proc, /run and resolver of its own.

    `nameserver` is the address that programs in the lab ask for names; None leaves them without
    one. Call it as process 1 of a PID namespace.
    """
    with contextlib.suppress(OSError):
        mount("none", "/", None, MS_REC | MS_PRIVATE)
        with contextlib.suppress(OSError):
            mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        # The host's name service daemons listen under /run; hidden, nobody asks them.
        mount("tmpfs", str(RUN), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
        _install_resolver(nameserver)


def _install_resolver(nameserver: str | None) -> None:
    text = f"nameserver {nameserver}\noptions timeout:1\n" if nameserver else ""
    target = Path(os.path.realpath(RESOLV_CONF))
    if target.is_relative_to(RUN):  # the usual link into systemd-resolved's folder
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return
    private = RUN / "resolv.conf"
    private.write_text(text)
    mount(str(private), str(target), None, MS_BIND)
