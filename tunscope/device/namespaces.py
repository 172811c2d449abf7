"""Network namespaces: by name, process or path, and what it takes to be inside one."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.printable import printable

#: Where `ip netns` keeps named namespaces.
NAMED: Final = Path("/run/netns")

_CLONE_NEWNET: Final = 0x40000000
_NS_GET_NSTYPE: Final = 0xB703
_TUNGETDEVNETNS: Final = 0x54E3  # linux/if_tun.h
_SIOCGSKNS: Final = 0x894C  # linux/sockios.h

_libc = ctypes.CDLL(None, use_errno=True)


def open_netns(spec: str) -> int:
    """Open the network namespace that `spec` means and return a close-on-exec descriptor.

    With a slash it is a path; else the name of an `ip netns` namespace, and if there is none,
    the id of a process in it (the order of `ip link set netns`). UsageError if there is none.
    """
    shown = f"--netns {printable(spec)}"
    path, missing = _path_of(spec, shown)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise missing from None
    except PermissionError as error:
        raise TunscopeError(shown, "permission denied", "needs CAP_SYS_PTRACE; try sudo") from error
    except (OSError, ValueError) as error:
        raise UsageError(shown, getattr(error, "strerror", None) or "not a path") from error
    try:
        kind = fcntl.ioctl(fd, _NS_GET_NSTYPE)
    except OSError:
        kind = 0
    if kind != _CLONE_NEWNET:
        os.close(fd)
        raise UsageError(shown, "is not a network namespace")
    return fd


def _path_of(spec: str, shown: str) -> tuple[Path, UsageError]:
    if "/" in spec:
        return Path(spec), UsageError(shown, "no such file")
    named = NAMED / spec
    if spec.isascii() and spec.isdigit() and not os.path.lexists(named):
        return Path(f"/proc/{spec}/ns/net"), UsageError(shown, "no such process")
    unknown = UsageError(shown, "no such network namespace", "ip netns list shows them")
    return (named, unknown) if spec not in {"", ".", ".."} else (NAMED / "-", unknown)


def netns_identity(fd: int) -> tuple[int, int]:
    """Return what tells one namespace from another while it lives: device and inode number."""
    status = os.fstat(fd)
    return status.st_dev, status.st_ino


def namespace_of(descriptor: int | socket.socket | None) -> tuple[int, int] | None:
    """Return the identity of the namespace that a tun descriptor or a socket belongs to.

    None where there is none to ask, or the kernel does not tell (CAP_NET_ADMIN in it is needed).
    """
    if descriptor is None:
        return None
    request = _TUNGETDEVNETNS if isinstance(descriptor, int) else _SIOCGSKNS
    try:
        fd = fcntl.ioctl(descriptor, request)
    except OSError:
        return None
    try:
        return netns_identity(fd)
    finally:
        os.close(fd)


def current_netns() -> int:
    """Open the calling thread's own network namespace and return the descriptor."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


@contextlib.contextmanager
def entered(fd: int) -> Iterator[None]:
    """Put the calling thread into the namespace `fd` for the length of a with block.

    Sockets and /dev/net/tun descriptors opened inside belong to it for good. Other threads stay
    where they are. TunscopeError if it is not permitted.
    """
    home = current_netns()
    try:
        _setns(fd)
        try:
            yield
        finally:
            _setns(home)
    finally:
        os.close(home)


@contextlib.contextmanager
def inside(spec: str | None) -> Iterator[None]:
    """Put the calling thread into the namespace that `spec` means; None leaves it where it is."""
    if spec is None:
        yield
        return
    fd = open_netns(spec)
    try:
        with entered(fd):
            yield
    finally:
        os.close(fd)


def _setns(fd: int) -> None:
    if _libc.setns(fd, _CLONE_NEWNET) == 0:
        return
    number = ctypes.get_errno()
    if number == errno.EPERM:
        raise TunscopeError(
            "network namespace", "not permitted to enter it", "needs CAP_SYS_ADMIN; try sudo"
        )
    raise TunscopeError("network namespace", os.strerror(number))
