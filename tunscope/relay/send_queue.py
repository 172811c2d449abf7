"""Frames on their way into a socket that may have no room for them now."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

#: Bytes of frames that wait for room in the socket; more are refused.
_MOST_WAITING: Final = 8 << 20
#: What the kernel is asked to keep for the reader; it gives what its limits allow.
_SOCKET_BUFFER: Final = 2 << 20


class SendQueue:
    """Sends each frame with a system call of its own; those that find no room wait in order.

    `want_room` is told whether `flush` should be called once there is room. OSError where the
    other end is gone, or the kernel will not have the frame.
    """

    def __init__(self, sock: socket.socket, want_room: Callable[[bool], None]) -> None:
        self._socket = sock
        self._want_room = want_room
        self._waiting: deque[bytes | memoryview] = deque()
        self._waiting_bytes = 0
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER)

    def send(self, parts: Sequence[bytes | memoryview]) -> bool:
        """Send a frame made of `parts`, or have it wait; False if too much waits already."""
        size = sum(map(len, parts))
        sent = 0
        if not self._waiting:
            try:
                sent = self._socket.sendmsg(parts)
            except BlockingIOError:
                sent = 0
            if sent == size:
                return True
        elif self._waiting_bytes + size > _MOST_WAITING:
            return False
        self._waiting.append(b"".join(parts)[sent:])
        self._waiting_bytes += size - sent
        self._want_room(True)
        return True

    def flush(self) -> None:
        """Send what waits, as far as there is room."""
        while self._waiting:
            frame = self._waiting[0]
            try:
                sent = self._socket.send(frame)
            except BlockingIOError:
                return
            self._waiting_bytes -= sent
            if sent < len(frame):
                self._waiting[0] = frame[sent:]
                return
            self._waiting.popleft()
        self._want_room(False)

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        self._waiting_bytes = 0
