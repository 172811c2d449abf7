"""The engine's loop when its front end is gone at an awkward moment."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest
from epbs import packets_in

from tunscope.engine import server as server_module
from tunscope.engine.control import ControlChannel
from tunscope.engine.options import CaptureOptions
from tunscope.engine.protocol import Message, encode_line
from tunscope.engine.server import Server

FACTS = {
    "name": "tun0", "index": 1, "kind": "tun", "state": "up", "mtu": 1500, "arphrd": 65534,
    "linktype": 101,
}  # fmt: skip


class LosingChannel(ControlChannel):
    """A channel whose front end is found dead by the first event that is sent to it."""

    def send(self, message: Message, fds: tuple[int, ...] = ()) -> None:
        if "event" in message:
            self.closed = True


def test_an_engine_whose_event_finds_nobody_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "keep_only", lambda: None)  # the tests go on in this process
    ours, theirs = socket.socketpair()
    device, kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    peer, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (device, peer):
        end.setblocking(False)
    file = tmp_path / "x.pcapng"
    output = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC)
    statistics = os.open("/proc/net/dev", os.O_RDONLY | os.O_CLOEXEC)
    fds = [os.dup(device.fileno()), os.dup(peer.fileno()), statistics]
    request: Message = {
        "id": 1,
        "op": "open",
        "fds": ["tun", "peer", "statistics"],
        "facts": FACTS,
        "capture": CaptureOptions().to_json(),
    }
    socket.send_fds(ours, [encode_line(request) + encode_line({"id": 2, "op": "start"})], fds)
    kernel.send(bytes.fromhex("4500001400010000400100000a0900010a090002"))
    rescue = threading.Timer(8, os.kill, (os.getpid(), signal.SIGTERM))
    rescue.start()
    started = time.monotonic()
    channel = LosingChannel(theirs.detach())
    try:
        Server(channel, output).run()
    finally:
        rescue.cancel()
        channel.close()
    assert time.monotonic() - started < 5
    assert len(packets_in(file.read_bytes())) == 1
    for end in (ours, device, kernel, peer, other):
        end.close()
    for fd in fds[:1] + fds[2:]:
        os.close(fd)
