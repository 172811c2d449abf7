"""/dev/net/tun: the ioctls of include/uapi/linux/if_tun.h."""

from __future__ import annotations

import array
import errno
import fcntl
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tunscope.device.names import check_device_name
from tunscope.errors import TunscopeError, UsageError
from tunscope.packet.printable import printable

CLONE_DEVICE: Final = "/dev/net/tun"

_TUNSETIFF: Final = 0x400454CA
_TUNSETPERSIST: Final = 0x400454CB
_TUNSETOWNER: Final = 0x400454CC
_TUNSETGROUP: Final = 0x400454CE
_TUNSETOFFLOAD: Final = 0x400454D0
_TUNGETIFF: Final = 0x800454D2
_TUNGETVNETHDRSZ: Final = 0x800454D7

_IFF_TUN: Final = 0x0001
_IFF_TAP: Final = 0x0002
_IFF_MULTI_QUEUE: Final = 0x0100
_IFF_NO_PI: Final = 0x1000
_IFF_VNET_HDR: Final = 0x4000
_IFF_TUN_EXCL: Final = 0x8000
_IFF_PERSIST: Final = 0x0800

#: All that a device may leave to its owner, the best first: TUN_F_CSUM, _TSO4, _TSO6, and, from
#: Linux 6.2 on, _USO4 and _USO6.
ALL_OFFLOADS: Final = (0x67, 0x07)

_IFREQ: Final = struct.Struct("16sH22x")


class DeviceBusyError(TunscopeError):
    """Somebody else holds the device's descriptor, or the name is taken already."""


@dataclass(frozen=True, slots=True)
class TunFlags:
    """How a tun or tap device is set up.

    Attaching with other values of `no_pi` or `vnet_hdr` than a device has *changes* the device,
    so whoever attaches reads them first. `owner` and `group` are the uid and gid that may attach
    without CAP_NET_ADMIN; None leaves that open to everybody.
    """

    kind: Literal["tun", "tap"]
    no_pi: bool = True
    vnet_hdr: bool = False
    multi_queue: bool = False
    persist: bool = False
    owner: int | None = None
    group: int | None = None

    @property
    def ifr_flags(self) -> int:
        """The IFF_ bits of TUNSETIFF; persistence and ownership are set by other ioctls."""
        return (
            (_IFF_TUN if self.kind == "tun" else _IFF_TAP)
            | (_IFF_NO_PI if self.no_pi else 0)
            | (_IFF_VNET_HDR if self.vnet_hdr else 0)
            | (_IFF_MULTI_QUEUE if self.multi_queue else 0)
        )


def create_tun(name: str, flags: TunFlags) -> int:
    """Make a new device in the current network namespace and return its descriptor.

    The descriptor is nonblocking and close-on-exec; closing it removes the device until
    `set_persist`. DeviceBusyError if a device of that name exists.
    """
    return _open(name, flags, flags.ifr_flags | _IFF_TUN_EXCL)


def open_tun(name: str, flags: TunFlags) -> int:
    """Attach to a device in the current network namespace, or make it if there is none.

    The descriptor is nonblocking and close-on-exec. DeviceBusyError if the device is held;
    a held device is left as it was.
    """
    return _open(name, flags, flags.ifr_flags)


def _open(name: str, flags: TunFlags, ifr_flags: int) -> int:
    request = _IFREQ.pack(check_device_name(name), ifr_flags)
    try:
        fd = os.open(CLONE_DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _clone_device_error(error) from error
    try:
        fcntl.ioctl(fd, _TUNSETIFF, request)
    except OSError as error:
        os.close(fd)
        raise _attach_error(name, flags, error) from error
    return fd


def _clone_device_error(error: OSError) -> TunscopeError:
    if error.errno in {errno.EACCES, errno.EPERM}:
        return TunscopeError(CLONE_DEVICE, "permission denied", "try sudo")
    if error.errno in {errno.ENOENT, errno.ENODEV, errno.ENXIO}:
        return TunscopeError(
            CLONE_DEVICE, "this kernel offers no tun devices here", "try sudo modprobe tun"
        )
    return TunscopeError(CLONE_DEVICE, os.strerror(error.errno or 0))


def _attach_error(name: str, flags: TunFlags, error: OSError) -> TunscopeError:
    shown = printable(name)
    match error.errno:
        case errno.EPERM:
            return TunscopeError(shown, "not permitted", "needs CAP_NET_ADMIN; try sudo")
        case errno.EBUSY:
            return DeviceBusyError(shown, "held by another process", "observe it with --observe")
        case errno.EINVAL:
            return UsageError(shown, f"cannot be opened as a {flags.kind} device")
    return TunscopeError(shown, os.strerror(error.errno or 0))


def set_persist(fd: int, persist: bool) -> None:
    """Say whether the device outlives its last descriptor."""
    fcntl.ioctl(fd, _TUNSETPERSIST, int(persist))


def set_owner(fd: int, uid: int) -> None:
    """Let only user `uid` (and CAP_NET_ADMIN) attach to the device."""
    fcntl.ioctl(fd, _TUNSETOWNER, uid)


def set_group(fd: int, gid: int) -> None:
    """Let only group `gid` (and CAP_NET_ADMIN) attach to the device."""
    fcntl.ioctl(fd, _TUNSETGROUP, gid)


def get_vnet_hdr_size(fd: int) -> int:
    """Return the bytes of virtio-net header before each packet of an IFF_VNET_HDR device."""
    size = array.array("i", [0])
    fcntl.ioctl(fd, _TUNGETVNETHDRSZ, size)
    return size[0]


def set_offload(fd: int, offloads: Sequence[int]) -> None:
    """Let the kernel hand over packets of up to 64 KiB with partial checksums, or no longer.

    `offloads` are sets of TUN_F_ bits to try in turn, (0,) for none. For an IFF_VNET_HDR device;
    TunscopeError if it takes none of them.
    """
    failure: OSError | None = None
    for features in offloads:
        try:
            fcntl.ioctl(fd, _TUNSETOFFLOAD, features)
        except OSError as error:
            failure = error
        else:
            return
    raise TunscopeError("offload", f"the device refuses it: {failure}")


def attached_name(fd: int) -> str:
    """Return the name of the device that `fd` is attached to; OSError if to none."""
    name, _ = _IFREQ.unpack(fcntl.ioctl(fd, _TUNGETIFF, bytes(_IFREQ.size)))
    return os.fsdecode(name.split(b"\0", 1)[0])
