"""The outside through slirp4netns: a frame a datagram (`--target-type=bess`), or its own tap."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from tunscope.errors import TunscopeError
from tunscope.usernet.forward import LISTEN_ADDRESS, Forward
from tunscope.usernet.network import NETWORK
from tunscope.usernet.program import HelpfulProgram, wait_readable

SLIRP: Final = "slirp4netns"
_START_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.002
_ANSWER_LIMIT: Final = 65536


class _Slirp:
    """slirp4netns from its start to its end.

    It ends with the pipe of `--exit-fd`, whose other end nobody but this process has: also when
    this process is killed. `folder` is private to it and gone once it runs.
    """

    def __init__(self, words: Sequence[str], mtu: int, folder: Path) -> None:
        self._api = folder / "api"
        exit_read, self._exit = os.pipe2(os.O_CLOEXEC)
        self._ready, ready_write = os.pipe2(os.O_CLOEXEC)
        try:
            self.program = HelpfulProgram(
                [
                    SLIRP, f"--mtu={mtu}", f"--exit-fd={exit_read}", f"--ready-fd={ready_write}",
                    f"--api-socket={self._api}", *words,
                ],
                [exit_read, ready_write],
                SLIRP,
            )  # fmt: skip
        except TunscopeError:
            os.close(self._exit)
            os.close(self._ready)
            raise
        finally:
            os.close(exit_read)
            os.close(ready_write)

    def await_ready(self) -> None:
        """Return once packets pass; TunscopeError with its last words if they never will."""
        if not wait_readable(self._ready, _START_SECONDS) or not os.read(self._ready, 1):
            raise self.program.failure("did not start")

    def forward(self, forwards: Sequence[Forward]) -> None:
        """Have it listen on the host; TunscopeError where it cannot."""
        for one in forwards:
            answer = self._ask(
                "add_hostfwd",
                proto=one.protocol,
                host_addr=LISTEN_ADDRESS,
                host_port=one.host_port,
                guest_addr=NETWORK.address,
                guest_port=one.port,
            )
            if "error" in answer:
                raise TunscopeError(
                    f"--forward {one}", f"port {one.host_port} of the host cannot be had",
                    "another program may listen there; HOSTPORT:PORT names another",
                )  # fmt: skip

    def _ask(self, what: str, **arguments: Any) -> dict[str, Any]:
        request = json.dumps({"execute": what, "arguments": arguments}).encode()
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(_START_SECONDS)
            try:
                sock.connect(str(self._api))
                sock.sendall(request)
                sock.shutdown(socket.SHUT_WR)
                answer: dict[str, Any] = json.loads(sock.recv(_ANSWER_LIMIT))
            except (OSError, ValueError) as error:
                raise self.program.failure(f"did not answer ({error})") from error
        return answer

    def close(self) -> None:
        """End it."""
        if self._exit >= 0:
            os.close(self._exit)
            os.close(self._ready)
            self._exit = -1
            self.program.close()


class SlirpUplink:
    """slirp4netns at the other end of a SOCK_SEQPACKET socket; see `uplink.Uplink`."""

    name = SLIRP
    peer_kind: Literal["seqpacket"] = "seqpacket"

    def __init__(self, mtu: int, forwards: Sequence[Forward]) -> None:
        with _private_folder() as folder:
            path = folder / "frames"
            self._slirp = _Slirp(["--target-type=bess", str(path)], mtu, folder)
            with contextlib.ExitStack() as undo:
                undo.callback(self._slirp.close)
                self._socket = self._connect(path)
                undo.callback(self._socket.close)
                self._slirp.await_ready()
                self._slirp.forward(forwards)
                undo.pop_all()

    def fileno(self) -> int:
        """The socket."""
        return self._socket.fileno()

    def handed_over(self) -> None:
        """Close our end."""
        self._socket.close()

    def close(self) -> None:
        """End slirp4netns, which the end of the socket does not."""
        self._socket.close()
        self._slirp.close()

    def _connect(self, path: Path) -> socket.socket:
        """Connect as soon as it listens."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            try:
                sock.connect(str(path))
            except OSError:
                sock.close()
                if not self._slirp.program.running or time.monotonic() > deadline:
                    raise self._slirp.program.failure("did not start") from None
            else:
                return sock
            time.sleep(_PAUSE_SECONDS)


class SlirpTap:
    """slirp4netns with a tap of its own in the namespaces of process `pid`."""

    name = SLIRP

    def __init__(self, pid: int, device: str, mtu: int, forwards: Sequence[Forward]) -> None:
        with _private_folder() as folder:
            words = ["--configure", f"--userns-path=/proc/{pid}/ns/user", str(pid), device]
            self._slirp = _Slirp(words, mtu, folder)
            with contextlib.ExitStack() as undo:
                undo.callback(self._slirp.close)
                self._slirp.await_ready()
                self._slirp.forward(forwards)
                undo.pop_all()

    def close(self) -> None:
        """End slirp4netns."""
        self._slirp.close()


@contextlib.contextmanager
def _private_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tunscope-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
