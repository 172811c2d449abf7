"""The front end's end of `tunscope.device.inspect`: whose a device or socket is, without rights."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, Final, Self

from tunscope.device.facts import Owner
from tunscope.device.programs import Conversation, SocketOwner

#: Seconds after which an inspector that does not answer counts as gone.
TIMEOUT: Final = 2.0
#: Conversations of a question, so that it is never too long for the child.
_PER_QUESTION: Final = 60
_LEAVE_TIME: Final = 0.5
_MAX_ANSWER: Final = 1 << 20


class Inspector:
    """Starts the inspecting child and asks it; to be started before rights are given away.

    Without a child that answers owners are simply unknown: nothing here raises once it runs.
    `launcher` is put in front of the command (`sudo --`), and the child has the descriptors
    `inherited`. To be used from one thread at a time.
    """

    def __init__(self, launcher: Sequence[str] = (), inherited: Sequence[int] = ()) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._serial = 0
        self._buffer = b""
        with contextlib.suppress(OSError):
            self._child = subprocess.Popen(
                [*launcher, sys.executable, "-I", "-m", "tunscope.device.inspect"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                pass_fds=inherited,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def alive(self) -> bool:
        """Whether there is a child to ask."""
        return self._child is not None

    def owners(self, netns: str | None = None, timeout: float = TIMEOUT) -> dict[str, Owner]:
        """Return the owners of the devices of a namespace, by device; none if nobody tells.

        `timeout` in seconds; a child that lets it pass is given up.
        """
        self._serial += 1
        reply = self._ask({"id": self._serial, "op": "owners", "netns": netns}, timeout)
        found = reply.get("owners")
        if not isinstance(found, dict):
            return {}
        return {name: Owner(int(who["pid"]), str(who["command"])) for name, who in found.items()}

    def programs(
        self,
        conversations: Sequence[Conversation],
        netns: str | None = None,
        timeout: float = TIMEOUT,
    ) -> list[SocketOwner | None]:
        """Return who takes part in each conversation, None where nobody tells; see `owners`."""
        found: list[SocketOwner | None] = []
        for start in range(0, len(conversations), _PER_QUESTION):
            asked = conversations[start : start + _PER_QUESTION]
            self._serial += 1
            question = {
                "id": self._serial,
                "op": "programs",
                "netns": netns,
                "conversations": [
                    [
                        one.protocol,
                        one.source,
                        one.source_port,
                        one.destination,
                        one.destination_port,
                    ]
                    for one in asked
                ],
            }
            told = self._ask(question, timeout).get("programs")
            if isinstance(told, list) and len(told) == len(asked):
                found += [None if who is None else SocketOwner(int(who[0]), who[1]) for who in told]
            else:
                found += [None] * len(asked)
        return found

    def close(self) -> None:
        """End the child: it leaves when its input ends."""
        child, self._child = self._child, None
        if child is None:
            return
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            child.wait(_LEAVE_TIME)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(PermissionError):  # under sudo it is not ours to kill
                child.kill()
                child.wait()

    def _ask(self, question: dict[str, Any], timeout: float) -> dict[str, Any]:
        child = self._child
        if child is None or child.stdin is None:
            return {}
        deadline = time.monotonic() + timeout
        try:
            child.stdin.write(json.dumps(question).encode() + b"\n")
            while True:
                reply = json.loads(self._line(deadline))
                if reply["id"] == question["id"]:
                    return dict(reply)
        except (OSError, ValueError, KeyError, TypeError):
            self.close()
            return {}

    def _line(self, deadline: float) -> bytes:
        """Return the child's next line; OSError when it ends, is late, or never stops talking."""
        if self._child is None or self._child.stdout is None:
            raise BrokenPipeError
        stdout = self._child.stdout
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or len(self._buffer) > _MAX_ANSWER:
                raise TimeoutError
            if select.select([stdout], [], [], left)[0]:
                data = os.read(stdout.fileno(), 65536)
                if not data:
                    raise BrokenPipeError
                self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line
