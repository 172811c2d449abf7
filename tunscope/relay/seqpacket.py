"""The peer behind a SOCK_SEQPACKET socket: one datagram is one Ethernet frame.

This is how slirp4netns speaks with `--target-type=bess`.
"""

from __future__ import annotations

import socket
from collections import deque
from typing import Final

from tunscope.relay.peer import PeerCounters
from tunscope.relay.readiness import Readiness

#: A frame has two addresses and a type; less would look like the end of the connection.
_SMALLEST_FRAME: Final = 14
#: Bytes of frames that wait for room in the socket; more are refused.
_MOST_WAITING: Final = 8 << 20
#: What the kernel is asked to keep for the program; it gives what its limits allow.
_SOCKET_BUFFER: Final = 2 << 20


class SeqpacketPeer:
    """The program at the other end of the connected socket `fd`, which the peer owns from then on.

    Frames that the program cannot take yet wait here, in order. `name` is the program's.
    """

    def __init__(self, fd: int, name: str) -> None:
        self.counters = PeerCounters()
        self._name = name
        self._socket: socket.socket | None = socket.socket(fileno=fd)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER)
        self._readiness = Readiness(fd)
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._news: list[str] = []

    def fileno(self) -> int | None:
        """Readable while frames wait, or those that wait to be sent can go on."""
        return None if self._socket is None else self._readiness.fileno()

    def send(self, packet: memoryview) -> bool:
        """Pass a frame on, now or as soon as there is room."""
        if self._socket is None or len(packet) < _SMALLEST_FRAME:
            return False
        if self._waiting:
            return self._wait(packet)
        try:
            self._socket.send(packet)
        except BlockingIOError:
            return self._wait(packet)
        except OSError as error:
            self._give_up(error)
            return False
        return True

    def receive_into(self, buffer: memoryview) -> int:
        """Take one frame; use the occasion to send what waits."""
        if self._waiting:
            self._send_waiting()
        if self._socket is None:
            return 0
        try:
            length = self._socket.recv_into(buffer)
        except BlockingIOError:
            return 0
        except OSError as error:
            self._give_up(error)
            return 0
        if not length:
            self._give_up(None)
        return length

    def news(self) -> list[str]:
        """Tell once that the program is gone."""
        news, self._news = self._news, []
        return news

    def close(self) -> None:
        """Close the socket, and forget what waits."""
        if self._socket is not None:
            self._readiness.close()
            self._socket.close()
            self._socket = None
        self._waiting.clear()
        self._waiting_bytes = 0

    def _wait(self, packet: memoryview) -> bool:
        if self._waiting_bytes + len(packet) > _MOST_WAITING:
            return False
        self._waiting.append(bytes(packet))
        self._waiting_bytes += len(packet)
        self._readiness.want_room(True)
        return True

    def _send_waiting(self) -> None:
        while self._waiting and self._socket is not None:
            try:
                self._socket.send(self._waiting[0])
            except BlockingIOError:
                return
            except OSError as error:
                self._give_up(error)
                return
            self._waiting_bytes -= len(self._waiting.popleft())
        if self._socket is not None:
            self._readiness.want_room(False)

    def _give_up(self, error: OSError | None) -> None:
        why = f" ({error.strerror})" if error is not None else ""
        self.close()
        self._news.append(f"{self._name} has ended{why}: nothing is at the far end any more")
