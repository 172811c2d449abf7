"""Other programs of the same person that ask a running engine: `tunscope inject` and the like.

They come through a listening UNIX socket that the front end made and handed over. Each has a
control channel of its own and may ask for less than the front end.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
from collections.abc import Callable
from typing import Final

from tunscope.engine.control import ControlChannel
from tunscope.engine.protocol import Message, Op, encode_error
from tunscope.errors import TunscopeError, UsageError

#: What a visitor may ask for.
ALLOWED: Final = frozenset(
    {
        Op.DESCRIBE, Op.STATISTICS, Op.INJECT, Op.COPY, Op.RELAY, Op.HELD, Op.VERDICT, Op.EDIT,
        Op.WATCH,
        Op.RESOLVE, Op.REPLAY, Op.REPLAY_STATUS, Op.REPLAY_STOP, Op.REPLAY_CONTROL,
    }
)  # fmt: skip
_MOST: Final = 16
_UCRED: Final = struct.Struct("3i")


class Visitors:
    """Channels of those who came through the listening socket.

    `answer` is called with each allowed request and the channel to answer on, `left` with a
    channel whose other end is gone. Only root and the user `uid` are let in. `watching` are those
    that want to hear events.
    """

    def __init__(
        self,
        answer: Callable[[Message, ControlChannel], None],
        left: Callable[[ControlChannel], None],
    ) -> None:
        self._answer = answer
        self._left = left
        self._listener: socket.socket | None = None
        self._uid = -1
        self._channels: dict[int, ControlChannel] = {}
        self.watching: set[ControlChannel] = set()

    def listen(self, fd: int, uid: int) -> None:
        """Let visitors in through the listening socket `fd`, which is ours from now on."""
        try:
            listener = socket.socket(fileno=fd)
        except OSError as error:
            os.close(fd)
            raise UsageError("listen", "the descriptor is no socket") from error
        if self._listener is not None:
            self._listener.close()
        listener.setblocking(False)
        self._listener, self._uid = listener, uid

    def interests(self) -> dict[int, int]:
        """What to poll descriptors for: `serve` has something to do then."""
        interests = {fd: channel.poll_events for fd, channel in self._channels.items()}
        if self._listener is not None:
            interests[self._listener.fileno()] = select.POLLIN
        return interests

    def tell(self, message: Message) -> None:
        """Send an event to those who watch."""
        for channel in self.watching:
            channel.send(message)

    def serve(self, fd: int) -> bool:
        """Act on one descriptor that is ready; return whether it is ours."""
        if self._listener is not None and fd == self._listener.fileno():
            self._let_in(self._listener)
            return True
        channel = self._channels.get(fd)
        if channel is None:
            return False
        channel.flush()
        for message in channel.receive():
            if isinstance(message, TunscopeError):
                channel.send({"id": None, "ok": False, "error": encode_error(message)})
            elif message.get("op") in ALLOWED:
                self._answer(message, channel)
            else:
                self._refuse(message, channel)
        if channel.closed:
            self._leave(fd, channel)
        return True

    def close(self) -> None:
        """Send everybody away."""
        for fd, channel in list(self._channels.items()):
            self._leave(fd, channel)
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _let_in(self, listener: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            visitor, _ = listener.accept()
            raw = visitor.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
            _, uid, _ = _UCRED.unpack(raw)
            if uid not in {0, self._uid} or len(self._channels) >= _MOST:
                visitor.close()
                return
            fd = visitor.detach()
            self._channels[fd] = ControlChannel(fd)

    def _leave(self, fd: int, channel: ControlChannel) -> None:
        del self._channels[fd]
        self.watching.discard(channel)
        self._left(channel)
        channel.close()

    @staticmethod
    def _refuse(message: Message, channel: ControlChannel) -> None:
        for fd in message["fds"].values():
            os.close(fd)
        error = UsageError("control request", "only the program that started the capture may ask")
        channel.send({"id": message.get("id"), "ok": False, "error": encode_error(error)})
