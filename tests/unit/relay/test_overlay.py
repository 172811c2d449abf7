"""The peer across a network: who is let in, where packets go, and what is told of silence."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterator

import pytest

from tunscope.errors import UsageError
from tunscope.packet.linktype import LinkType
from tunscope.relay.overlay import Route, UdpPeer
from tunscope.relay.peer_request import PeerRequest, parse_peers
from tunscope.relay.services import DEFAULT_SERVICES

NET1, NET2 = ipaddress.ip_network("172.1.0.0/16"), ipaddress.ip_network("172.2.0.0/16")


def packet(source: str, destination: str, *, extra: bytes = b"") -> bytes:
    addresses = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    return bytes.fromhex("450000140001000040110000") + addresses + extra


@pytest.fixture
def far() -> Iterator[socket.socket]:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(2)
    yield sock
    sock.close()


@pytest.fixture
def peer(far: socket.socket) -> Iterator[UdpPeer]:
    made = UdpPeer(LinkType.RAW, [Route(NET2, *far.getsockname())], ("127.0.0.1", 0))
    yield made
    made.close()


def receive(peer: UdpPeer) -> bytes:
    buffer = bytearray(70000)
    time.sleep(0.01)
    return bytes(buffer[: peer.receive_into(memoryview(buffer))])


def test_a_packet_goes_where_its_prefix_says(peer: UdpPeer, far: socket.socket) -> None:
    inside = packet("172.1.0.1", "172.2.0.9")
    assert peer.send(memoryview(inside))
    assert far.recv(99) == inside
    assert not peer.send(memoryview(packet("172.1.0.1", "172.3.0.1")))


def test_the_longest_prefix_wins(far: socket.socket) -> None:
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind(("127.0.0.1", 0))
    narrow = ipaddress.ip_network("172.2.7.0/24")
    routes = [Route(NET2, *far.getsockname()), Route(narrow, *other.getsockname())]
    peer = UdpPeer(LinkType.RAW, routes, ("127.0.0.1", 0))
    peer.send(memoryview(packet("172.1.0.1", "172.2.7.1")))
    other.settimeout(2)
    assert other.recv(99)
    peer.close()
    other.close()


def test_only_known_senders_with_their_own_addresses_come_in(
    peer: UdpPeer, far: socket.socket
) -> None:
    good = packet("172.2.0.1", "172.1.0.1")
    far.sendto(good, peer.address)
    assert receive(peer) == good
    far.sendto(packet("172.9.0.1", "172.1.0.1"), peer.address)
    assert receive(peer) == b""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(good, peer.address)
        assert receive(peer) == b""
    assert peer.counters.rejected == 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x45" * 10,
        packet("172.2.0.1", "172.1.0.1", extra=b"longer than it says"),
        packet("172.2.0.1", "172.1.0.1")[:-1],
        b"\x75" + packet("172.2.0.1", "172.1.0.1")[1:],
        b"\x44" + packet("172.2.0.1", "172.1.0.1")[1:],
        b"\x60" + bytes(39),
    ],
)
def test_a_broken_inner_header_is_rejected(peer: UdpPeer, far: socket.socket, data: bytes) -> None:
    far.sendto(data, peer.address)
    far.sendto(packet("172.2.0.1", "172.1.0.1"), peer.address)
    assert receive(peer) == packet("172.2.0.1", "172.1.0.1"), "the next one comes all the same"
    assert peer.counters.rejected == 1


def test_silence_is_told_once_and_so_is_the_return(far: socket.socket) -> None:
    where = far.getsockname()
    peer = UdpPeer(LinkType.RAW, [Route(None, *where)], ("127.0.0.1", 0))
    far.close()
    inside = memoryview(packet("172.1.0.1", "172.2.0.1"))
    for _ in range(3):
        peer.send(inside)
        time.sleep(0.01)
    receive(peer)
    (told,) = peer.news()
    assert f"{where[0]}:{where[1]} does not answer" in told
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as back:
        back.bind(where)
        assert peer.send(inside)
        back.sendto(bytes(inside), peer.address)
        assert receive(peer) == bytes(inside)
    assert peer.news() == [f"the peer {where[0]}:{where[1]} answers again"]
    peer.close()


@pytest.mark.parametrize(
    ("texts", "request_"),
    [
        ([], PeerRequest()),
        (["sink"], PeerRequest()),
        (["respond"], PeerRequest("respond")),
        (
            ["respond:tcp-rst,-icmp"],
            PeerRequest("respond", ("arp", "ndp", "icmpv6", "tcp-rst")),
        ),
        (
            ["respond:dns=hosts.txt"],
            PeerRequest("respond", (*DEFAULT_SERVICES, "dns"), hosts_file="hosts.txt"),
        ),
        (["device:tun1@blue"], PeerRequest("device", device="tun1", netns="blue")),
        (["udp:192.0.2.1:8285"], PeerRequest("udp", routes=(("", "192.0.2.1", 8285),))),
        (
            ["udp:172.2.0.0/16=[2001:db8::1]:9", "udp:172.3.0.0/16=h:10"],
            PeerRequest(
                "udp", routes=(("172.2.0.0/16", "2001:db8::1", 9), ("172.3.0.0/16", "h", 10))
            ),
        ),
    ],
)
def test_the_words_of_peer_options(texts: list[str], request_: PeerRequest) -> None:
    assert parse_peers(texts) == request_
    assert PeerRequest.from_json(request_.to_json()) == request_


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["nobody"], "no kind of peer"),
        (["device:"], "no kind of peer"),
        (["device:a/b"], ""),
        (["respond:smtp"], "no service"),
        (["respond:arp=1"], "no value"),
        (["respond:tcp-rst,tcp-syn-ack"], "exclude"),
        (["udp:host"], "HOST:PORT"),
        (["udp:h:99999"], "no port"),
        (["udp:172.2=h:1"], "no prefix"),
        (["udp:h:1", "sink"], "one peer"),
        (["respond", "respond"], "one peer"),
        (["udp:h:1", "udp:k:1"], "twice"),
    ],
)
def test_wrong_words_are_told(texts: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why or None):
        parse_peers(texts)


def test_a_flood_of_refused_datagrams_does_not_hold_the_caller(
    peer: UdpPeer, far: socket.socket
) -> None:
    good = packet("172.2.0.1", "172.1.0.1")
    for _ in range(1500):
        far.sendto(b"", peer.address)
    far.sendto(good, peer.address)
    time.sleep(0.05)
    assert receive(peer) == b""
    assert peer.counters.rejected == 1024
    assert receive(peer) == good
    assert peer.counters.rejected == 1500
