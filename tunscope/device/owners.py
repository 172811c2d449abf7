"""Which process holds the descriptor of a tun, tap or macvtap device.

The kernel tells it only from the other end: each process's descriptors are looked through. That
needs the right to look into the process (CAP_SYS_PTRACE for those of others); what may not be
seen is left out.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import re
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tunscope.device.facts import Owner
from tunscope.device.namespaces import current_netns, netns_identity
from tunscope.device.tuntap import attached_name

__all__ = ["Owner", "find_owners"]

_TUN_DEVICE: Final = os.makedev(10, 200)  # MISC_MAJOR, TUN_MINOR of linux/miscdevice.h
_TUNGETDEVNETNS: Final = 0x54E3
_SYS_PIDFD_GETFD: Final = 438
_NODE: Final = re.compile(r"(?:^|/)(?:tun|tap(\d+))(?: \(deleted\))?$")

_libc = ctypes.CDLL(None, use_errno=True)


def find_owners() -> dict[str, Owner]:
    """Return the owners of the devices in the calling thread's network namespace, by device.

    Of several processes that hold a device the one with the lowest id is named.
    """
    home = current_netns()
    try:
        here = netns_identity(home)
    finally:
        os.close(home)
    owners: dict[str, Owner] = {}
    for pid in sorted(int(entry) for entry in os.listdir("/proc") if entry.isdigit()):
        for held in _held_by(pid):
            name = held.device_in(here)
            if name is not None and name not in owners:
                owners[name] = Owner(pid, _command(pid))
    return owners


def duplicate_descriptor(name: str) -> tuple[int, int] | None:
    """Return a duplicate of the descriptor with which somebody owns `name`, and the owner's pidfd.

    Writing to it puts packets into the kernel on that device; reading would steal its owner's.
    It keeps the device alive, so close it soon. None where nobody owns the device in the calling
    thread's namespace, or where looking into the owner is not permitted.
    """
    home = current_netns()
    try:
        here = netns_identity(home)
    finally:
        os.close(home)
    for pid in sorted(int(entry) for entry in os.listdir("/proc") if entry.isdigit()):
        for held in _held_by(pid):
            if held.device_in(here) == name and (found := held.duplicate(name)) is not None:
                return found
    return None


@dataclass(frozen=True, slots=True)
class _Held:
    """Descriptor `fd` of process `pid`, open on /dev/net/tun or, with `index`, on /dev/tapINDEX."""

    pid: int
    fd: int
    index: int | None

    def device_in(self, netns: tuple[int, int]) -> str | None:
        """Return the device behind it if that is in namespace `netns`, the calling thread's."""
        with _duplicate(self.pid, self.fd) as duplicate:
            if self.index is not None:
                return self._macvtap(duplicate, netns)
            if duplicate is not None:
                return self._tun(duplicate, netns)
        name = self._fdinfo_name()
        return name if name and _netns_of(self.pid) == netns else None

    def duplicate(self, name: str) -> tuple[int, int] | None:
        """Return a duplicate that is still device `name`, and a pidfd of the process."""
        with contextlib.ExitStack() as undo:
            try:
                pidfd = os.pidfd_open(self.pid)
            except OSError:  # ended meanwhile
                return None
            undo.callback(os.close, pidfd)
            fd = _libc.syscall(_SYS_PIDFD_GETFD, pidfd, self.fd, 0)
            if fd < 0:
                return None
            undo.callback(os.close, fd)
            try:
                if attached_name(fd) != name:
                    return None
            except OSError:  # something else has the number by now
                return None
            undo.pop_all()
            return fd, pidfd

    def _tun(self, duplicate: int, netns: tuple[int, int]) -> str | None:
        try:
            name = attached_name(duplicate)
            where = fcntl.ioctl(duplicate, _TUNGETDEVNETNS)
        except PermissionError:  # the device is in a namespace that is not ours to rule
            return None
        except OSError:  # opened, not attached
            return None
        try:
            return name if netns_identity(where) == netns else None
        finally:
            os.close(where)

    def _macvtap(self, duplicate: int | None, netns: tuple[int, int]) -> str | None:
        """A macvtap cannot tell its namespace, but its name and index must both fit."""
        try:
            name = socket.if_indextoname(self.index or 0)
            if duplicate is not None:
                return name if attached_name(duplicate) == name else None
        except OSError:
            return None
        return name if _netns_of(self.pid) == netns else None

    def _fdinfo_name(self) -> str | None:
        try:
            text = Path(f"/proc/{self.pid}/fdinfo/{self.fd}").read_bytes()
        except OSError:
            return None
        for line in text.splitlines():
            if line.startswith(b"iff:\t"):
                return os.fsdecode(line[5:]) or None
        return None


def _held_by(pid: int) -> Iterator[_Held]:
    folder = f"/proc/{pid}/fd"
    try:
        entries = os.listdir(folder)
    except OSError:  # ended meanwhile, or not ours to see
        return
    for entry in entries:
        path = f"{folder}/{entry}"
        try:
            match = _NODE.search(os.readlink(path))
            if match is None:
                continue
            status = os.stat(path)
        except OSError:
            continue
        if not stat.S_ISCHR(status.st_mode):
            continue
        if match[1] is not None:
            yield _Held(pid, int(entry), int(match[1]))
        elif status.st_rdev == _TUN_DEVICE:
            yield _Held(pid, int(entry), None)


@contextlib.contextmanager
def _duplicate(pid: int, fd: int) -> Iterator[int | None]:
    """Lend a duplicate of another process's descriptor; None where that is not permitted."""
    duplicate = -1
    with contextlib.suppress(OSError):
        pidfd = os.pidfd_open(pid)
        duplicate = _libc.syscall(_SYS_PIDFD_GETFD, pidfd, fd, 0)
        os.close(pidfd)
    try:
        yield duplicate if duplicate >= 0 else None
    finally:
        if duplicate >= 0:
            os.close(duplicate)


def _netns_of(pid: int) -> tuple[int, int] | None:
    try:
        status = os.stat(f"/proc/{pid}/ns/net")
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _command(pid: int) -> str:
    """Return the command line of a process as it gave it, or its [name] if it has none."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0")
        if words:
            return os.fsdecode(words.replace(b"\0", b" "))
        return f"[{os.fsdecode(Path(f'/proc/{pid}/comm').read_bytes().strip())}]"
    except OSError:
        return "?"
