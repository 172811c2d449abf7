"""A running engine, asked from another process through its control socket."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self

from tunscope.engine.control import ControlChannel
from tunscope.engine.protocol import Message, Op, decode_error
from tunscope.errors import TunscopeError

_ANSWER_SECONDS: Final = 10.0


class RemoteEngine:
    """One connection to an engine that somebody else's front end started."""

    def __init__(self, path: Path) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(os.fspath(path))
        except OSError:
            sock.close()
            raise
        self._channel = ControlChannel(sock.detach())
        self._last_id = 0

    @classmethod
    def reach(cls, path: Path) -> Self | None:
        """Connect; None if nobody listens, and a socket that a crash left is removed."""
        try:
            return cls(path)
        except ConnectionRefusedError:
            with contextlib.suppress(OSError):
                path.unlink()
        except OSError:
            pass
        return None

    def request(self, op: Op, fds: Mapping[str, int] | None = None, **arguments: Any) -> Message:
        """Send a request and wait for its answer's result; raises the error it carries."""
        self._last_id += 1
        message = {"id": self._last_id, "op": op, "fds": list(fds or {}), **arguments}
        self._channel.send(message, tuple((fds or {}).values()))
        deadline = time.monotonic() + _ANSWER_SECONDS
        while True:
            for reply in self._channel.receive():
                if isinstance(reply, TunscopeError):
                    raise reply
                if reply.get("id") == self._last_id:
                    if not reply["ok"]:
                        raise decode_error(reply["error"])
                    result: Message = reply["result"]
                    return result
            if self._channel.closed:
                raise TunscopeError("engine", "the capture ended")
            left = deadline - time.monotonic()
            if left <= 0:
                raise TunscopeError("engine", f"no answer to {op} within {_ANSWER_SECONDS:.0f} s")
            self._channel.wait(left)
            self._channel.flush()

    def events(self) -> Iterator[Message]:
        """Yield events as they come, for ever; TunscopeError when the capture ended."""
        while True:
            for message in self._channel.receive():
                if isinstance(message, TunscopeError):
                    raise message
                if "event" in message:
                    yield message
            if self._channel.closed:
                raise TunscopeError("engine", "the capture ended")
            self._channel.wait(None)

    def close(self) -> None:
        """Leave."""
        self._channel.close()
