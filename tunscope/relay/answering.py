"""A peer in front of another one that answers some questions itself."""

from __future__ import annotations

import select

from tunscope.relay.peer import Peer
from tunscope.relay.respond import RespondPeer


class AnsweringPeer:
    """`inner`, but what `responder` has an answer to does not get there.

    Both are this peer's from then on.
    """

    def __init__(self, responder: RespondPeer, inner: Peer) -> None:
        self._responder = responder
        self._inner = inner
        responder.counters = inner.counters
        self.counters = inner.counters
        self._epoll: select.epoll | None = select.epoll()
        for fd in (responder.fileno(), inner.fileno()):
            if fd is not None:
                self._epoll.register(fd, select.EPOLLIN)

    def fileno(self) -> int | None:
        """Readable while either has something."""
        return None if self._epoll is None else self._epoll.fileno()

    def send(self, packet: memoryview) -> bool:
        """Answer the packet, or pass it on."""
        if self._epoll is None:
            return False
        return self._responder.answers(packet) or self._inner.send(packet)

    def receive_into(self, buffer: memoryview) -> int:
        """Give an answer that waits, else what the other peer has."""
        if self._epoll is None:
            return 0
        return self._responder.receive_into(buffer) or self._inner.receive_into(buffer)

    def news(self) -> list[str]:
        """The other peer's."""
        return self._inner.news()

    def close(self) -> None:
        """Close both."""
        if self._epoll is not None:
            self._epoll.close()
            self._epoll = None
        self._responder.close()
        self._inner.close()
