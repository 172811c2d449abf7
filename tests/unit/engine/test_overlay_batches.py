"""Many datagrams a call: on the wire they are what one call each would have sent, in its order."""

from __future__ import annotations

import ipaddress
import select
import socket
import time
from collections.abc import Iterator

import pytest
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6

from tunscope.engine.overlay_frames import BatchingUdpPeer
from tunscope.packet.linktype import LinkType
from tunscope.packet.offload import VNET_HEADER
from tunscope.relay.overlay import Route

NET2, NET3 = ipaddress.ip_network("172.2.0.0/16"), ipaddress.ip_network("172.3.0.0/16")
EMPTY = bytes(VNET_HEADER.size)


def datagram(size: int, fill: int = 0, *, source: str = "172.1.0.1", to: int = 2) -> bytes:
    return bytes(IP(src=source, dst=f"172.{to}.0.1") / UDP() / (bytes([fill]) * (size - 28)))


def segment(number: int, *, flags: str = "A", size: int = 100, sport: int = 7) -> bytes:
    tcp = TCP(sport=sport, dport=9, seq=1 + 100 * number, ack=5, flags=flags)
    return bytes(IP(src="172.2.0.1", dst="172.1.0.1", id=number) / tcp / bytes([number] * size))


def udp_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(2)
    return sock


@pytest.fixture
def far() -> Iterator[tuple[socket.socket, socket.socket]]:
    two = udp_socket(), udp_socket()
    yield two
    for sock in two:
        sock.close()


@pytest.fixture
def peer(far: tuple[socket.socket, socket.socket]) -> Iterator[BatchingUdpPeer]:
    routes = [Route(NET2, *far[0].getsockname()), Route(NET3, *far[1].getsockname())]
    made = BatchingUdpPeer(LinkType.RAW, routes, ("127.0.0.1", 0))
    yield made
    made.close()


def test_gathered_packets_leave_as_they_are_and_in_order(
    peer: BatchingUdpPeer, far: tuple[socket.socket, socket.socket]
) -> None:
    sizes = [100] * 50 + [60, 100, 100, 1400, 1400, 30, 30, 1400]
    packets = [datagram(size, number) for number, size in enumerate(sizes)]
    assert all(peer.gather(memoryview(bytearray(one))) for one in packets)
    assert peer.flush() == 0
    assert [far[0].recv(2000) for _ in packets] == packets
    assert peer.flush() == 0


def test_every_network_gets_its_own(
    peer: BatchingUdpPeer, far: tuple[socket.socket, socket.socket]
) -> None:
    packets = [datagram(100, number, to=2 + number % 2) for number in range(6)]
    assert all(peer.gather(memoryview(one)) for one in packets)
    assert not peer.gather(memoryview(datagram(100, to=4)))
    assert not peer.gather(memoryview(b"\x45"))
    peer.flush()
    assert [far[0].recv(2000) for _ in range(3)] == packets[::2]
    assert [far[1].recv(2000) for _ in range(3)] == packets[1::2]


def test_a_super_frame_does_not_overtake_what_was_gathered(
    peer: BatchingUdpPeer, far: tuple[socket.socket, socket.socket]
) -> None:
    small = datagram(100)
    large = bytes(IP(dst="172.2.0.1") / TCP(flags="A") / bytes(2800))
    header = VNET_HEADER.pack(1, 1, 40, 1400, 20, 16)
    assert peer.send_frame(memoryview(EMPTY + small))
    assert peer.send_frame(memoryview(header + large))
    assert far[0].recv(2000) == small
    assert [len(far[0].recv(2000)) for _ in range(2)] == [1440, 1440]


def test_an_error_of_an_earlier_send_costs_no_segment(
    peer: BatchingUdpPeer, far: tuple[socket.socket, socket.socket]
) -> None:
    address = far[0].getsockname()
    far[0].close()
    assert peer.send(memoryview(datagram(100)))  # the refusal comes back, and waits
    again = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    again.bind(address)
    again.settimeout(2)
    with again:
        large = bytes(IP(dst="172.2.0.1") / TCP(flags="A") / bytes(4000))
        assert peer.send_frame(memoryview(VNET_HEADER.pack(1, 1, 40, 1400, 20, 16) + large))
        assert [len(again.recv(2000)) for _ in range(3)] == [1440, 1440, 1240]


def frames(peer: BatchingUdpPeer) -> list[bytes]:
    """Return every frame that waits."""
    buffer = memoryview(bytearray(70000))
    found = []
    while length := peer.receive_frame(buffer):
        found.append(bytes(buffer[:length]))
    return found


def test_segments_that_came_one_by_one_are_joined(
    peer: BatchingUdpPeer, far: tuple[socket.socket, socket.socket]
) -> None:
    sent = [segment(number) for number in range(5)] + [segment(5, flags="PA", size=30)]
    others = [segment(0, sport=8), datagram(140, source="172.2.0.1", to=1)]
    for one in [*sent, *others]:
        far[0].sendto(one, peer.address)
    time.sleep(0.05)
    joined, *alone = frames(peer)
    assert VNET_HEADER.unpack_from(joined)[:4] == (1, 1, 40, 100)
    payload = bytes(IP(joined[10:])[TCP].payload)
    assert payload == b"".join(bytes(IP(one)[TCP].payload) for one in sent)
    assert alone == [EMPTY + one for one in others]
    assert peer.counters.rejected == 0


def test_a_batch_of_a_sender_with_foreign_addresses_stays_outside(
    peer: BatchingUdpPeer, far: tuple[socket.socket, socket.socket]
) -> None:
    for number in range(4):
        far[1].sendto(segment(number), peer.address)  # 172.2 is the other one's
    far[0].sendto(segment(0), peer.address)
    time.sleep(0.05)
    assert frames(peer) == [EMPTY + segment(0)]
    assert peer.counters.rejected == 4


def test_what_came_together_is_given_packet_by_packet(
    peer: BatchingUdpPeer, far: tuple[socket.socket, socket.socket]
) -> None:
    sent = [segment(number) for number in range(4)]
    for one in sent:
        far[0].sendto(one, peer.address)
    time.sleep(0.05)
    buffer = memoryview(bytearray(70000))
    for number, one in enumerate(sent):
        assert bytes(buffer[: peer.receive_into(buffer)]) == one
        own_event = peer.fileno() not in {None, socket_of(peer)}
        assert own_event == (number < 3), "readable while packets wait"
    assert peer.receive_into(buffer) == 0


def bursts(peer: BatchingUdpPeer) -> list[list[bytes]]:
    """Return every burst that waits."""
    return [[bytes(one) for one in burst] for burst in iter(peer.receive_burst, [])]


def test_packets_of_one_size_and_source_are_one_burst(
    peer: BatchingUdpPeer, far: tuple[socket.socket, socket.socket]
) -> None:
    sent = [segment(number) for number in range(70)] + [segment(70, size=30)]
    for one in sent:
        far[0].sendto(one, peer.address)
    time.sleep(0.05)
    assert bursts(peer) == [sent[:64], sent[64:70], sent[70:]]
    assert peer.receive_into(memoryview(bytearray(2000))) == 0
    assert peer.counters.rejected == 0


def test_one_packet_that_may_not_come_in_costs_its_burst_no_other(
    peer: BatchingUdpPeer, far: tuple[socket.socket, socket.socket]
) -> None:
    sent = [segment(number) for number in range(9)]
    spoiled = [bytearray(one) for one in sent]
    spoiled[2][13] = 3  # another network's
    spoiled[4][3] += 1  # longer than it is
    spoiled[6][0] = 0x65
    for one in spoiled:
        far[0].sendto(one, peer.address)
    time.sleep(0.05)
    entered = [one for burst in bursts(peer) for one in burst]
    assert entered == [sent[at] for at in (0, 1, 3, 5, 7, 8)]
    assert peer.counters.rejected == 3


def test_bursts_of_a_sender_with_foreign_addresses_stay_outside(
    peer: BatchingUdpPeer, far: tuple[socket.socket, socket.socket]
) -> None:
    for number in range(4):
        far[1].sendto(segment(number), peer.address)  # 172.2 is the other one's
    time.sleep(0.05)
    assert bursts(peer) == []
    assert peer.counters.rejected == 4


def socket_of(peer: BatchingUdpPeer) -> int:
    """Return the descriptor that is watched while nothing waits in the peer itself."""
    return super(BatchingUdpPeer, peer).fileno() or -1


def test_an_address_is_not_taken_for_the_part_of_a_longer_one() -> None:
    four, six = udp_socket(), udp_socket()
    routes = [
        Route(NET3, *four.getsockname()),
        Route(ipaddress.ip_network("fd00::/16"), *six.getsockname()),
    ]
    peer = BatchingUdpPeer(LinkType.RAW, routes, ("127.0.0.1", 0))
    small = bytes(IP(dst="172.3.0.1") / UDP() / bytes(32))
    source = "fd00::ac03:1:0:0"  # whose bytes 16 to 20 are 172.3.0.1
    long = bytes(IPv6(src=source, dst="fd00::9") / UDP() / bytes(12))
    assert len(small) == len(long)
    assert long[16:20] == small[16:20]
    for one in (long, small, long):
        assert peer.gather(memoryview(one))
    peer.flush()
    assert four.recv(99) == small
    assert [six.recv(99) for _ in range(2)] == [long, long]
    for each in (peer, four, six):
        each.close()


def test_a_flood_of_refused_datagrams_does_not_hold_the_caller(
    peer: BatchingUdpPeer, far: tuple[socket.socket, socket.socket]
) -> None:
    foreign, good = segment(0), datagram(100, source="172.2.0.1", to=1)
    for _ in range(1500):
        far[1].sendto(foreign, peer.address)  # 172.2 is the other one's
    with udp_socket() as stranger:
        for _ in range(1500):
            stranger.sendto(good, peer.address)
    far[0].sendto(good, peer.address)
    time.sleep(0.05)
    turns, refused = [frames(peer)], [peer.counters.rejected]
    while not turns[-1]:
        assert select.select([peer], [], [], 0)[0], "the rest is told of"
        turns.append(frames(peer))
        refused.append(peer.counters.rejected)
    assert refused[0] <= 1025
    assert refused[1] <= 2050
    assert refused[2] == 3000
    assert turns == [[], [], [EMPTY + good]]
