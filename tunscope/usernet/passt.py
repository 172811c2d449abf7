"""The outside through passt (frames over a stream) or pasta, its twin with a tap of its own."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from tunscope.errors import TunscopeError
from tunscope.usernet.forward import LISTEN_ADDRESS, Forward
from tunscope.usernet.network import NETWORK
from tunscope.usernet.program import HelpfulProgram
from tunscope.usernet.tether import tethered

PASST: Final = "passt"
PASTA: Final = "pasta"
_START_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.002
#: What the kernel is asked to keep of what passt sends; it gives what its limits allow.
_SOCKET_BUFFER: Final = 4 << 20


def _network_words(mtu: int, forwards: Sequence[Forward]) -> list[str]:
    words = [
        "--foreground", "--ipv4-only", f"--mtu={mtu}",
        f"--address={NETWORK.address}", f"--netmask={NETWORK.prefix}",
        f"--gateway={NETWORK.gateway}", f"--dns-forward={NETWORK.nameserver}",
    ]  # fmt: skip
    for option, protocol in (("--tcp-ports", "tcp"), ("--udp-ports", "udp")):
        chosen = [one for one in forwards if one.protocol == protocol]
        words += [f"{option}={LISTEN_ADDRESS}/{one.host_port}:{one.port}" for one in chosen]
        if not chosen:
            words.append(f"{option}=none")
    return words


class _Tethered:
    """passt or pasta, from its start to its end.

    Neither can be relied on to end by itself: pasta stays with its namespaces, and a passt that is
    busy with a connection does not look at its socket.
    """

    def __init__(self, words: Sequence[str], fds: Sequence[int]) -> None:
        tether, self._tether = os.pipe2(os.O_CLOEXEC)
        try:
            self.program = HelpfulProgram(tethered(words, tether), [tether, *fds], words[0])
        except TunscopeError:
            os.close(self._tether)
            raise
        finally:
            os.close(tether)

    def close(self) -> None:
        """End it; a second call does nothing."""
        if self._tether >= 0:
            os.close(self._tether)
            self._tether = -1
            self.program.close()


class PasstUplink:
    """passt at the other end of a SOCK_STREAM socket; see `uplink.Uplink`."""

    name = PASST
    peer_kind: Literal["stream"] = "stream"

    def __init__(self, mtu: int, forwards: Sequence[Forward]) -> None:
        self._socket, theirs = socket.socketpair()
        with contextlib.ExitStack() as undo:
            undo.callback(self._socket.close)
            with theirs:
                # passt drops what finds no room, and each frame lost costs a retransmission.
                theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER)
                words = [PASST, f"--fd={theirs.fileno()}", *_network_words(mtu, forwards)]
                self._passt = _Tethered(words, [theirs.fileno()])
            undo.callback(self._passt.close)
            self._await_answer()
            undo.pop_all()

    def fileno(self) -> int:
        """The socket."""
        return self._socket.fileno()

    def handed_over(self) -> None:
        """Close our end."""
        self._socket.close()

    def close(self) -> None:
        """End passt."""
        self._socket.close()
        self._passt.close()

    def _await_answer(self) -> None:
        """Ask for the gateway's hardware address: who answers is ready, and has all its ports.

        passt learns the namespace's own address by it, without which it forwards nothing.
        """
        mac = bytes.fromhex(NETWORK.mac.replace(":", ""))
        frame = (
            b"\xff" * 6 + mac + bytes.fromhex("0806 0001 0800 0604 0001")
            + mac + socket.inet_aton(NETWORK.address) + bytes(6) + socket.inet_aton(NETWORK.gateway)
        )  # fmt: skip
        self._socket.settimeout(_START_SECONDS)
        try:
            self._socket.sendall(len(frame).to_bytes(4, "big") + frame)
            self._receive(int.from_bytes(self._receive(4), "big"))
        except OSError as error:
            raise self._passt.program.failure("did not start") from error
        self._socket.settimeout(None)

    def _receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            chunk = self._socket.recv(size - len(data))
            if not chunk:
                raise self._passt.program.failure("did not start")
            data += chunk
        return data


class PastaTap:
    """pasta with a tap of its own in the namespaces of process `pid`."""

    name = PASTA

    def __init__(self, pid: int, device: str, mtu: int, forwards: Sequence[Forward]) -> None:
        with tempfile.TemporaryDirectory(prefix="tunscope-") as folder:
            started = Path(folder) / "pid"
            words = [
                PASTA, *_network_words(mtu, forwards), "--tcp-ns=none", "--udp-ns=none",
                "--config-net", f"--ns-ifname={device}", f"--pid={started}",
                # As root it would become nobody, who may not enter the namespaces.
                f"--runas={os.geteuid()}:{os.getegid()}", str(pid),
            ]  # fmt: skip
            self._pasta = _Tethered(words, [])
            deadline = time.monotonic() + _START_SECONDS
            while not started.is_file() or not started.read_text().endswith("\n"):
                if not self._pasta.program.running or time.monotonic() > deadline:
                    failure = self._pasta.program.failure("did not start")
                    self._pasta.close()
                    raise failure
                time.sleep(_PAUSE_SECONDS)

    def close(self) -> None:
        """End pasta."""
        self._pasta.close()
