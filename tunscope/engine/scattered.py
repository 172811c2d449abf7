"""Packets that lie scattered in memory, sent with one system call through a UDP socket."""

from __future__ import annotations

import ctypes
import socket
import struct
from typing import Final

import numpy as np

_SOL_UDP: Final = 17
_UDP_SEGMENT: Final = 103
#: struct msghdr, all of it in words: name, its length, iovecs, their number, control, its length.
_MESSAGE: Final = struct.Struct("=7Q")
#: struct cmsghdr with a u16 behind it.
_CONTROL: Final = struct.Struct("=QiiH6x")
_CONTROL_LENGTH: Final = 18
_MOST_ADDRESSES: Final = 1024

_libc: Final = ctypes.CDLL(None, use_errno=True)
_sendmsg: Final = _libc.sendmsg
_sendmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_sendmsg.restype = ctypes.c_ssize_t
_byte_in: Final = ctypes.c_char.from_buffer


def address_of(data: memoryview) -> int:
    """Return where memory begins that has one byte at least."""
    if data.readonly:  # ctypes takes none of that
        return int(np.frombuffer(data, np.uint8).ctypes.data)
    return ctypes.addressof(_byte_in(data))


class ScatteredSender:
    """Sends segments through UDP socket `fd`, which stays the caller's."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._message = bytearray(_MESSAGE.size)
        self._control = bytearray(_CONTROL.size)
        self._message_at = address_of(memoryview(self._message))
        self._control_at = address_of(memoryview(self._control))
        self._names: dict[tuple[str, int], tuple[bytearray, int]] = {}

    def send(self, iovecs: int, rows: int, size: int, where: tuple[str, int]) -> int:
        """Send what `rows` iovecs at address `iovecs` hold as datagrams of `size` bytes each.

        The last may be shorter. Return 0, or the errno with which none of them went.
        """
        name, name_at = self._names.get(where) or self._resolve(where)
        _CONTROL.pack_into(self._control, 0, _CONTROL_LENGTH, _SOL_UDP, _UDP_SEGMENT, size)
        _MESSAGE.pack_into(
            self._message, 0, name_at, len(name), iovecs, rows, self._control_at, _CONTROL.size, 0
        )
        if _sendmsg(self._fd, self._message_at, 0) < 0:
            return ctypes.get_errno()
        return 0

    def _resolve(self, where: tuple[str, int]) -> tuple[bytearray, int]:
        """Return the struct sockaddr of an address, and where it lies."""
        if len(self._names) >= _MOST_ADDRESSES:
            self._names.clear()
        host, port = where
        ends = struct.pack("!H", port)
        if ":" in host:
            packed = socket.inet_pton(socket.AF_INET6, host)
            name = bytearray(struct.pack("=H2s4x16s4x", socket.AF_INET6, ends, packed))
        else:
            packed = socket.inet_pton(socket.AF_INET, host)
            name = bytearray(struct.pack("=H2s4s8x", socket.AF_INET, ends, packed))
        self._names[where] = found = name, address_of(memoryview(name))
        return found
