"""The control channel's wire: lines, and descriptors beside them, over a socket or a pipe."""

from __future__ import annotations

import array
import os
import select
import socket
import stat
import time
from collections import deque
from typing import Final

from tunscope.engine.descriptor_passing import receive_descriptors
from tunscope.engine.protocol import MAXIMUM_LINE, Message, decode_line, encode_line
from tunscope.errors import TunscopeError

_READ_SIZE: Final = 1 << 16
_MAXIMUM_FDS: Final = 16
#: No message is queued behind so many bytes that the other end did not read yet.
_MOST_WAITING: Final = MAXIMUM_LINE


class _Unsent:
    """What is left of a line, with duplicates of its descriptors until its first byte is sent."""

    __slots__ = ("data", "fds")

    def __init__(self, data: bytes, fds: tuple[int, ...]) -> None:
        self.data, self.fds = data, fds

    def rights(self) -> list[tuple[int, int, array.array[int]]]:
        """Return the ancillary data of sendmsg(2)."""
        if not self.fds:
            return []
        return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", self.fds))]

    def close(self) -> None:
        """Close the duplicates."""
        for fd in self.fds:
            os.close(fd)
        self.fds = ()


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
        self._waiting: deque[_Unsent] = deque()
        self._waiting_bytes = 0
        self.closed = False

    def fileno(self) -> int:
        """Return the descriptor to poll for reading."""
        return self._fd

    @property
    def poll_events(self) -> int:
        """What to poll the descriptor for: writable, too, while something waits for `flush`."""
        return select.POLLIN | select.POLLOUT if self._waiting else select.POLLIN

    def wait(self, seconds: float | None) -> None:
        """Wait until `receive` or `flush` has something to do, None: for ever."""
        poll = select.poll()
        poll.register(self._fd, self.poll_events)
        poll.poll(None if seconds is None else seconds * 1000)

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
        """Send one message without ever waiting; what has no room now leaves with `flush`.

        An end that is gone is not an error (`closed` tells); one that does not read misses whole
        messages once a megabyte waits for it, since traffic must not wait for a screen.
        The descriptors stay the caller's.
        """
        if self._socket is None:
            self._send_to_fallback(encode_line(message))
        elif not self.closed and self._waiting_bytes < _MOST_WAITING:
            line = encode_line(message)
            self._waiting.append(_Unsent(line, tuple(map(os.dup, fds))))
            self._waiting_bytes += len(line)
            self.flush()

    def flush(self) -> None:
        """Send what waits, as far as there is room now."""
        while self._waiting and self._socket is not None:
            first = self._waiting[0]
            try:
                sent = self._socket.sendmsg(
                    [first.data], first.rights(), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
                )
            except BlockingIOError:
                return
            except (BrokenPipeError, ConnectionResetError):
                self.closed = True
                self._forget_waiting()
                return
            first.close()  # descriptors go with the first byte
            first.data = first.data[sent:]
            self._waiting_bytes -= sent
            if not first.data:
                self._waiting.popleft()

    def finish(self, seconds: float) -> None:
        """Send what waits, and wait so long for an end that reads too slowly."""
        until = time.monotonic() + seconds
        self.flush()
        while self._waiting and (left := until - time.monotonic()) > 0:
            select.select([], [self], [], left)
            self.flush()

    def close(self) -> None:
        """Close the channel: for the other end, the end of the stream."""
        self.closed = True
        self._fd = -1
        while self._fds:
            os.close(self._fds.popleft())
        self._forget_waiting()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send_to_fallback(self, line: bytes) -> None:
        if self._fallback is None:
            return
        try:
            os.write(self._fallback, line)
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self.closed = True

    def _forget_waiting(self) -> None:
        for unsent in self._waiting:
            unsent.close()
        self._waiting.clear()
        self._waiting_bytes = 0

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
