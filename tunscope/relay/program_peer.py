"""What is common to peers that are programs behind a socket."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from typing import Final

from tunscope.relay.peer import PeerCounters
from tunscope.relay.readiness import Readiness
from tunscope.relay.send_queue import SendQueue

#: A frame has two addresses and a type; less is none.
SMALLEST_FRAME: Final = 14
#: The other end is gone; anything else concerns one frame.
_GONE: Final = frozenset({errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.ECONNREFUSED})


class ProgramPeer:
    """The program at the other end of the connected socket `fd`, which the peer owns from then on.

    Frames that the program cannot take yet wait here, in order. `name` is the program's. How frames
    are told apart in the socket is for a subclass, which adds `send` and `receive_into` of
    `relay.peer.Peer`.
    """

    def __init__(self, fd: int, name: str) -> None:
        self.counters = PeerCounters()
        self._name = name
        self._socket: socket.socket | None = socket.socket(fileno=fd)
        self._readiness = Readiness(fd)
        self._outgoing = SendQueue(self._socket, self._readiness.want_room)
        self._news: list[str] = []

    def fileno(self) -> int | None:
        """Readable while frames wait, or those that wait to be sent can go on."""
        return None if self._socket is None else self._readiness.fileno()

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
            self._outgoing.clear()

    def _pass_on(self, parts: Sequence[bytes | memoryview]) -> bool:
        """Send one frame's `parts` with one system call, now or as soon as there is room."""
        try:
            return self._outgoing.send(parts)
        except OSError as error:
            self._give_up_if_gone(error)
            return False

    def _give_up_if_gone(self, error: OSError) -> None:
        if error.errno in _GONE:
            self._give_up(f"has ended ({error.strerror})")

    def _give_up(self, why: str) -> None:
        self.close()
        self._news.append(f"{self._name} {why}: nothing is at the far end any more")
