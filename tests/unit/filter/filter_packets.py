"""Packets for the judge of filters: every header the language names, well and badly formed."""

from __future__ import annotations

import logging
import struct
from pathlib import Path

logging.getLogger("scapy").setLevel(logging.CRITICAL)

from scapy.contrib.erspan import ERSPAN_II  # noqa: E402
from scapy.contrib.geneve import GENEVE  # noqa: E402
from scapy.contrib.gtp import GTP_U_Header  # noqa: E402
from scapy.contrib.mpls import MPLS  # noqa: E402
from scapy.layers.inet import (  # noqa: E402
    GRE,
    ICMP,
    IP,
    TCP,
    UDP,
    IPOption_LSRR,
    IPOption_Router_Alert,
    IPOption_RR,
    IPOption_Timestamp,
)
from scapy.layers.inet6 import (  # noqa: E402
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6MLDMultAddrRec,
    ICMPv6MLQuery,
    ICMPv6MLReport,
    ICMPv6MLReport2,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    ICMPv6NDOptDNSSL,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    IPv6ExtHdrSegmentRouting,
    PadN,
    RouterAlert,
)
from scapy.layers.ipsec import AH, ESP  # noqa: E402
from scapy.layers.l2 import ARP, LLC, SNAP, STP, CookedLinux, Dot1AD, Dot1Q, Dot3, Ether  # noqa: E402
from scapy.layers.ppp import PPP, PPPoE, PPPoED  # noqa: E402
from scapy.layers.sctp import SCTP  # noqa: E402
from scapy.layers.vxlan import VXLAN  # noqa: E402
from scapy.packet import Packet, Raw  # noqa: E402

WIRE = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
INSIDE = Ether(src="02:00:00:00:00:0a", dst="02:00:00:00:00:0b")
V4 = IP(src="10.0.0.1", dst="10.0.0.2", ttl=60, id=0x1234)
BACK4 = IP(src="10.0.0.2", dst="10.0.0.1", ttl=61)
INNER4 = IP(src="192.168.1.1", dst="192.168.1.2", ttl=30)
V6 = IPv6(src="2001:db8::1", dst="2001:db8::2", hlim=50)
INNER6 = IPv6(src="fd00::1", dst="fd00::2", hlim=20)
SEGMENT = TCP(sport=40000, dport=80, seq=1000, ack=2000, flags="PA", window=500) / b"GET / HTTP"
DATAGRAM = UDP(sport=40001, dport=9999) / b"Payload of 19 bytes"
INNER = INNER4 / TCP(sport=1111, dport=2222, seq=7, flags="S")
OVERLAY = UDP(sport=50000, dport=4789)
ENDS = {"src": "10.0.0.1", "dst": "10.0.0.2"}
#: One experimental option of four bytes.
GENEVE_OPTIONS = bytes.fromhex("0102030100000000")
Packets = list[Packet | bytes]


def links() -> Packets:
    """Ethernet and what stands between it and IP."""
    tcp4, udp6 = V4 / SEGMENT, V6 / DATAGRAM
    return [
        WIRE / tcp4,
        WIRE / udp6,
        bytes(WIRE / V4 / TCP(sport=1, dport=2, flags="A")) + bytes(6),
        bytes(WIRE / V4 / UDP(sport=1, dport=2) / b"xxx") + b"trailer and FCS",
        Ether(src="00:11:22:33:44:55", dst="ff:ff:ff:ff:ff:ff")
        / ARP(psrc="10.0.0.1", pdst="10.0.0.2"),
        WIRE / ARP(op=2, psrc="10.0.0.2", pdst="10.0.0.1", hwsrc="02:00:00:00:00:02"),
        WIRE / ARP(op=1, psrc="10.0.0.1", pdst="10.0.0.1") / Raw(bytes(18)),
        WIRE / ARP(op=77, psrc="0.0.0.0", pdst="10.0.0.9"),
        Ether(type=0x8035) / ARP(op=3),
        Ether(type=0x0806) / bytes.fromhex("0001080006040001020000"),
        Ether(type=0x9999) / b"whatever",
        Ether(dst="01:00:5e:00:00:01") / V4 / DATAGRAM,
        WIRE / Dot1Q(vlan=100, prio=3) / tcp4,
        WIRE / Dot1Q(vlan=7, dei=1) / ARP(psrc="10.9.0.1"),
        WIRE / Dot1AD(vlan=200, prio=5) / Dot1Q(vlan=300) / udp6,
        WIRE / Dot1Q(vlan=1) / Dot1Q(vlan=2) / Dot1Q(vlan=3) / tcp4,
        Ether(type=0x9100) / Raw(b"\x00\x05\x08\x00") / tcp4,
        WIRE / Dot1Q(vlan=9, type=38) / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP(),
        WIRE / MPLS(label=16, s=1, ttl=9) / tcp4,
        WIRE / MPLS(label=17, s=0, cos=3) / MPLS(label=18, s=0) / MPLS(label=19, s=1) / udp6,
        WIRE / MPLS(label=20, s=1) / Raw(b"\xf0" * 20),
        WIRE / PPPoE(sessionid=0x1234) / PPP(proto=0x21) / tcp4,
        WIRE / PPPoE(sessionid=5) / PPP(proto=0x57) / udp6,
        WIRE / PPPoE(sessionid=5) / PPP(proto=0xC021) / b"\x01\x01\x00\x04",
        WIRE / PPPoED(code=9) / b"\x01\x01\x00\x00\x01\x03\x00\x04abcd",
        Dot3() / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP(),
        Dot3() / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x0800) / tcp4,
        Dot3() / LLC(dsap=6, ssap=6, ctrl=3) / tcp4,
        bytes(Dot3(len=34))[:14] + b"\xff\xff" + bytes(32),
        Ether(type=0x0800) / bytes(udp6),
        Ether(type=0x86DD) / bytes(tcp4) / Raw(bytes(20)),
        b"\x02\x00\x00\x00\x00\x02\x02\x00\x00",
        bytes(WIRE),
    ]


def tunnels() -> Packets:
    """Packets inside packets."""
    vxlan = V4 / OVERLAY / VXLAN(vni=0xABCDE) / INSIDE
    geneve = UDP(sport=50000, dport=6081)
    return [
        WIRE / V4 / INNER,
        WIRE / V6 / INNER,
        WIRE / V4 / INNER6 / DATAGRAM,
        WIRE / V6 / INNER6 / DATAGRAM,
        WIRE / V4 / IP(src="1.1.1.1", dst="2.2.2.2") / INNER4 / DATAGRAM,
        WIRE / V4 / GRE() / INNER,
        WIRE / V4 / GRE(key_present=1, key=99) / INNER6 / DATAGRAM,
        WIRE / V6 / GRE(chksum_present=1, key_present=1, seqnum_present=1, key=1) / INNER,
        WIRE / V4 / GRE(proto=0x6558) / INSIDE / Dot1Q(vlan=44) / INNER,
        WIRE / V4 / GRE(proto=0x8847) / MPLS(label=33, s=1) / INNER,
        WIRE / V4 / GRE(proto=0x0806) / ARP(psrc="10.7.7.7"),
        WIRE / V4 / GRE(proto=0x1234) / b"whatever",
        WIRE / V4 / GRE(proto=0x88BE, seqnum_present=1) / ERSPAN_II() / INSIDE / INNER,
        WIRE / vxlan / INNER,
        WIRE / vxlan / Dot1Q(vlan=6) / INNER6 / SEGMENT,
        WIRE / Dot1Q(vlan=5) / V6 / OVERLAY / VXLAN(vni=42) / INSIDE / Dot1Q(vlan=6) / INNER,
        WIRE / vxlan / INNER4 / OVERLAY / VXLAN(vni=2) / INSIDE / INNER6 / DATAGRAM,
        WIRE / V4 / geneve / GENEVE(vni=77, proto=0x6558) / INSIDE / INNER,
        WIRE / V4 / geneve / Raw(bytes.fromhex("0200080000004d00") + GENEVE_OPTIONS) / INNER,
        WIRE / V4 / UDP(sport=2152, dport=2152) / GTP_U_Header(teid=9, gtp_type=255) / INNER,
        WIRE / V4 / UDP(sport=3544, dport=50123) / INNER6 / DATAGRAM,
        WIRE / V4 / AH(nh=6, payloadlen=4, spi=1, seq=1, icv=bytes(12)) / SEGMENT,
        WIRE / V4 / AH(nh=4, payloadlen=4, spi=1, seq=1, icv=bytes(12)) / INNER,
        WIRE / V4 / ESP(spi=1, seq=1) / Raw(b"secret" * 5),
        WIRE / V4 / SCTP(sport=3000, dport=3001) / b"chunk of data...",
    ]


def network() -> Packets:
    """IPv4 options and fragments, IPv6 extension headers, lengths that lie."""
    hop, route = IPv6ExtHdrHopByHop, {"addresses": ["fd09::7", "fd09::8"]}
    options = (
        IPOption_RR(),
        IPOption_Timestamp(flg=0),
        IPOption_LSRR(routers=["192.0.2.4", "192.0.2.8"]),
        IPOption_Router_Alert(),
    )
    return [
        *(WIRE / IP(**ENDS, options=[option]) / DATAGRAM for option in options),
        WIRE / IP(**ENDS, options=b"\x01\x01\x01\x00") / SEGMENT,
        WIRE / IP(**ENDS, flags="MF", id=9) / SEGMENT,
        WIRE / IP(**ENDS, frag=185, proto=6, id=9) / Raw(b"x" * 30),
        WIRE / IP(**ENDS, flags="DF", tos=0xBB, ttl=1) / DATAGRAM,
        WIRE / IP(**ENDS, tos=0x28, flags="evil") / DATAGRAM,
        WIRE / IP(**ENDS, proto=6),
        WIRE / IP(**ENDS, proto=200) / Raw(b"?" * 20),
        WIRE / IP(**ENDS, chksum=0x1234) / SEGMENT,
        WIRE / IP(**ENDS, len=0, proto=6) / SEGMENT,
        WIRE / IP(**ENDS, len=900) / SEGMENT,
        WIRE / IP(**ENDS, len=10) / SEGMENT,
        WIRE / IP(**ENDS, ihl=4) / SEGMENT,
        WIRE / IP(**ENDS, ihl=15) / b"short",
        WIRE / IP(version=5) / SEGMENT,
        WIRE / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67),
        WIRE / IP(src="127.0.0.1", dst="224.0.0.251") / DATAGRAM,
        WIRE / IPv6(src="fe80::1", dst="ff02::1", tc=0xB9, fl=0x12345, hlim=3) / DATAGRAM,
        WIRE / IPv6(src="::1", dst="::2", plen=900) / DATAGRAM,
        WIRE / IPv6(src="::1", dst="::2", plen=0, nh=17) / DATAGRAM,
        WIRE / IPv6(src="::1", dst="::2", nh=59) / b"ignored",
        WIRE / IPv6(src="2002:a09:1::1", dst="fe80::0211:22ff:fe33:4455") / DATAGRAM,
        WIRE / V6 / hop(options=[RouterAlert(), PadN(optdata=bytes(2))]) / DATAGRAM,
        WIRE / V6 / hop() / IPv6ExtHdrRouting(addresses=["::1"]) / IPv6ExtHdrDestOpt() / SEGMENT,
        WIRE / V6 / IPv6ExtHdrRouting(type=0, **route, segleft=1) / DATAGRAM,
        WIRE / V6 / IPv6ExtHdrSegmentRouting(**route) / DATAGRAM,
        WIRE / V6 / IPv6ExtHdrFragment(m=1, id=4) / SEGMENT,
        WIRE / V6 / IPv6ExtHdrFragment(offset=100, id=4, nh=6) / Raw(b"x" * 30),
        WIRE / V6 / IPv6ExtHdrFragment(id=4) / DATAGRAM,
        WIRE / V6 / AH(nh=17, payloadlen=4, spi=1, seq=1, icv=bytes(12)) / DATAGRAM,
    ]


def control() -> Packets:
    """ICMP, ICMPv6 and IGMP, with what they quote."""
    ping = b"0123456789abcdef01234567"
    link, mac = ICMPv6NDOptSrcLLAddr(lladdr="02:00:00:00:00:01"), "02:00:00:00:00:07"
    router = ICMPv6ND_RA(M=1, O=1, prf=1, reachabletime=30, retranstimer=40)
    prefix = ICMPv6NDOptPrefixInfo(prefix="fd09::", prefixlen=64)
    names = ICMPv6NDOptDNSSL(searchlist=["a.example"])
    joined = ICMPv6MLDMultAddrRec(rtype=4, dst="ff02::fb")
    query, reply, unreach = ICMPv6EchoRequest, ICMPv6EchoReply, ICMPv6DestUnreach
    errors = [(3, 0), (3, 3), (3, 4), (5, 1), (11, 0), (12, 0), (3, 13)]
    return [
        *(WIRE / V4 / ICMP(type=kind, id=7, seq=9) / ping for kind in (8, 13, 15, 17)),
        *(WIRE / BACK4 / ICMP(type=kind, id=7, seq=9) / ping for kind in (0, 14, 16, 18)),
        *(
            WIRE / BACK4 / ICMP(type=kind, code=code, nexthopmtu=1400, ptr=8) / INNER4 / DATAGRAM
            for kind, code in errors
        ),
        WIRE / V4 / ICMP(type=11) / bytes(INNER4 / SEGMENT)[:28],
        WIRE / V4 / ICMP(type=3, code=4) / bytes(INNER4 / SEGMENT)[:36],
        WIRE / V4 / ICMP(type=3, code=1) / INNER4 / OVERLAY / VXLAN(vni=3) / INSIDE / INNER,
        WIRE / V4 / ICMP(type=8, chksum=0x1234) / b"abc",
        WIRE / V4 / ICMP(type=99, code=9) / b"abc",
        bytes(WIRE / V4 / ICMP(type=8))[:39],
        WIRE / V6 / query(id=1, seq=2, data=b"hello"),
        WIRE / IPv6(src="2001:db8::2", dst="2001:db8::1") / reply(id=1, seq=2, data=b"hello"),
        WIRE / V6 / unreach(code=4) / INNER6 / DATAGRAM,
        WIRE / V6 / ICMPv6PacketTooBig(mtu=1280) / INNER6 / SEGMENT,
        WIRE / V6 / ICMPv6TimeExceeded() / bytes(INNER6 / SEGMENT)[:48],
        WIRE / V6 / ICMPv6ParamProblem(code=1, ptr=40) / INNER6 / DATAGRAM,
        WIRE / V6 / ICMPv6ND_RS() / link,
        WIRE / V6 / router / link / ICMPv6NDOptMTU(mtu=1400) / prefix,
        WIRE / V6 / router / ICMPv6NDOptRDNSS(dns=["fd09::53"]) / names,
        WIRE / V6 / ICMPv6ND_NS(tgt="fd09::9") / link,
        WIRE / V6 / ICMPv6ND_NA(tgt="fd09::9", R=1, S=1, O=0) / ICMPv6NDOptDstLLAddr(lladdr=mac),
        WIRE / V6 / ICMPv6MLQuery(),
        WIRE / V6 / ICMPv6MLReport(mladdr="ff02::1:3"),
        WIRE / V6 / ICMPv6MLReport2(records=[joined]),
        WIRE / IP(**ENDS, ttl=1, proto=2) / bytes.fromhex("16000904e00000fb"),
    ]


def transport() -> Packets:
    """TCP options, flags and header lengths, UDP lengths."""
    ports = {"sport": 40000, "dport": 443}
    stamps = ("Timestamp", (1, 2))
    options = [
        [("MSS", 1460), ("SAckOK", b""), stamps, ("NOP", None), ("WScale", 7)],
        [("NOP", None), ("NOP", None), ("SAck", (1, 2, 3, 4))],
        [("UTO", 100)],
        [(19, b"0123456789abcdef")],
        [(34, b"abcdefgh"), (99, b"ab")],
        [(254, b"\xf9\x89abcd")],
        [(28, b"\x80\x01"), (29, b"\x01\x02abcd")],
        [("EOL", None)],
    ]
    return [
        *(WIRE / V4 / TCP(**ports, flags="A", options=one) for one in options),
        WIRE / V4 / TCP(**ports, flags="S", options=options[0]),
        WIRE / BACK4 / TCP(sport=443, dport=40000, flags="SA", options=[("WScale", 15)]),
        *(WIRE / V4 / TCP(**ports, flags=flags, seq=9) for flags in ("F", "R", "FPA", "UPEC", "")),
        WIRE / V4 / TCP(**ports, flags="UA", urgptr=3) / b"data!",
        WIRE / V4 / TCP(**ports, flags="PA", chksum=1) / b"Get the \x00 byte \xff and \xc3\xa9",
        WIRE / V4 / TCP(**ports, reserved=7, flags=0x1FF),
        WIRE / V6 / TCP(sport=443, dport=443, flags="S", window=0),
        WIRE / V4 / TCP(**ports, dataofs=3) / b"abc",
        WIRE / V4 / TCP(**ports, dataofs=15) / b"abc",
        bytes(WIRE / V4 / TCP(**ports, flags="A", options=[("MSS", 1)]))[:55] + b"\x09",
        WIRE / V4 / UDP(sport=40000, dport=40001),
        WIRE / V4 / UDP(sport=40000, dport=40001, chksum=0) / b"abc",
        WIRE / V4 / UDP(sport=40000, dport=40001, chksum=9) / b"abc",
        WIRE / V4 / UDP(sport=40000, dport=40001, len=4) / b"abc",
        WIRE / V4 / UDP(sport=40000, dport=40001, len=900) / b"abc",
        WIRE / V4 / UDP(sport=40000, dport=40001, len=10) / b"abcdefgh",
        WIRE / V6 / UDP(sport=40000, dport=40001) / b"xyz",
        WIRE / IP(**ENDS, proto=136) / bytes.fromhex("0bb80bb900080000"),
    ]


def other_links() -> list[tuple[int, bytes]]:
    """Packets of all link types but Ethernet."""
    tcp4, udp6 = bytes(V4 / SEGMENT), bytes(V6 / DATAGRAM)
    found = [(linktype, data) for linktype in (101, 12, 14) for data in (tcp4, udp6, b"\x75?")]
    found += [(228, tcp4), (229, udp6)]
    for family, data in ((2, tcp4), (24, udp6), (28, udp6), (30, udp6), (99, b"unknown")):
        found += [
            (0, family.to_bytes(4, "little") + data),
            (0, family.to_bytes(4, "big") + data),
            (108, family.to_bytes(4, "big") + data),
        ]
    cooked = CookedLinux(pkttype=4, lladdrlen=6, src=b"\x02\0\0\0\0\x05\0\0")
    found += [
        (113, bytes(cooked / V4 / SEGMENT)),
        (113, bytes(cooked / V6 / DATAGRAM)),
        (113, bytes(cooked / ARP(psrc="10.0.0.1"))),
        (113, bytes(cooked / Dot1Q(vlan=12) / V4 / SEGMENT)),
    ]
    for ethertype, data in ((0x0800, tcp4), (0x86DD, udp6)):
        header = ethertype.to_bytes(2, "big") + bytes.fromhex("00000000000300010006")
        found.append((276, header + bytes.fromhex("0200000000070000") + data))
    return found


def cut_short() -> list[tuple[bytes, int]]:
    """Packets as a short snapshot length leaves them: bytes, and the length they had."""
    whole = [
        bytes(packet)
        for packet in (
            WIRE / V4 / TCP(sport=4, dport=5, options=[("MSS", 1460), ("WScale", 7)]) / b"abc",
            WIRE / Dot1Q(vlan=5) / V6 / IPv6ExtHdrHopByHop() / DATAGRAM,
            WIRE / V4 / OVERLAY / VXLAN(vni=3) / INSIDE / INNER,
            WIRE / V4 / ICMP(type=3, code=1) / INNER4 / SEGMENT,
            WIRE / ARP(psrc="10.0.0.1"),
        )
    ]
    lengths = (1, 13, 14, 16, 20, 30, 34, 37, 38, 44, 54, 58, 62, 70, 90)
    return [
        (data[:length], len(data)) for data in whole for length in lengths if length < len(data)
    ]


def write_pcap(path: Path, packets: list[tuple[bytes, int]], linktype: int = 1) -> Path:
    """Write a nanosecond pcap by hand: no code under test makes what tests read."""
    out = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, linktype)]
    for number, (data, length) in enumerate(packets):
        seconds, nanoseconds = divmod(number * 10_000_001, 10**9)
        out += [struct.pack("<IIII", 1_600_000_000 + seconds, nanoseconds, len(data), length), data]
    path.write_bytes(b"".join(out))
    return path


def write_pcapng(path: Path, packets: list[tuple[int, bytes]]) -> Path:
    """Write a pcapng file with an interface for each link type, direction flags and comments."""
    out = [_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))]
    linktypes = list(dict.fromkeys(linktype for linktype, _ in packets))
    for linktype in linktypes:
        name = _option(2, f"dev{linktype}".encode())
        out.append(_block(1, struct.pack("<HHI", linktype, 0, 0) + name + _option(9, b"\x09")))
    for number, (linktype, data) in enumerate(packets):
        high, low = divmod(1_600_000_000 * 10**9 + number * 1_234_567, 1 << 32)
        lengths = (len(data), len(data))
        head = struct.pack("<IIIII", linktypes.index(linktype), high, low, *lengths)
        options = _option(2, (number % 3).to_bytes(4, "little")) if number % 4 else b""
        options += _option(1, f"Comment {number}".encode()) if number % 7 == 3 else b""
        out.append(_block(6, head + _padded(data) + options))
    path.write_bytes(b"".join(out))
    return path


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + _padded(value)


def _block(kind: int, body: bytes) -> bytes:
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def made_captures(folder: Path) -> list[Path]:
    """Write the captures of this module, and return their paths."""
    ethernet = {
        "links": links(),
        "tunnels": tunnels(),
        "network": network(),
        "control": control(),
        "transport": transport(),
    }
    paths = [
        write_pcap(
            folder / f"{name}.pcap",
            [(data, len(data)) for data in map(bytes, packets)],
        )
        for name, packets in ethernet.items()
    ]
    paths.append(write_pcap(folder / "cut.pcap", cut_short()))
    paths.append(write_pcapng(folder / "other_links.pcapng", other_links()))
    return paths
