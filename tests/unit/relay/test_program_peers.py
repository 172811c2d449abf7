"""Peers that are programs behind a socket: frames whole and in order, whatever the socket does."""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tunscope.packet.linktype import LinkType
from tunscope.packet.repair import repaired
from tunscope.relay.answering import AnsweringPeer
from tunscope.relay.peer import Peer
from tunscope.relay.respond import RespondPeer
from tunscope.relay.responders import dns
from tunscope.relay.seqpacket import SeqpacketPeer
from tunscope.relay.stream import StreamPeer

RAW = LinkType.RAW
ROOM = memoryview(bytearray(70_000))


@dataclass
class Program:
    """The other end of a peer's socket, as a program would use it."""

    peer: Peer
    socket: socket.socket
    send: Callable[[bytes], None]
    receive: Callable[[], bytes]


def _seqpacket() -> Program:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    peer = SeqpacketPeer(ours.detach(), "program")
    return Program(peer, theirs, theirs.sendall, lambda: theirs.recv(70_000))


def _stream() -> Program:
    ours, theirs = socket.socketpair()
    peer = StreamPeer(ours.detach(), "program")

    def read(size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += theirs.recv(size - len(data))
            peer.receive_into(ROOM)
        return data

    def receive() -> bytes:
        return read(*struct.unpack(">I", read(4)))

    return Program(
        peer, theirs, lambda frame: theirs.sendall(struct.pack(">I", len(frame)) + frame), receive
    )


@pytest.fixture(params=[_seqpacket, _stream], ids=["seqpacket", "stream"])
def program(request: pytest.FixtureRequest) -> Iterator[Program]:
    made: Program = request.param()
    made.socket.settimeout(10)
    yield made
    made.peer.close()
    made.socket.close()


def frames(count: int, size: int) -> list[bytes]:
    return [number.to_bytes(4, "big") + bytes(size - 4) for number in range(count)]


def wait_readable(peer: Peer) -> bool:
    fd = peer.fileno()
    return fd is not None and bool(select.select([fd], [], [], 10)[0])


def test_what_the_program_cannot_take_yet_waits_and_arrives_whole_in_order(program):
    sent = frames(100, 20_000)  # ten times what the socket holds
    for frame in sent:
        assert program.peer.send(memoryview(frame))
    got = []
    while len(got) < len(sent):
        while select.select([program.socket], [], [], 0)[0]:
            got.append(program.receive())
            program.peer.receive_into(ROOM)
        assert len(got) == len(sent) or wait_readable(program.peer)  # there is room again
        assert program.peer.receive_into(ROOM) == 0
    assert got == sent
    assert not select.select([program.peer.fileno()], [], [], 0)[0]


def test_a_program_that_takes_nothing_is_refused_frames_at_last(program):
    frame = memoryview(bytes(60_000))
    taken = 0
    while program.peer.send(frame):
        taken += 1
        assert taken < 1000
    assert taken > 100


def test_many_frames_at_once_come_one_by_one_and_none_is_forgotten(program):
    sent = frames(30, 500)
    for frame in sent:
        program.send(frame)
    got = []
    while len(got) < len(sent):
        assert wait_readable(program.peer)
        length = program.peer.receive_into(ROOM)
        got.append(bytes(ROOM[:length]))
    assert got == sent
    assert not select.select([program.peer.fileno()], [], [], 0)[0]


def test_a_program_that_ends_is_told_of_once_and_the_peer_is_closed(program):
    program.socket.shutdown(socket.SHUT_RDWR)
    assert wait_readable(program.peer)
    assert program.peer.receive_into(ROOM) == 0
    assert program.peer.fileno() is None
    (news,) = program.peer.news()
    assert news.startswith("program has ended")
    assert program.peer.news() == []
    assert not program.peer.send(memoryview(bytes(60)))


def test_runts_do_not_get_to_the_program(program):
    assert not program.peer.send(memoryview(b""))
    assert not program.peer.send(memoryview(bytes(13)))
    assert program.peer.send(memoryview(b"\1" * 14))
    program.peer.receive_into(ROOM)
    assert program.receive() == b"\1" * 14


@pytest.mark.parametrize("length", [0, 13, 65_601, 0xFFFFFFFF])
def test_a_length_that_no_frame_has_ends_the_stream(length):
    program = _stream()
    program.send(bytes(20))
    program.socket.sendall(struct.pack(">I", length) + bytes(100))
    assert program.peer.receive_into(ROOM) == 20
    assert program.peer.receive_into(ROOM) == 0
    assert program.peer.fileno() is None
    assert program.peer.news() == [
        f"program sent what is no frame ({length} bytes): nothing is at the far end any more"
    ]
    program.socket.close()


def test_a_frame_that_arrives_byte_by_byte_is_one_frame():
    program = _stream()
    data = struct.pack(">I", 50) + bytes(range(50))
    for at in range(len(data)):
        assert program.peer.receive_into(ROOM) == 0
        program.socket.sendall(data[at : at + 1])
    assert program.peer.receive_into(ROOM) == 50
    assert ROOM[:50] == bytes(range(50))
    program.peer.close()
    program.socket.close()


def _query(name: str) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    message = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)
    datagram = struct.pack(">4H", 4000, 53, 8 + len(message), 0) + message
    head = bytes.fromhex("45000000 00010000 40110000 0a000264 0a000203")
    packet = head[:2] + (20 + len(datagram)).to_bytes(2, "big") + head[4:] + datagram
    return repaired(packet, RAW, range(4))


def test_known_names_are_answered_in_front_and_the_rest_goes_on():
    program = _seqpacket()
    hosts = {"known.test": ("10.0.2.2",)}
    responder = RespondPeer(RAW, ("dns",), hosts, dns.answer_known_name)
    peer = AnsweringPeer(responder, program.peer)
    program.socket.settimeout(10)
    assert peer.send(memoryview(_query("known.test")))
    assert wait_readable(peer)
    length = peer.receive_into(ROOM)
    assert bytes(ROOM[:length]).endswith(bytes([10, 0, 2, 2]))
    assert peer.counters.responded == 1
    asked = _query("other.test")
    assert peer.send(memoryview(asked))
    assert program.receive() == asked
    program.socket.close()
    assert wait_readable(peer)
    assert peer.receive_into(ROOM) == 0
    assert len(peer.news()) == 1
    peer.close()
