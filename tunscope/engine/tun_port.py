"""The kernel side of a tun or tap descriptor: one packet in, and why it was refused."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Sequence
from typing import Final

_ETH_P_IP: Final = 0x0800
_ETH_P_IPV6: Final = 0x86DD
_REASONS: Final = {
    errno.ENETDOWN: "the device is down",
    errno.ENODEV: "the device was deleted",
    errno.ENXIO: "the device was deleted",
    errno.EIO: "the device is down",
    errno.EINVAL: "the kernel takes it for no packet of this device",
    errno.EBADFD: "the device was deleted",
    errno.ENOBUFS: "the device's queue is full",
    errno.EAGAIN: "the device's queue is full",
    errno.EMSGSIZE: "longer than the device's MTU",
}


class TunPort:
    """Writes packets to descriptor `fd` behind the headers that its device wants."""

    def __init__(self, fd: int, *, packet_info: bool, vnet_header_size: int) -> None:
        self._fd = fd
        self._packet_info = packet_info
        self._vnet_header = bytes(vnet_header_size)
        self._bare = not packet_info and not vnet_header_size

    def write_frame(self, frame: memoryview) -> int:
        """Put one packet into the kernel with the headers that stand before it, as `write` does."""
        try:
            os.write(self._fd, frame)
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def write(self, packet: bytes | memoryview) -> int:
        """Put one packet into the kernel; return 0, or the errno with which it was refused."""
        prefix = self._vnet_header
        if self._bare:
            return self._write_bare(packet)
        if self._packet_info:
            version = packet[0] >> 4 if len(packet) else 0
            protocol = _ETH_P_IPV6 if version == 6 else _ETH_P_IP
            prefix = struct.pack(">HH", 0, protocol) + prefix
        try:
            os.writev(self._fd, [prefix, packet])
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def write_all(self, packets: Sequence[memoryview]) -> int:
        """Put packets into the kernel one after another; return how many it refused."""
        if not self._bare:
            return sum(self.write(packet) != 0 for packet in packets)
        fd, refused = self._fd, 0
        for packet in packets:
            try:
                os.write(fd, packet)
            except OSError:
                refused += 1
        return refused

    def _write_bare(self, packet: bytes | memoryview) -> int:
        try:
            os.write(self._fd, packet)
        except OSError as error:
            return error.errno or errno.EIO
        return 0


def refusal(code: int) -> str:
    """Return what an errno of a write or a send means for a packet, with the errno's name."""
    why = _REASONS.get(code, os.strerror(code))
    return f"{why} ({errno.errorcode.get(code, code)})"
