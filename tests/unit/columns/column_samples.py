"""Packets for the column tests: what each link type and tunnel can do, made with scapy."""

from __future__ import annotations

import logging

from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord

logging.getLogger("scapy").setLevel(logging.CRITICAL)

from scapy.contrib.erspan import ERSPAN_II  # noqa: E402
from scapy.contrib.geneve import GENEVE  # noqa: E402
from scapy.contrib.gtp import GTP_U_Header  # noqa: E402
from scapy.contrib.mpls import MPLS  # noqa: E402
from scapy.layers.inet import GRE, ICMP, IP, TCP, UDP  # noqa: E402
from scapy.layers.inet6 import (  # noqa: E402
    ICMPv6DestUnreach,
    ICMPv6EchoRequest,
    ICMPv6PacketTooBig,
    ICMPv6TimeExceeded,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.ipsec import AH, ESP  # noqa: E402
from scapy.layers.l2 import ARP, LLC, SNAP, STP, CookedLinux, Dot1AD, Dot1Q, Dot3, Ether  # noqa: E402
from scapy.layers.ppp import PPP, PPPoE, PPPoED  # noqa: E402
from scapy.layers.sctp import SCTP  # noqa: E402
from scapy.layers.vxlan import VXLAN  # noqa: E402
from scapy.packet import Packet, Raw  # noqa: E402

ETHERNET = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
TEB = Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b")
V4 = IP(src="10.0.0.1", dst="10.0.0.2", ttl=60)
INNER4 = IP(src="192.168.1.1", dst="192.168.1.2", ttl=30)
V6 = IPv6(src="2001:db8::1", dst="2001:db8::2", hlim=50)
INNER6 = IPv6(src="fd00::1", dst="fd00::2", hlim=20)
SEGMENT = TCP(sport=40000, dport=80, seq=1000, ack=2000, flags="PA", window=500) / b"GET / HTTP"
DATAGRAM = UDP(sport=40001, dport=9999) / b"payload"
#: One experimental option of four bytes.
GENEVE_OPTIONS = bytes.fromhex("0102030100000000")


def ethernet_packets() -> dict[str, Packet | bytes]:
    """Frames by what is special about them."""
    tcp4, udp6 = V4 / SEGMENT, V6 / DATAGRAM
    inner = INNER4 / TCP(sport=1111, dport=2222, seq=7, flags="S")
    return {
        "tcp": ETHERNET / tcp4,
        "udp": ETHERNET / V4 / DATAGRAM,
        "tcp over ipv6": ETHERNET / V6 / SEGMENT,
        "udp over ipv6": ETHERNET / udp6,
        "padded": bytes(ETHERNET / V4 / TCP(sport=1, dport=2, flags="A")) + bytes(6),
        "ip options": ETHERNET
        / IP(src="10.0.0.3", dst="10.0.0.4", options=b"\x01\x01\x01\x00")
        / SEGMENT,
        "tcp options": ETHERNET
        / V4
        / TCP(sport=5, dport=6, flags="S", options=[("MSS", 1460), ("WScale", 7)]),
        "tcp without payload": ETHERNET / V4 / TCP(sport=5, dport=7, flags="A"),
        "udp without payload": ETHERNET / V4 / UDP(sport=5, dport=6),
        "no transport": ETHERNET / IP(src="10.0.0.1", dst="10.0.0.2", proto=6),
        "sctp": ETHERNET / V4 / SCTP(sport=3000, dport=3001) / b"chunk of data...",
        "udp-lite": bytes(ETHERNET / IP(src="10.0.0.1", dst="10.0.0.2", proto=136))[:34]
        + bytes.fromhex("0bb80bb900080000"),
        "unknown protocol": ETHERNET
        / IP(src="10.0.0.1", dst="10.0.0.2", proto=200)
        / Raw(b"?" * 20),
        "icmp echo": ETHERNET / V4 / ICMP(type=8, id=1, seq=2) / b"ping",
        "icmpv6 echo": ETHERNET / V6 / ICMPv6EchoRequest(id=1, seq=2, data=b"ping"),
        "arp request": ETHERNET / ARP(psrc="10.0.0.1", pdst="10.0.0.2"),
        "arp reply": ETHERNET / ARP(op=2, psrc="10.0.0.2", pdst="10.0.0.1"),
        "rarp": Ether(type=0x8035) / ARP(op=3),
        "unknown type": Ether(type=0x9999) / b"whatever",
        "vlan": ETHERNET / Dot1Q(vlan=100, prio=3) / tcp4,
        "vlan arp": ETHERNET / Dot1Q(vlan=7) / ARP(psrc="10.9.0.1"),
        "qinq": ETHERNET / Dot1AD(vlan=200) / Dot1Q(vlan=300) / udp6,
        "three tags": ETHERNET / Dot1Q(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3) / tcp4,
        "old qinq": Ether(type=0x9100) / Raw(b"\x00\x05\x08\x00") / tcp4,
        "vlan llc": ETHERNET / Dot1Q(vlan=9, type=38) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP(),
        "mpls": ETHERNET / MPLS(label=16, s=1, ttl=9) / tcp4,
        "mpls stack": ETHERNET
        / MPLS(label=17, s=0)
        / MPLS(label=18, s=0)
        / MPLS(label=19, s=1)
        / udp6,
        "mpls unknown": ETHERNET / MPLS(label=20, s=1) / Raw(b"\xf0" * 20),
        "pppoe ipv4": ETHERNET / PPPoE(sessionid=0x1234) / PPP(proto=0x21) / tcp4,
        "pppoe ipv6": ETHERNET / PPPoE(sessionid=5) / PPP(proto=0x57) / udp6,
        "pppoe lcp": ETHERNET / PPPoE(sessionid=5) / PPP(proto=0xC021) / b"\x01\x01\x00\x04",
        "pppoe discovery": ETHERNET / PPPoED(code=9) / b"\x01\x01\x00\x00",
        "llc": Dot3() / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP(),
        "snap ip": Dot3() / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x0800) / tcp4,
        "llc ip": Dot3() / LLC(dsap=6, ssap=6, ctrl=3) / tcp4,
        "snap cisco": Dot3()
        / LLC(dsap=0xAA, ssap=0xAA, ctrl=3)
        / SNAP(OUI=0xC, code=0x2000)
        / b"cdp",
        "novell": bytes(Dot3(len=34))[:14] + b"\xff\xff" + bytes(32),
        "ipip": ETHERNET / V4 / inner,
        "4in6": ETHERNET / V6 / inner,
        "6in4": ETHERNET / V4 / INNER6 / DATAGRAM,
        "6in6": ETHERNET / V6 / INNER6 / DATAGRAM,
        "ipip twice": ETHERNET / V4 / IP(src="1.1.1.1", dst="2.2.2.2") / INNER4 / DATAGRAM,
        "gre": ETHERNET / V4 / GRE() / inner,
        "gre key": ETHERNET / V4 / GRE(key_present=1, key=99) / INNER6 / DATAGRAM,
        "gre all": ETHERNET
        / V6
        / GRE(chksum_present=1, key_present=1, seqnum_present=1, key=1, sequence_number=2)
        / inner,
        "gre ethernet": ETHERNET / V4 / GRE(proto=0x6558) / TEB / Dot1Q(vlan=44) / inner,
        "gre mpls": ETHERNET / V4 / GRE(proto=0x8847) / MPLS(label=33, s=1) / inner,
        "gre arp": ETHERNET / V4 / GRE(proto=0x0806) / ARP(psrc="10.7.7.7"),
        "gre unknown": ETHERNET / V4 / GRE(proto=0x1234) / b"whatever",
        "erspan": ETHERNET / V4 / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II() / TEB / inner,
        "vxlan": ETHERNET / V4 / UDP(sport=50000, dport=4789) / VXLAN(vni=0xABCDE) / TEB / inner,
        "vxlan vlan": ETHERNET
        / Dot1Q(vlan=5)
        / V6
        / UDP(sport=50001, dport=4789)
        / VXLAN(vni=42)
        / TEB
        / Dot1Q(vlan=6)
        / INNER6
        / SEGMENT,
        "vxlan in vxlan": ETHERNET
        / V4
        / UDP(sport=50000, dport=4789)
        / VXLAN(vni=1)
        / TEB
        / INNER4
        / UDP(sport=50000, dport=4789)
        / VXLAN(vni=2)
        / TEB
        / INNER6
        / DATAGRAM,
        "geneve": ETHERNET
        / V4
        / UDP(sport=50000, dport=6081)
        / GENEVE(vni=77, proto=0x6558)
        / TEB
        / inner,
        "geneve options ip": ETHERNET
        / V4
        / UDP(sport=50000, dport=6081)
        / Raw(bytes.fromhex("0200080000004d00") + GENEVE_OPTIONS)
        / inner,
        "gtp-u": ETHERNET
        / V4
        / UDP(sport=2152, dport=2152)
        / GTP_U_Header(teid=9, gtp_type=255)
        / inner,
        "teredo": ETHERNET / V4 / UDP(sport=3544, dport=50123) / INNER6 / DATAGRAM,
        "icmp unreachable": ETHERNET / V4 / ICMP(type=3, code=3) / INNER4 / DATAGRAM,
        "icmp ttl": ETHERNET / V4 / ICMP(type=11, code=0) / bytes(INNER4 / SEGMENT)[:28],
        "icmp 16 bytes": ETHERNET / V4 / ICMP(type=3, code=4) / bytes(INNER4 / SEGMENT)[:36],
        "icmp redirect": ETHERNET / V4 / ICMP(type=5, code=1, gw="10.0.0.9") / INNER4 / SEGMENT,
        "icmp vxlan": ETHERNET
        / V4
        / ICMP(type=3, code=1)
        / INNER4
        / UDP(sport=50000, dport=4789)
        / VXLAN(vni=3)
        / TEB
        / INNER6
        / DATAGRAM,
        "icmpv6 unreachable": ETHERNET / V6 / ICMPv6DestUnreach(code=4) / INNER6 / DATAGRAM,
        "icmpv6 too big": ETHERNET / V6 / ICMPv6PacketTooBig(mtu=1280) / INNER6 / SEGMENT,
        "icmpv6 time": ETHERNET / V6 / ICMPv6TimeExceeded() / bytes(INNER6 / SEGMENT)[:48],
        "first fragment": ETHERNET / IP(src="10.0.0.1", dst="10.0.0.2", flags="MF", id=9) / SEGMENT,
        "later fragment": ETHERNET
        / IP(src="10.0.0.1", dst="10.0.0.2", frag=185, proto=6)
        / Raw(b"x" * 30),
        "first ipv6 fragment": ETHERNET / V6 / IPv6ExtHdrFragment(m=1, id=4) / SEGMENT,
        "later ipv6 fragment": ETHERNET
        / V6
        / IPv6ExtHdrFragment(offset=100, id=4, nh=6)
        / Raw(b"x" * 30),
        "atomic fragment": ETHERNET / V6 / IPv6ExtHdrFragment(id=4) / DATAGRAM,
        "extensions": ETHERNET
        / V6
        / IPv6ExtHdrHopByHop()
        / IPv6ExtHdrRouting(addresses=["::1"])
        / IPv6ExtHdrDestOpt()
        / SEGMENT,
        "no next header": ETHERNET / IPv6(src="::1", dst="::2", nh=59) / b"ignored",
        "ah": ETHERNET / V4 / AH(nh=6, payloadlen=4, spi=1, seq=1, icv=bytes(12)) / SEGMENT,
        "ah ipv6": ETHERNET / V6 / AH(nh=17, payloadlen=4, spi=1, seq=1, icv=bytes(12)) / DATAGRAM,
        "ah tunnel": ETHERNET / V4 / AH(nh=4, payloadlen=4, spi=1, seq=1, icv=bytes(12)) / inner,
        "esp": ETHERNET / V4 / ESP(spi=1, seq=1) / Raw(b"secret" * 5),
        "ip length 0": ETHERNET / IP(src="10.0.0.1", dst="10.0.0.2", len=0, proto=6) / SEGMENT,
        "ip too long": ETHERNET / IP(src="10.0.0.1", dst="10.0.0.2", len=900) / SEGMENT,
        "ip too short": ETHERNET / IP(src="10.0.0.1", dst="10.0.0.2", len=10) / SEGMENT,
        "ip header length": ETHERNET / IP(src="10.0.0.1", dst="10.0.0.2", ihl=4) / SEGMENT,
        "ip version 5": ETHERNET / IP(version=5) / SEGMENT,
        "ip version 6": Ether(type=0x0800) / bytes(V6 / DATAGRAM),
        "ipv6 version 4": Ether(type=0x86DD) / bytes(V4 / DATAGRAM) / Raw(bytes(20)),
        "ipv6 too long": ETHERNET / IPv6(src="::1", dst="::2", plen=900) / DATAGRAM,
        "ipv6 length 0": ETHERNET / IPv6(src="::1", dst="::2", plen=0, nh=17) / DATAGRAM,
        "udp length 4": ETHERNET / V4 / UDP(sport=1, dport=2, len=4) / b"abc",
        "udp length 900": ETHERNET / V4 / UDP(sport=1, dport=2, len=900) / b"abc",
        "udp length 10": ETHERNET / V4 / UDP(sport=1, dport=2, len=10) / b"abcdefgh",
        "tcp offset 3": ETHERNET / V4 / TCP(sport=11, dport=12, dataofs=3) / b"abc",
        "tcp offset 15": ETHERNET / V4 / TCP(sport=13, dport=14, dataofs=15) / b"abc",
    }


def other_links() -> list[tuple[int, bytes]]:
    """Packets of all link types but Ethernet."""
    tcp4, udp6 = bytes(V4 / SEGMENT), bytes(V6 / DATAGRAM)
    found = [
        (int(linktype), data)
        for linktype in (LinkType.RAW, LinkType.RAW_BSD, LinkType.RAW_OPENBSD)
        for data in (tcp4, udp6)
    ]
    found += [(LinkType.IPV4, tcp4), (LinkType.IPV6, udp6)]
    for family, data in ((2, tcp4), (24, udp6), (28, udp6), (30, udp6)):
        found += [
            (LinkType.NULL, family.to_bytes(4, "little") + data),
            (LinkType.NULL, family.to_bytes(4) + data),
            (LinkType.LOOP, family.to_bytes(4) + data),
        ]
    cooked = CookedLinux(pkttype=4, lladdrlen=6, src=b"\x02\0\0\0\0\x05\0\0")
    found += [
        (LinkType.LINUX_SLL, bytes(cooked / V4 / SEGMENT)),
        (LinkType.LINUX_SLL, bytes(cooked / V6 / DATAGRAM)),
        (LinkType.LINUX_SLL, bytes(cooked / ARP(psrc="10.0.0.1"))),
        (LinkType.LINUX_SLL, bytes(cooked / Dot1Q(vlan=12) / V4 / SEGMENT)),
    ]
    for ethertype, data in ((0x0800, tcp4), (0x86DD, udp6)):
        header = ethertype.to_bytes(2) + bytes.fromhex("0000 00000003 0001 00 06 020000000007 0000")
        found.append((LinkType.LINUX_SLL2, header + data))
    return [(int(linktype), data) for linktype, data in found]


def tcp_streams() -> list[bytes]:
    """Segments that open, reuse and quote conversations."""

    def segment(
        flags: str, seq: int, ack: int = 0, *, back: bool = False, port: int = 5000
    ) -> Packet:
        ends = (V4.dst, V4.src) if back else (V4.src, V4.dst)
        ports = (80, port) if back else (port, 80)
        return IP(src=ends[0], dst=ends[1]) / TCP(
            sport=ports[0], dport=ports[1], flags=flags, seq=seq, ack=ack
        )

    plain = [
        segment("S", 100),
        segment("S", 100),  # retransmitted: the same conversation
        segment("SA", 900, 101, back=True),
        segment("A", 101, 901),
        segment("S", 500),  # other number: a new one
        segment("SA", 1900, 501, back=True),
        segment("A", 501, 1901),
        segment("SA", 7777, 501, back=True),  # an answer never begins one
        segment("S", 300, port=5001),
        segment("A", 50, 60, port=5002),  # met in the middle
        segment("S", 49, port=5002),  # the number its side began with
        segment("S", 1000, port=5002),
        segment("R", 1000, port=5002),
        segment("S", 1000, port=5002),
        segment("A", 3, 4, back=True, port=5003),
        segment("S", 3, port=5003),
        segment("S", 4, port=5003),
        IP(src="7.7.7.7", dst="7.7.7.7") / TCP(sport=9, dport=9, flags="S", seq=1),
        IP(src="7.7.7.7", dst="7.7.7.7") / TCP(sport=9, dport=9, flags="SA", seq=5, ack=2),
    ]
    error = IP(src="10.0.0.254", dst="10.0.0.1") / ICMP(type=3, code=1)
    quotes = [
        error / segment("S", 4000, port=5100),  # heard of in an error first
        segment("S", 4001, port=5100),
        error / segment("S", 4002, port=5100),
        segment("A", 4002, port=5100),
        V4 / UDP(sport=50000, dport=4789) / VXLAN(vni=1) / TEB / segment("S", 1, port=5200),
        segment("S", 1, port=5200),
        V4 / UDP(sport=50000, dport=4789) / VXLAN(vni=1) / TEB / segment("S", 2, port=5200),
    ]
    return [bytes(ETHERNET / packet) for packet in plain + quotes]


def records(packets: list[tuple[int, bytes, int]]) -> list[PacketRecord]:
    """Return records with one interface a link type; the third value is the original length."""
    linktypes = list(dict.fromkeys(linktype for linktype, _, _ in packets))
    return [
        PacketRecord(
            data, 1_700_000_000_000_000_000 + i, origlen, linktype, linktypes.index(linktype)
        )
        for i, (linktype, data, origlen) in enumerate(packets)
    ]
