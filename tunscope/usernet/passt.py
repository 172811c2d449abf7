"""The outside through passt (frames over a stream) or pasta, its twin with a tap of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from tunscope.usernet.forward import LISTEN_ADDRESS, Forward
from tunscope.usernet.network import NETWORK
from tunscope.usernet.program import HelpfulProgram
from tunscope.usernet.tether import tethered

PASST: Final = "passt"
PASTA: Final = "pasta"
#: The largest that passt takes.
LARGEST_MTU: Final = 65520
_START_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.002


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


class PasstUplink:
    """passt at the other end of a SOCK_STREAM socket; see `uplink.Uplink`."""

    name = PASST
    peer_kind: Literal["stream"] = "stream"

    def __init__(self, mtu: int, forwards: Sequence[Forward]) -> None:
        self._socket, theirs = socket.socketpair()
        with contextlib.ExitStack() as undo:
            undo.callback(self._socket.close)
            with theirs:
                self._program = HelpfulProgram(
                    [PASST, f"--fd={theirs.fileno()}", *_network_words(mtu, forwards)],
                    [theirs.fileno()],
                    PASST,
                )
            undo.callback(self._program.close)
            self._await_answer()
            undo.pop_all()

    def fileno(self) -> int:
        """The socket."""
        return self._socket.fileno()

    def handed_over(self) -> None:
        """Close our end: passt ends with the engine's."""
        self._socket.close()

    def close(self) -> None:
        """passt ends with the socket, also when this process and the engine are killed."""
        self._socket.close()
        self._program.close()

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
            raise self._program.failure("did not start") from error
        self._socket.settimeout(None)

    def _receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            chunk = self._socket.recv(size - len(data))
            if not chunk:
                raise self._program.failure("did not start")
            data += chunk
        return data


class PastaTap:
    """pasta with a tap of its own in the namespaces of process `pid`."""

    name = PASTA

    def __init__(self, pid: int, device: str, mtu: int, forwards: Sequence[Forward]) -> None:
        tether, self._tether = os.pipe2(os.O_CLOEXEC)
        with contextlib.ExitStack() as undo:
            undo.callback(lambda: os.close(self._tether))
            folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="tunscope-")))
            started = folder / "pid"
            words = [
                PASTA, *_network_words(mtu, forwards), "--tcp-ns=none", "--udp-ns=none",
                "--config-net", f"--ns-ifname={device}", f"--pid={started}",
                # As root it would become nobody, who may not enter the namespaces.
                f"--runas={os.geteuid()}:{os.getegid()}", str(pid),
            ]  # fmt: skip
            try:
                self._program = HelpfulProgram(tethered(words, tether), [tether], PASTA)
            finally:
                os.close(tether)
            deadline = time.monotonic() + _START_SECONDS
            while not started.is_file() or not started.read_text().endswith("\n"):
                if not self._program.running or time.monotonic() > deadline:
                    raise self._program.failure("did not start")
                time.sleep(_PAUSE_SECONDS)
            undo.pop_all()
        shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """End pasta, which the end of its namespaces does not."""
        if self._tether >= 0:
            os.close(self._tether)
            self._tether = -1
            self._program.close()
