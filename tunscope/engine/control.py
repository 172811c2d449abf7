"""The control channel's wire: lines, and descriptors beside them, over a socket or a pipe."""

from __future__ import annotations

import array
import os
import socket
import stat
from collections import deque
from typing import Final

from tunscope.engine.descriptor_passing import receive_descriptors
from tunscope.engine.protocol import MAXIMUM_LINE, Message, decode_line, encode_line
from tunscope.errors import TunscopeError

_READ_SIZE: Final = 1 << 16
_MAXIMUM_FDS: Final = 16


class ControlChannel:
    """One end of a control channel on descriptor `fd`, made nonblocking for reading.

    On a socket, messages go both ways. On a pipe or a terminal only requests come in, and what
    is sent goes to descriptor `fallback` (the engine's stderr).
    """

    def __init__(self, fd: int, fallback: int | None = None) -> None:
        self._fd = fd
        self._fallback = fallback
        self._socket: socket.socket | None = None
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            self._socket = socket.socket(fileno=fd)
        self._buffer = b""
        self._discarding = False
        self._fds: deque[int] = deque()
        self.closed = False

    def fileno(self) -> int:
        """Return the descriptor to poll for reading."""
        return self._fd

    def receive(self) -> list[Message | TunscopeError]:
        """Return what has arrived: messages, and an error for each line that is none.

        A message's ``"fds"`` list of names is replaced by a mapping of those names to
        descriptors, which belong to the caller. `closed` turns true at the end of the stream.
        """
        data = self._read()
        if data is None:
            return []
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        found: list[Message | TunscopeError] = []
        for line in lines:
            if self._discarding:  # the tail of a line that was too long
                self._discarding = False
            elif line.strip():
                found.append(self._decode(line))
        if len(self._buffer) > MAXIMUM_LINE:
            self._buffer = b""
            self._discarding = True
            found.append(TunscopeError("control line", f"longer than {MAXIMUM_LINE} bytes"))
        return found

    def send(self, message: Message, fds: tuple[int, ...] = ()) -> None:
        """Send one message without ever waiting.

        An end that is gone is not an error (`closed` tells); one that does not read misses what
        its buffer has no room for, since traffic must not wait for a screen.
        """
        line = encode_line(message)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            if self._socket is not None:
                self._socket.sendmsg([line], rights, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            elif self._fallback is not None:
                os.write(self._fallback, line)
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            self.closed = True

    def close(self) -> None:
        """Close the channel: for the other end, the end of the stream."""
        self.closed = True
        self._fd = -1
        while self._fds:
            os.close(self._fds.popleft())
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _read(self) -> bytes | None:
        if self._fd < 0:
            return None
        try:
            if self._socket is not None:
                data, fds = receive_descriptors(
                    self._socket, _READ_SIZE, _MAXIMUM_FDS, socket.MSG_DONTWAIT
                )
                self._fds.extend(fds)
            else:
                data = os.read(self._fd, _READ_SIZE)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            data = b""
        if not data:
            self.closed = True
            return None
        return data

    def _decode(self, line: bytes) -> Message | TunscopeError:
        try:
            message = decode_line(line)
        except TunscopeError as error:
            return error
        names = message.get("fds", [])
        if not isinstance(names, list) or len(names) > len(self._fds):
            return TunscopeError("control line", "names descriptors that did not come with it")
        message["fds"] = {str(name): self._fds.popleft() for name in names}
        return message
