"""The engine's loop when its front end is gone at an awkward moment."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from epbs import packets_in

from tunscope.capfile.blocks import (
    InterfaceDescription,
    interface_description,
    section_header,
)
from tunscope.device.facts import DeviceFacts
from tunscope.engine import server as server_module
from tunscope.engine.control import ControlChannel
from tunscope.engine.opening import OpenedSource
from tunscope.engine.options import CaptureOptions
from tunscope.engine.owned import OwnedDevice
from tunscope.engine.protocol import Message, decode_line, encode_line
from tunscope.engine.server import Server
from tunscope.packet.direction import Direction
from tunscope.packet.linktype import LinkType
from tunscope.relay.peer import DevicePeer

FACTS = DeviceFacts("tun0", 1, "tun", "up", 1500, arphrd=65534)


def opened(device: int, peer: int) -> OpenedSource:
    """An owned device and its peer, both played by descriptors."""
    source = OwnedDevice(
        device,
        DevicePeer(os.dup(peer)),
        linktype=LinkType.RAW,
        snaplen=0,
        direction=Direction.UNKNOWN,
        expression="",
        packet_info=False,
        vnet_header_size=0,
        tx_dropped=lambda: 0,
    )
    header = section_header("test") + interface_description(
        InterfaceDescription(linktype=LinkType.RAW, snaplen=0)
    )
    return OpenedSource(source, FACTS, "attached", "", header, source.close)


@pytest.fixture(autouse=True)
def interrupts() -> Iterator[None]:
    """A server ignores SIGINT for good; what later tests start would inherit that."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


class LosingChannel(ControlChannel):
    """A channel whose front end is found dead by the first event that is sent to it."""

    def send(self, message: Message, fds: tuple[int, ...] = ()) -> None:
        if "event" in message:
            self.closed = True


def test_an_engine_whose_event_finds_nobody_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the tests go on in this process
    monkeypatch.setattr(server_module, "keep_only", lambda *_: None)
    ours, theirs = socket.socketpair()
    device, kernel = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    peer, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (device, peer):
        end.setblocking(False)
    monkeypatch.setattr(
        server_module, "open_named", lambda *_: opened(device.fileno(), peer.fileno())
    )
    file = tmp_path / "x.pcapng"
    output = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC)
    request: Message = {
        "id": 1,
        "op": "open",
        "fds": [],
        "device": {"name": "tun0"},
        "capture": CaptureOptions().to_json(),
    }
    ours.sendall(encode_line(request) + encode_line({"id": 2, "op": "start"}))
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


def test_each_request_is_answered_though_the_front_end_reads_late() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(8)
    channel = ControlChannel(theirs.detach())
    answers: list[Message] = []
    full: list[bool] = []

    def ask() -> None:
        requests = [{"id": number, "op": "describe"} for number in range(4000)]
        ours.sendall(b"".join(map(encode_line, requests)))
        until = time.monotonic() + 8
        while not channel.poll_events & select.POLLOUT and time.monotonic() < until:
            time.sleep(0.001)
        full.append(bool(channel.poll_events & select.POLLOUT))
        data = b""
        while data.count(b"\n") < len(requests) and (more := ours.recv(1 << 16)):
            data += more
        ours.close()
        answers.extend(map(decode_line, data.splitlines()))

    front_end = threading.Thread(target=ask)
    front_end.start()
    with open(os.devnull, "wb") as output:
        Server(channel, os.dup(output.fileno())).run()
    front_end.join()
    channel.close()
    assert full == [True], "the answers are more than a socket holds"
    assert [answer["id"] for answer in answers] == list(range(4000))
