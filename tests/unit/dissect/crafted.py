"""Packets made with scapy that use each header, option and oddity the decoders know."""

from __future__ import annotations

import struct
from pathlib import Path

from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.layers.dns import (
    DNS,
    DNSQR,
    DNSRR,
    DNSRRDS,
    DNSRRHINFO,
    DNSRRMX,
    DNSRRNAPTR,
    DNSRRNSEC,
    DNSRROPT,
    DNSRRRSIG,
    DNSRRSOA,
    DNSRRSRV,
)
from scapy.layers.inet import (
    ICMP,
    IP,
    TCP,
    UDP,
    IPOption_LSRR,
    IPOption_NOP,
    IPOption_Router_Alert,
    IPOption_RR,
    IPOption_Stream_Id,
    IPOption_Timestamp,
)
from scapy.layers.inet6 import (
    HAO,
    HBHOptUnknown,
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6MLDMultAddrRec,
    ICMPv6MLQuery,
    ICMPv6MLQuery2,
    ICMPv6MLReport,
    ICMPv6MLReport2,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_Redirect,
    ICMPv6ND_RS,
    ICMPv6NDOptDNSSL,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    ICMPv6NDOptRedirectedHdr,
    ICMPv6NDOptRouteInfo,
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
from scapy.layers.l2 import ARP, GRE, LLC, SNAP, Dot1AD, Dot1Q, Dot3, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Padding

MAC, PEER = "02:00:00:00:00:01", "02:00:00:00:00:02"
WIRE = Ether(src=MAC, dst=PEER)
V4 = WIRE / IP(src="10.9.0.1", dst="10.9.0.2")
V6 = WIRE / IPv6(src="fd09::1", dst="fd09::2")
DATAGRAM = UDP(sport=40000, dport=40001) / b"hello"
INNER = WIRE / IP(src="10.8.0.1", dst="10.8.0.2") / DATAGRAM
QUOTED = IP(src="10.9.0.2", dst="10.9.0.1") / UDP(sport=40000, dport=40001) / b"quoted"
QUOTED6 = IPv6(src="fd09::2", dst="fd09::1") / UDP(sport=40000, dport=40001) / b"quoted"
HARDWARE = {"hwsrc": MAC, "hwdst": PEER, "hwlen": 6, "plen": 4}


def arp() -> list[Packet]:
    def ask(**fields: object) -> Packet:
        return WIRE / ARP(**{**HARDWARE, "psrc": "10.9.0.1", "pdst": "10.9.0.2", **fields})

    return [
        ask(op=1),
        ask(op=2),
        ask(op=2, pdst="10.9.0.1"),
        ask(op=1, psrc="0.0.0.0"),
        ask(op=1, pdst="10.9.0.1", hwdst="00:00:00:00:00:00"),
        ask(op=77) / Padding(bytes(18)),
    ]


def links() -> list[Packet]:
    tagged = IP(src="10.9.0.1", dst="10.9.0.2") / DATAGRAM
    return [
        WIRE / Dot1Q(vlan=5, prio=3) / tagged,
        WIRE / Dot1AD(vlan=7) / Dot1Q(vlan=5) / tagged,
        WIRE / Dot1Q(vlan=5) / Dot1Q(vlan=6) / tagged / Padding(bytes(20)),
        Ether(src=MAC, dst=PEER, type=0x88B5) / b"experimental",
        Dot3(src=MAC, dst=PEER) / LLC() / SNAP(code=0x800) / tagged,
        V4 / DATAGRAM / Padding(bytes(18)),
        V4 / UDP(sport=40000, dport=40001) / (b"x" * 60) / Padding(bytes(5)),
        WIRE / PPPoE(sessionid=5) / PPP(proto=0x21) / tagged,
        Ether(src=MAC, dst=PEER, type=0x8847)
        / MPLS(label=16, s=0, ttl=3)
        / MPLS(label=17)
        / tagged,
    ]


def tunnels() -> list[Packet]:
    bare = INNER[IP].copy()
    return [
        V4 / GRE() / bare,
        V4 / GRE(chksum_present=1, key_present=1, seqnum_present=1, key=5) / bare,
        V4 / GRE(proto=0x6558) / INNER,
        V4 / UDP(sport=40000, dport=4789) / VXLAN(vni=5) / INNER,
        V4 / UDP(sport=40000, dport=6081) / GENEVE(vni=5, proto=0x6558) / INNER,
        V4 / bare,
        V6 / bare,
        V4 / IPv6(src="fd09::3", dst="fd09::4") / DATAGRAM,
    ]


def ipv4() -> list[Packet]:
    ends = {"src": "10.9.0.1", "dst": "10.9.0.2"}
    options = (
        IPOption_RR(),
        IPOption_Timestamp(flg=0),
        IPOption_LSRR(routers=["192.0.2.4", "192.0.2.8"]),
        IPOption_Router_Alert(),
        IPOption_Stream_Id(),
        IPOption_NOP(),
    )
    return [
        *(WIRE / IP(**ends, options=[option]) / DATAGRAM for option in options),
        WIRE / IP(**ends, flags="MF") / UDP(sport=40000, dport=40001, len=100) / b"abcdefgh",
        WIRE / IP(**ends, frag=10, proto=17) / b"abcdefghij",
        WIRE / IP(**ends, tos=0xBB, ttl=1, len=2000) / DATAGRAM,
        WIRE / IP(**ends, proto=253) / b"experimental",
        WIRE / IP(**ends, ihl=3) / b"abc",
    ]


def ipv6() -> list[Packet]:
    ends = {"src": "fd09::1", "dst": "fd09::2"}
    route = {"addresses": ["fd09::7", "fd09::8"]}
    return [
        WIRE / IPv6(**ends, tc=0xB9, fl=0x12345, hlim=3) / DATAGRAM,
        WIRE / IPv6(**ends, plen=500) / DATAGRAM,
        WIRE / IPv6(**ends, nh=59) / b"abc",
        V6 / IPv6ExtHdrHopByHop(options=[RouterAlert(), PadN(optdata=bytes(2))]) / DATAGRAM,
        V6 / IPv6ExtHdrDestOpt(options=[HAO(hoa="fd09::5")]) / DATAGRAM,
        V6 / IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=0x1E, optdata=b"abc")]) / DATAGRAM,
        V6 / IPv6ExtHdrRouting(type=0, **route, segleft=1) / DATAGRAM,
        V6 / IPv6ExtHdrSegmentRouting(**route) / DATAGRAM,
        V6 / IPv6ExtHdrFragment(m=1, id=77) / UDP(sport=40000, dport=40001, len=99) / b"abcdefgh",
        V6 / IPv6ExtHdrFragment(offset=5, id=77, nh=17) / b"abcdefgh",
        WIRE / IPv6(src="2002:a09:1::1", dst="fd09::2") / DATAGRAM,
    ]


def icmp() -> list[Packet]:
    data = b"0123456789abcdef01234567"
    numbered = [V4 / ICMP(type=kind, id=7, seq=9) / data for kind in (8, 0, 13, 14, 15, 17, 18)]
    errors = [
        V4 / ICMP(type=kind, code=code, nexthopmtu=1400, ptr=8, gw="192.0.2.4") / QUOTED
        for kind, code in ((3, 0), (3, 3), (3, 4), (11, 0), (12, 0), (3, 13))
    ]
    return [*numbered, *errors, V4 / ICMP(type=8, chksum=0x1234) / b"abc"]


def icmpv6() -> list[Packet]:
    link = ICMPv6NDOptSrcLLAddr(lladdr=MAC)
    target = ICMPv6NDOptDstLLAddr(lladdr=MAC)
    record = ICMPv6MLDMultAddrRec
    return [
        V6 / ICMPv6EchoRequest(id=1, seq=2, data=b"hello"),
        V6 / ICMPv6EchoReply(id=1, seq=2, data=b"hello"),
        V6 / ICMPv6DestUnreach(code=4) / QUOTED6,
        V6 / ICMPv6PacketTooBig(mtu=1280) / QUOTED6,
        V6 / ICMPv6TimeExceeded() / QUOTED6,
        V6 / ICMPv6ParamProblem(code=1, ptr=40) / QUOTED6,
        V6 / ICMPv6ND_RS() / link,
        V6
        / ICMPv6ND_RA(M=1, O=1, prf=1, reachabletime=30, retranstimer=40)
        / link
        / ICMPv6NDOptMTU(mtu=1400)
        / ICMPv6NDOptPrefixInfo(prefix="fd09::", prefixlen=64)
        / ICMPv6NDOptRDNSS(dns=["fd09::53", "fd09::54"])
        / ICMPv6NDOptDNSSL(searchlist=["a.example", "b.example"])
        / ICMPv6NDOptRouteInfo(prefix="fd0a::", plen=64),
        V6 / ICMPv6ND_NS(tgt="fd09::9") / link,
        V6 / ICMPv6ND_NA(tgt="fd09::9", R=1, S=1, O=0) / target,
        V6
        / ICMPv6ND_Redirect(tgt="fd09::9", dst="fd09::a")
        / target
        / ICMPv6NDOptRedirectedHdr(pkt=QUOTED6),
        V6 / ICMPv6MLQuery(),
        V6 / ICMPv6MLReport(mladdr="ff02::1:3"),
        V6 / ICMPv6MLQuery2(sources=["fd09::1"], sources_number=1),
        V6
        / ICMPv6MLReport2(
            records=[
                record(rtype=4, dst="ff02::fb"),
                record(rtype=3, dst="ff02::fc", sources=["fd09::1"]),
            ]
        ),
    ]


def tcp() -> list[Packet]:
    ports = {"sport": 40000, "dport": 40001}
    stamps = ("Timestamp", (1, 2))
    return [
        V4 / TCP(**ports, flags="S", options=[("MSS", 1460), ("SAckOK", b""), stamps]),
        V4 / TCP(**ports, flags="SA", options=[("MSS", 1460), ("WScale", 15)]),
        V4 / TCP(**ports, flags="A", ack=1, options=[("NOP", None), ("SAck", (1, 2, 3, 4))]),
        V4 / TCP(**ports, flags="FPA", seq=5, ack=100, options=[("UTO", 100)]) / b"abc",
        V4 / TCP(**ports, flags="R"),
        V4 / TCP(**ports, flags="UPEC", urgptr=3) / b"data!",
        V4 / TCP(**ports, flags="A", options=[(19, b"0123456789abcdef")]),
        V4 / TCP(**ports, flags="A", options=[(34, b"abcdefgh"), (99, b"ab")]),
        V4 / TCP(**ports, flags="A", options=[(254, b"\xf9\x89abcd")]),
        V4 / TCP(**ports, flags="A", options=[(28, b"\x80\x01"), (29, b"\x01\x02abcd")]),
        V6 / TCP(**ports, flags="S"),
    ]


def udp() -> list[Packet]:
    ports = {"sport": 40000, "dport": 40001}
    return [
        V4 / UDP(**ports),
        V4 / UDP(**ports, chksum=0) / b"abc",
        V4 / UDP(**ports, len=4) / b"ab",
        V4 / UDP(**ports, len=400) / b"ab",
        V6 / UDP(**ports) / b"xyz",
    ]


def dns() -> list[Packet]:
    def ask(**fields: object) -> Packet:
        return V4 / UDP(sport=40000, dport=53) / DNS(**fields)

    def answer(**fields: object) -> Packet:
        return V4 / UDP(sport=53, dport=40000) / DNS(id=5, qr=1, **fields)

    question = DNSQR(qname="www.example.com")
    authority = DNSRRSOA(
        rrname="example.com", mname="ns.example.com", rname="root.example.com", serial=5,
        refresh=3600, retry=600, expire=86400, minimum=60,
    )  # fmt: skip
    signature = DNSRRRSIG(
        rrname="e.com", typecovered=1, algorithm=8, labels=2, originalttl=300,
        expiration=1700000000, inception=1600000000, keytag=7, signersname="e.com",
        signature=b"sigsigsig",
    )  # fmt: skip
    naming = DNSRRNAPTR(
        rrname="e.com", order=1, preference=2, flags=b"u", services=b"E2U+sip",
        regexp=b"!.*!x!", replacement=".",
    )  # fmt: skip
    records = (
        DNSRR(rrname="www.example.com", type="A", rdata="192.0.2.4", ttl=300),
        DNSRR(rrname="www.example.com", type="AAAA", rdata="fd09::1", ttl=90061),
        DNSRR(rrname="www.example.com", type="CNAME", rdata="example.com"),
        DNSRR(rrname="example.com", type="NS", rdata="ns.example.com"),
        DNSRR(rrname="1.0.0.10.in-addr.arpa", type="PTR", rdata="example.com"),
        DNSRR(rrname="example.com", type="TXT", rdata=[b"hello", b"world"]),
        DNSRRMX(rrname="example.com", preference=10, exchange="mx.example.com"),
        DNSRRSRV(rrname="_sip._udp.example.com", port=5060, target="sip.example.com"),
        DNSRRDS(rrname="e.com", keytag=5, algorithm=8, digesttype=2, digest=b"0123456789abcdef"),
        DNSRRNSEC(rrname="e.com", nextname="f.e.com", typebitmaps=[1, 2, 28, 46]),
        DNSRRHINFO(rrname="e.com", cpu=b"PC", os=b"Linux"),
        authority,
        signature,
        naming,
    )
    local = DNSRR(rrname="host.local", type="A", rclass=0x8001, rdata="192.0.2.4")
    message = bytes(DNS(rd=1, qd=DNSQR(qname="tcp.example.com")))
    stream = TCP(sport=40000, dport=53, flags="PA", ack=1)
    return [
        ask(rd=1, qd=question),
        *(answer(rd=1, ra=1, qd=question, an=[record]) for record in records),
        answer(aa=1, rcode=3, qd=question, ns=[authority], ar=[DNSRROPT(rclass=1232, z=0x8000)]),
        V4 / UDP(sport=5353, dport=5353) / DNS(qr=1, an=[local]),
        V4 / UDP(sport=40000, dport=5355) / DNS(rd=0, qd=DNSQR(qname="wpad")),
        V4 / stream / (struct.pack(">H", len(message)) + message),
    ]


def all_packets() -> list[bytes]:
    """Return every packet's bytes, Ethernet frames all of them."""
    groups = (arp, links, tunnels, ipv4, ipv6, icmp, icmpv6, tcp, udp, dns)
    return [bytes(packet) for group in groups for packet in group()]


def write_pcap(path: Path, packets: list[bytes]) -> None:
    """Write frames to a capture, all at one time."""
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
    with path.open("wb") as stream:
        stream.write(header)
        for data in packets:
            stream.write(struct.pack("<IIII", 1_700_000_000, 123_456, len(data), len(data)) + data)
