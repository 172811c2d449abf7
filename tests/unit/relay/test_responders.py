"""What the answering peer answers; scapy reads the answers, and its checksums judge them."""

from __future__ import annotations

from typing import Any

import pytest
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6NDOptDstLLAddr,
    IPv6,
)
from scapy.layers.l2 import ARP, Dot1Q, Ether

from tunscope.packet.linktype import LinkType
from tunscope.packet.repair import sound_layers
from tunscope.relay.respond import RespondPeer
from tunscope.relay.services import DEFAULT_SERVICES, SERVICES

ASKER, TARGET = "10.9.0.1", "10.9.0.7"
MAC = "02:00:00:00:00:01"
HOSTS = {"www.lab.test": ("10.9.0.2", "fd00::2"), "four.test": ("10.9.0.4", "10.9.0.5")}


def ask(packet: Any, *services: str) -> Any:
    """Return the answer as scapy reads it, None if there is none."""
    frames = isinstance(packet, Ether)
    linktype = LinkType.ETHERNET if frames else LinkType.RAW
    peer = RespondPeer(linktype, services or DEFAULT_SERVICES, HOSTS)
    try:
        assert peer.send(memoryview(bytes(packet)))
        buffer = bytearray(65600)
        length = peer.receive_into(memoryview(buffer))
        assert peer.counters.responded == bool(length)
        if not length:
            return None
        data = bytes(buffer[:length])
        assert 0 in sound_layers(data, linktype)
        assert len(sound_layers(data, linktype)) >= len(sound_layers(bytes(packet), linktype)) - 1
        first = Ether if frames else type(packet)
        return first(data)
    finally:
        peer.close()


def test_arp_is_answered_for_any_address() -> None:
    answer = ask(Ether(src=MAC, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=MAC, psrc=ASKER, pdst=TARGET))
    assert (answer.dst, answer[ARP].op, answer[ARP].psrc, answer[ARP].pdst) == (
        MAC, 2, TARGET, ASKER,
    )  # fmt: skip
    assert answer.src == answer[ARP].hwsrc != MAC


@pytest.mark.parametrize("sender", ["0.0.0.0", TARGET])
def test_a_probe_for_a_conflict_is_not_answered(sender: str) -> None:
    request = ARP(hwsrc=MAC, psrc=sender, pdst=TARGET)
    assert ask(Ether(src=MAC, dst="ff:ff:ff:ff:ff:ff") / request) is None


def test_a_neighbour_solicitation_gets_its_advertisement() -> None:
    solicitation = IPv6(src="fe80::1", dst="ff02::1:ff00:7", hlim=255) / ICMPv6ND_NS(tgt="fe80::7")
    answer = ask(Ether(src=MAC, dst="33:33:ff:00:00:07") / solicitation)
    assert (answer[IPv6].src, answer[IPv6].dst, answer[IPv6].hlim) == ("fe80::7", "fe80::1", 255)
    assert (answer[ICMPv6ND_NA].tgt, answer[ICMPv6ND_NA].S) == ("fe80::7", 1)
    assert answer[ICMPv6NDOptDstLLAddr].lladdr == answer.src
    checks = IPv6(src="::", dst="ff02::1:ff00:7", hlim=255) / ICMPv6ND_NS(tgt="fe80::7")
    assert ask(Ether(src=MAC, dst="33:33:ff:00:00:07") / checks) is None


def test_pings_come_back() -> None:
    answer = ask(IP(src=ASKER, dst=TARGET, ttl=3) / ICMP(id=7, seq=9) / b"payload")
    assert (answer.src, answer.dst, answer.ttl) == (TARGET, ASKER, 64)
    assert (answer[ICMP].type, answer[ICMP].id, answer[ICMP].seq) == (0, 7, 9)
    assert bytes(answer[ICMP].payload) == b"payload"
    answer6 = ask(IPv6(src="fd00::1", dst="fd00::7") / ICMPv6EchoRequest(id=7, data=b"x"))
    assert answer6.src == "fd00::7"
    assert (answer6[ICMPv6EchoReply].id, answer6[ICMPv6EchoReply].data) == (7, b"x")


def test_a_tagged_frame_is_answered_with_its_tag() -> None:
    frame = Ether(src=MAC, dst="02:00:00:00:00:02") / Dot1Q(vlan=7) / IP(src=ASKER, dst=TARGET)
    answer = ask(frame / ICMP())
    assert (answer.dst, answer[Dot1Q].vlan, answer[ICMP].type) == (MAC, 7, 0)


@pytest.mark.parametrize("group", ["224.0.0.1", "255.255.255.255"])
def test_groups_are_not_answered(group: str) -> None:
    assert ask(IP(src=ASKER, dst=group) / ICMP()) is None


def test_a_fragment_is_not_answered() -> None:
    assert ask(IP(src=ASKER, dst=TARGET, flags="MF") / ICMP() / b"x") is None


def test_a_service_that_is_off_says_nothing() -> None:
    assert ask(IP(src=ASKER, dst=TARGET) / ICMP(), "arp") is None
    assert ask(IP(src=ASKER, dst=TARGET) / UDP(sport=5, dport=7) / b"x") is None
    assert ask(IP(src=ASKER, dst=TARGET) / TCP(flags="S")) is None


def test_udp_port_7_echoes() -> None:
    answer = ask(IP(src=ASKER, dst=TARGET) / UDP(sport=5000, dport=7) / b"hello", "udp-echo")
    assert (answer.src, answer[UDP].sport, answer[UDP].dport) == (TARGET, 7, 5000)
    assert bytes(answer[UDP].payload) == b"hello"
    assert ask(IP(src=ASKER, dst=TARGET) / UDP(sport=7, dport=7) / b"x", "udp-echo") is None


def test_tcp_is_refused() -> None:
    syn = IP(src=ASKER, dst=TARGET) / TCP(sport=5000, dport=80, flags="S", seq=100)
    answer = ask(syn, "tcp-rst")
    assert (str(answer[TCP].flags), answer[TCP].ack, answer[TCP].dport) == ("RA", 101, 5000)
    answer = ask(IP(src=ASKER, dst=TARGET) / TCP(flags="A", ack=77), "tcp-rst")
    assert (str(answer[TCP].flags), answer[TCP].seq) == ("R", 77)
    assert ask(IP(src=ASKER, dst=TARGET) / TCP(flags="R"), "tcp-rst") is None


def test_tcp_is_accepted_acknowledged_and_closed() -> None:
    base = IP(src=ASKER, dst=TARGET)
    first = ask(base / TCP(dport=80, flags="S", seq=100), "tcp-syn-ack")
    assert (str(first[TCP].flags), first[TCP].ack) == ("SA", 101)
    data = base / TCP(dport=80, flags="PA", seq=101, ack=first[TCP].seq + 1) / b"hello"
    second = ask(data, "tcp-syn-ack")
    assert (str(second[TCP].flags), second[TCP].ack) == ("A", 106)
    assert second[TCP].seq == first[TCP].seq + 1
    last = ask(base / TCP(dport=80, flags="FA", seq=106, ack=7), "tcp-syn-ack")
    assert (str(last[TCP].flags), last[TCP].ack) == ("FA", 107)
    assert ask(base / TCP(dport=80, flags="A", seq=107, ack=8), "tcp-syn-ack") is None


@pytest.mark.parametrize(
    ("name", "kind", "code", "found"),
    [
        ("www.lab.test", "A", 0, ["10.9.0.2"]),
        ("WWW.Lab.Test", "AAAA", 0, ["fd00::2"]),
        ("four.test", "A", 0, ["10.9.0.4", "10.9.0.5"]),
        ("four.test", "AAAA", 0, []),
        ("four.test", "MX", 0, []),
        ("no.test", "A", 3, []),
    ],
)
def test_names_come_from_the_table(name: str, kind: str, code: int, found: list[str]) -> None:
    query = DNS(id=99, rd=1, qd=[DNSQR(qname=name, qtype=kind)])
    answer = ask(IP(src=ASKER, dst=TARGET) / UDP(sport=5000, dport=53) / query, "dns")
    reply = answer[DNS]
    assert (reply.id, reply.qr, reply.rcode, reply.rd) == (99, 1, code, 1)
    assert reply.qd[0].qname.decode().rstrip(".") == name
    assert [record.rdata for record in reply.an or []] == found


@pytest.mark.parametrize("message", [b"", b"\0" * 11, b"\0\1\0\0\0\1" + b"\0" * 6, b"\xc0" * 40])
def test_a_broken_question_is_not_answered(message: bytes) -> None:
    assert ask(IP(src=ASKER, dst=TARGET) / UDP(sport=5, dport=53) / message, "dns") is None


def test_answers_that_nobody_takes_are_bounded() -> None:
    peer = RespondPeer(LinkType.RAW, SERVICES[:4], {})
    ping = memoryview(bytes(IP(src=ASKER, dst=TARGET) / ICMP()))
    taken = sum(peer.send(ping) for _ in range(5000))
    assert taken == 4096
    peer.close()
