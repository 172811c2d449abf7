"""Packets that go through the fields of the core headers, well and badly formed."""

from __future__ import annotations

import itertools
import struct
from typing import TYPE_CHECKING

from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6MLDMultAddrRec,
    ICMPv6MLDone,
    ICMPv6MLQuery,
    ICMPv6MLQuery2,
    ICMPv6MLReport,
    ICMPv6MLReport2,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_Redirect,
    ICMPv6ND_RS,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6PacketTooBig,
    ICMPv6Unknown,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    fragment6,
)
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether
from scapy.packet import Packet, Raw
from summary_judge import record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tunscope.packet.record import PacketRecord

E = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
BROADCAST = Ether(src="02:00:00:00:00:01", dst="ff:ff:ff:ff:ff:ff")
HERE = IP(src="10.0.0.1", dst="10.0.0.2")
BACK = IP(src="10.0.0.2", dst="10.0.0.1")
HERE6 = IPv6(src="2001:db8::1", dst="2001:db8::2")
BACK6 = IPv6(src="2001:db8::2", dst="2001:db8::1")


def records(
    packets: Iterable[Packet], linktype: int = 1, step_ns: int = 10_000_000
) -> list[PacketRecord]:
    return [
        record(bytes(packet), 10**12 + number * step_ns, linktype)
        for number, packet in enumerate(packets)
    ]


def arp() -> list[PacketRecord]:
    macs = {"hwsrc": "02:00:00:00:00:01", "hwdst": "02:00:00:00:00:02"}
    pairs = (
        ("10.0.0.1", "10.0.0.2"),
        ("10.0.0.1", "10.0.0.1"),
        ("0.0.0.0", "10.0.0.1"),
        ("10.0.0.1", "0.0.0.0"),
        ("0.0.0.0", "0.0.0.0"),
    )
    packets = [
        E / ARP(op=operation, psrc=source, pdst=target, **macs)
        for operation in range(28)
        for source, target in pairs
    ]
    for operation, mac in itertools.product((1, 2), ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff")):
        packets += [
            BROADCAST / ARP(op=operation, hwsrc=macs["hwsrc"], hwdst=mac, psrc=source, pdst=target)
            for source, target in pairs
        ]
    packets.append(
        BROADCAST / ARP(op=2, hwsrc="02:00:00:00:00:77", psrc="10.0.0.1", pdst="1.1.1.1")
    )
    return records(packets)


def icmp() -> list[PacketRecord]:
    quoted = bytes(HERE / UDP(sport=1000, dport=2000) / b"hello world")[:28]
    packets = []
    for kind in (*range(44), 100, 255):
        for code in range(20) if kind in {3, 5, 9, 11, 12, 40, 42, 43} else (0, 1):
            body = quoted if kind in {3, 4, 5, 11, 12} else b"abcdefgh"
            head = struct.pack("!BBHHH", kind, code, 0, 0x1234, 7)
            packets.append(E / IP(src="10.0.0.1", dst="10.0.0.2", proto=1) / Raw(head + body))
    ask = ICMP(id=5, seq=1) / b"abc"
    answer = ICMP(type=0, id=5, seq=1) / b"abc"
    packets += [E / HERE / ask, E / HERE / ask, E / BACK / answer, E / BACK / answer]
    packets.append(E / BACK / ICMP(type=0, id=5, seq=1) / b"other")
    return records(packets)


def icmpv6() -> list[PacketRecord]:
    source = ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:09")
    target = ICMPv6NDOptDstLLAddr(lladdr="02:00:00:00:00:08")
    packets = [
        E / HERE6 / ICMPv6Unknown(type=kind, code=code) / (bytes(4) + bytes(HERE6 / UDP()))
        for kind in (1, 2, 3, 4)
        for code in range(10)
    ]
    packets += [E / HERE6 / ICMPv6Unknown(type=kind) for kind in (100, 127, 162, 200, 255)]
    packets += [
        E / HERE6 / ICMPv6EchoRequest(id=1, seq=2, data=b"x"),
        E / BACK6 / ICMPv6EchoReply(id=1, seq=2, data=b"x"),
        E / BACK6 / ICMPv6EchoReply(id=1, seq=3, data=b"x"),
        E / HERE6 / ICMPv6ND_NS(tgt="2001:db8::5"),
        E / HERE6 / ICMPv6ND_NS(tgt="2001:db8::5") / source,
        E / HERE6 / ICMPv6ND_RS(),
        E / HERE6 / ICMPv6ND_RS() / source,
        E / HERE6 / ICMPv6ND_RA(),
        E / HERE6 / ICMPv6ND_RA() / source / ICMPv6NDOptMTU() / ICMPv6NDOptPrefixInfo(),
        E / HERE6 / ICMPv6ND_Redirect(tgt="2001:db8::6", dst="2001:db8::7"),
        E / HERE6 / ICMPv6ND_Redirect(tgt="2001:db8::6", dst="2001:db8::7") / target,
        E / HERE6 / ICMPv6MLQuery(mladdr="ff02::1"),
        E / HERE6 / ICMPv6MLReport(mladdr="ff02::1"),
        E / HERE6 / ICMPv6MLDone(mladdr="ff02::1"),
        E / HERE6 / ICMPv6MLQuery2(mladdr="ff02::1"),
        E / HERE6 / ICMPv6DestUnreach() / HERE6 / UDP(sport=1, dport=2) / b"hello",
        E / HERE6 / ICMPv6PacketTooBig() / HERE6 / TCP() / b"a",
    ]
    packets += [
        E / HERE6 / ICMPv6ND_NA(tgt="2001:db8::5", R=router, S=asked, O=override) / target
        for router, asked, override in itertools.product((0, 1), repeat=3)
    ]
    packets += [
        E / HERE6 / IPv6ExtHdrHopByHop() / ICMPv6MLReport2(records=[group, group])
        for group in (ICMPv6MLDMultAddrRec(rtype=kind, dst="ff02::fb") for kind in range(1, 7))
    ]
    return records(packets)


_OPTIONS: tuple[bytes, ...] = (
    b"\x02\x04\x05\xb4", b"\x03\x03\x07\x00", b"\x03\x03\x14\x00", b"\x04\x02\x00\x00",
    b"\x05\x0a\x00\x00\x01\x2c\x00\x00\x01\x90\x00\x00",
    b"\x05\x12\x00\x00\x01\x2c\x00\x00\x01\x90\x00\x00\x01\xf4\x00\x00\x02\x58\x00\x00",
    b"\x01\x01\x08\x0a\x00\x00\x00\x01\x00\x00\x00\x02", b"\x00\x00\x00\x00",
    b"\x13\x12" + b"a" * 16 + b"\x00\x00", b"\x22\x02\x00\x00", b"\x22\x0a12345678\x00\x00",
    b"\xfe\x04\xf9\x89", b"\xfe\x08\xf9\x89abcd", b"\xfd\x06abcd\x00\x00", b"\x1c\x04\x80\x10",
    b"\x1e\x0c\x00\x81aaaaaaaa", b"\x63\x04ab", b"\x06\x06abcd\x00\x00", b"\x0b\x06abcd\x00\x00",
    b"\x08\x0412", b"\x02\x05123\x00\x00\x00", b"\x03\x02\x00\x00", b"\x02\x09\x00\x00",
    b"\x02\x00\x00\x00", b"\x02\x01\x00\x00", b"\x01\x01\x01\x02",
)  # fmt: skip


def segment(
    sport: int, dport: int, flags: int, options: bytes = b"", data: bytes = b"", words: int = 0
) -> bytes:
    words = words or (20 + len(options)) // 4
    head = struct.pack("!HHIIHHHH", sport, dport, 100, 200, words << 12 | flags, 500, 0, 9)
    return head + options + data


def tcp() -> list[PacketRecord]:
    def sent(body: bytes) -> Packet:
        return E / IP(src="10.0.0.1", dst="10.0.0.2", proto=6) / Raw(body)

    packets = [sent(segment(2000 + flags, 40000, flags)) for flags in range(512)]
    packets += [sent(segment(3000 + bit, 40000, 2 | bit << 9)) for bit in range(1, 8)]
    for number, options in enumerate(_OPTIONS):
        packets += [
            sent(segment(4000 + number, 41000 + flags, flags, options)) for flags in (2, 16)
        ]
    packets += [sent(segment(5000 + words, 40001, 2, words=words)) for words in range(1, 10)]
    packets.append(E / HERE6 / TCP(sport=1, dport=40000, flags="PA") / b"hello world")
    return records(packets)


def udp_and_ip() -> list[PacketRecord]:
    data = b"0123456789"
    ports = {"sport": 21000, "dport": 40000}
    lengths = (0, 1, 7, 8, 9, 17, 18, 19, 30, 65535)
    packets = [E / HERE / UDP(**ports, len=length) / data for length in lengths]
    packets += [E / HERE6 / UDP(**ports, len=length) / data for length in lengths]
    addresses = {"src": "10.0.0.1", "dst": "10.0.0.2"}
    packets += [
        E / IP(**addresses, len=length) / UDP(**ports) / data
        for length in (0, 5, 19, 20, 21, 27, 28, 29, 38, 39, 100)
    ]
    packets += [E / IP(**addresses, ihl=words) / UDP(**ports) / data for words in range(5)]
    packets += [
        E / IPv6(src="2001:db8::1", dst="2001:db8::2", plen=length) / UDP(**ports) / data
        for length in (1, 7, 8, 9, 18, 19, 100)
    ]
    unread = (3, 7, 8, 10, 61, 63, 99, 114, 144, 200, 253)
    packets += [E / IP(**addresses, proto=number) / Raw(bytes(24)) for number in unread]
    packets += [
        E / IPv6(src="2001:db8::1", dst="2001:db8::2", nh=number) / Raw(bytes(24))
        for number in (*unread, 59)
    ]
    return records(packets)


def fragments() -> list[PacketRecord]:
    packets = [
        E / part
        for upper in (UDP(sport=1, dport=40000), TCP(sport=1, dport=40000), ICMP())
        for part in fragment(HERE / upper / (b"x" * 600), fragsize=200)
    ]
    packets += [
        E / part
        for part in fragment6(
            HERE6 / IPv6ExtHdrFragment(id=5) / UDP(sport=1, dport=40000) / (b"x" * 3000), 1280
        )
    ]
    tail = UDP(sport=1, dport=4000) / b"hi"
    route = IPv6ExtHdrRouting(addresses=["2001:db8::9"])
    packets += [
        E / HERE6 / IPv6ExtHdrFragment(id=5, offset=0, m=0) / tail,
        E / HERE6 / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / route / tail,
        E / HERE6 / IPv6ExtHdrHopByHop(nh=59),
    ]
    return records(packets)


def vlans() -> list[PacketRecord]:
    tail = UDP(sport=21000, dport=40000) / b"x"
    addresses = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
    return records(
        [
            E / Dot1Q(vlan=5, prio=3) / HERE / tail,
            E / Dot1Q(vlan=5) / ARP(psrc="10.0.0.1", pdst="10.0.0.2"),
            E / Dot1Q(vlan=5) / Dot1Q(vlan=6) / HERE6 / tail,
            E / Dot1AD(vlan=7) / Dot1Q(vlan=6) / HERE6 / tail,
            E / Dot1Q(vlan=9, type=0x1234) / b"abcdefgh",
            Ether(**addresses, type=0x1234) / (b"hello" * 4),
            Ether(**addresses, type=0x88B5) / (b"hello" * 4),
        ]
    )


def raw_ip() -> list[PacketRecord]:
    tail = UDP(sport=21000, dport=40000) / b"x"
    return records([HERE / tail, HERE6 / tail, Raw(b"\xff" * 30), Raw(b"\x00abc")], linktype=101)


def loopback(linktype: int) -> list[PacketRecord]:
    tail = UDP(sport=21000, dport=40000) / b"x"
    packets = []
    for family, header in (
        (2, HERE),
        (24, HERE6),
        (28, HERE6),
        (30, HERE6),
        (99, HERE),
        (0x800, HERE),
    ):
        body = bytes(header / tail)
        packets += [Raw(family.to_bytes(4, order) + body) for order in ("little", "big")]
    return records(packets, linktype)


def cooked(version: int) -> list[PacketRecord]:
    tail = UDP(sport=21000, dport=40000) / b"x"
    bodies = ((0x800, HERE / tail), (0x806, ARP()), (0x86DD, HERE6 / tail), (0x1234, Raw(b"abc")))
    packets = []
    for kind, size, (protocol, body) in itertools.product(range(6), (0, 4, 6, 8), bodies):
        mac = b"\x02\x00\x00\x00\x00\x01\x00\x00"
        if version == 1:
            head = struct.pack("!HHH8sH", kind, 1, size, mac, protocol)
        else:
            head = struct.pack("!HHIHBB8s", protocol, 0, 3, 1, kind, size, mac)
        packets.append(Raw(head + bytes(body)))
    return records(packets, 113 if version == 1 else 276)
