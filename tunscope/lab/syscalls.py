"""The system calls of namespaces(7) that Python 3.11 does not offer. Standard library only."""

from __future__ import annotations

import ctypes
import os

CLONE_NEWNS = 0x0002_0000  # linux/sched.h
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000

MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8  # linux/mount.h
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x4_0000

MNT_DETACH = 2

PR_SET_PDEATHSIG = 1  # linux/prctl.h

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(namespaces: int) -> None:
    """Move the calling process into new namespaces (CLONE_* flags); OSError if refused."""
    _check(_libc.unshare(namespaces))


def setns(fd: int, namespace: int) -> None:
    """Move the calling process into the namespace behind `fd`, which must be of that kind."""
    _check(_libc.setns(fd, namespace))


def mount(source: str, target: str, filesystem: str | None, flags: int, options: str = "") -> None:
    """Mount `source` on `target` as mount(2) does; `filesystem` None where it has no meaning."""
    kind = filesystem.encode() if filesystem is not None else None
    _check(
        _libc.mount(
            os.fsencode(source),
            os.fsencode(target),
            kind,
            ctypes.c_ulong(flags),
            options.encode() or None,
        )
    )


def unmount(target: str) -> None:
    """Take the newest mount on `target` out of the tree; it lives on where it is bound."""
    _check(_libc.umount2(os.fsencode(target), MNT_DETACH))


def set_host_name(name: str) -> None:
    """Set the host name of the current UTS namespace."""
    _check(_libc.sethostname(name.encode(), ctypes.c_size_t(len(name.encode()))))


def set_parent_death_signal(signal_number: int) -> None:
    """Ask for a signal when the thread that made this process ends; kept over exec."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal_number), 0, 0, 0))


def _check(result: int) -> None:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
