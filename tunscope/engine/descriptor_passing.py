"""Descriptors over UNIX sockets (SCM_RIGHTS of unix(7)). Standard library only."""

from __future__ import annotations

import array
import socket

_MSG_CMSG_CLOEXEC = 0x40000000  # linux/socket.h


def receive_descriptors(
    sock: socket.socket, size: int, maximum: int, flags: int = 0
) -> tuple[bytes, list[int]]:
    """Receive at most `size` bytes and `maximum` descriptors, close-on-exec from the start.

    `flags` are those of recvmsg(2). socket.recv_fds of Python 3.11 takes flags too, and forgets
    them: its descriptors leak into every program started later, and MSG_DONTWAIT waits.
    """
    space = socket.CMSG_LEN(maximum * array.array("i").itemsize)
    data, ancillary, _, _ = sock.recvmsg(size, space, flags | _MSG_CMSG_CLOEXEC)
    fds = array.array("i")
    for level, kind, payload in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
    return data, list(fds)
