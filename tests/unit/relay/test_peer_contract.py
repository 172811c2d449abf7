"""What every peer promises, whichever it is."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tunscope.engine.overlay_frames import BatchingUdpPeer
from tunscope.packet.linktype import LinkType
from tunscope.packet.repair import repaired
from tunscope.relay.answering import AnsweringPeer
from tunscope.relay.overlay import Route, UdpPeer
from tunscope.relay.peer import BatchPeer, DevicePeer, Peer, SinkPeer
from tunscope.relay.respond import RespondPeer
from tunscope.relay.seqpacket import SeqpacketPeer
from tunscope.relay.services import DEFAULT_SERVICES
from tunscope.relay.stream import StreamPeer

RAW = LinkType.RAW
PING = repaired(
    bytes.fromhex("4500001e0001000040010000 0a090001 0a090002 0800000000070001 6869"), RAW, range(9)
)
HOSTILE = (b"", b"\x45", bytes(40), b"\x60" * 60, b"\xff" * 1500)


@dataclass
class Stage:
    """A peer, and what makes a packet wait there for the kernel (None: nothing ever does)."""

    peer: Peer
    arrive: Callable[[], None] | None


def _sink() -> Iterator[Stage]:
    yield Stage(SinkPeer(), None)


def _respond() -> Iterator[Stage]:
    peer = RespondPeer(RAW, DEFAULT_SERVICES, {})
    yield Stage(peer, lambda: bool(peer.send(memoryview(PING))) and None)


def _device() -> Iterator[Stage]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    yield Stage(DevicePeer(ours.detach()), lambda: theirs.send(PING) and None)
    theirs.close()


def _udp() -> Iterator[Stage]:
    far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    far.bind(("127.0.0.1", 0))
    peer = UdpPeer(RAW, [Route(None, *far.getsockname())], ("127.0.0.1", 0))
    yield Stage(peer, lambda: far.sendto(PING, peer.address) and None)
    far.close()


def _batching() -> Iterator[Stage]:
    far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    far.bind(("127.0.0.1", 0))
    peer = BatchingUdpPeer(RAW, [Route(None, *far.getsockname())], ("127.0.0.1", 0))
    yield Stage(peer, lambda: far.sendto(PING, peer.address) and None)
    far.close()


def _seqpacket() -> Iterator[Stage]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    yield Stage(SeqpacketPeer(ours.detach(), "slirp"), lambda: theirs.send(PING) and None)
    theirs.close()


def _stream() -> Iterator[Stage]:
    ours, theirs = socket.socketpair()
    framed = len(PING).to_bytes(4, "big") + PING
    yield Stage(StreamPeer(ours.detach(), "passt"), lambda: theirs.send(framed) and None)
    theirs.close()


def _answering() -> Iterator[Stage]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    responder = RespondPeer(RAW, ("dns",), {})
    peer = AnsweringPeer(responder, SeqpacketPeer(ours.detach(), "slirp"))
    yield Stage(peer, lambda: theirs.send(PING) and None)
    theirs.close()


KINDS = {
    "sink": _sink,
    "respond": _respond,
    "device": _device,
    "udp": _udp,
    "batching": _batching,
    "seqpacket": _seqpacket,
    "stream": _stream,
    "answering": _answering,
}


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    steps = request.param()
    made = next(steps)
    yield made
    made.peer.close()
    for _ in steps:
        pass


def readable(peer: Peer) -> bool:
    fd = peer.fileno()
    return fd is not None and bool(select.select([fd], [], [], 0)[0])


def test_a_packet_is_taken_and_not_changed(stage: Stage) -> None:
    packet = bytearray(PING)
    assert stage.peer.send(memoryview(packet)) is True
    assert packet == PING


def test_no_reference_to_a_packet_is_kept(stage: Stage) -> None:
    packet = bytearray(PING)
    stage.peer.send(memoryview(packet))
    packet.extend(b"a buffer with a view on it cannot grow")


def test_nothing_waits_and_nothing_blocks_at_first(stage: Stage) -> None:
    assert not readable(stage.peer)
    assert stage.peer.receive_into(memoryview(bytearray(2048))) == 0


def test_what_waits_makes_it_readable_until_it_is_taken(stage: Stage) -> None:
    if stage.arrive is None:
        return
    stage.arrive()
    assert readable(stage.peer)
    buffer = memoryview(bytearray(65600))
    assert stage.peer.receive_into(buffer) == len(PING)
    assert buffer[0] == 0x45
    assert not readable(stage.peer)
    assert stage.peer.receive_into(buffer) == 0


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_bytes_raise_nothing(stage: Stage, data: bytes) -> None:
    assert stage.peer.send(memoryview(data)) in {True, False}
    if isinstance(stage.peer, BatchPeer):
        assert stage.peer.gather(memoryview(data)) in {True, False}
        assert stage.peer.flush() >= 0
    stage.peer.receive_into(memoryview(bytearray(65600)))


def test_news_is_told_once(stage: Stage) -> None:
    stage.peer.news()
    assert stage.peer.news() == []


def test_a_closed_peer_takes_and_gives_nothing(stage: Stage) -> None:
    before = len(os.listdir("/proc/self/fd"))
    had = stage.peer.fileno() is not None
    stage.peer.close()
    stage.peer.close()
    assert len(os.listdir("/proc/self/fd")) <= before - had
    assert stage.peer.fileno() is None
    assert stage.peer.send(memoryview(PING)) is False
    assert stage.peer.receive_into(memoryview(bytearray(64))) == 0
