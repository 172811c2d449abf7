"""Packets with every option and odd header that the makers of captures think of, written in hex:
libraries would refuse half of them."""

from __future__ import annotations

import struct

from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import IP, TCP, UDP, checksum
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
MACS = bytes(ETHER)[:12]
V4 = IP(src="10.0.0.1", dst="10.0.0.2")
DATAGRAM = UDP(sport=40000, dport=40001) / b"x"
INNER = bytes(IP(src="1.1.1.1", dst="2.2.2.2") / UDP(sport=4, dport=5) / bytes(20))

#: Options of IPv4; they are filled up with no-operations.
IPV4_OPTIONS = """
    820bf135000000000000ff 820bababcdef0102030405 8203ab 8204abcd 8205abcdef 820babcd00000000000000
    820602020202 850301 8505010203 86060000000100 860a0000000101040005 860c0000000101060005f0
    860e000000010208000500010002 861200000001050c00050001000200050003 860e0000000106080102030405
    860e00000001800801020304 860a00000001010a0005 19080005111111 1908000511111111 1908100511111111
    1908800511111114 1908900511111117 190c0505050505050505050505 4d04abcd f502 0402 0b04ff00
    0b05ff0000 8804abcd 95060a000001 95080a0000010a00 9502 44040500 440c05000000000100000002
    440c0d010000000100000002 440c05330a00000100000002 440c05070000000100000002
    440a0500000000010002 520c0001000200030a000001 94040000 9406000100 070304 07070400000000
    070b080a0000010a000002 070b030a0000010a000002 0707050a000001 070a040a00000100000000 0000ab
    0007040a000001 9603ab 1e0612345678 8d02 1402 4402
"""
#: Options of TCP, S behind those of a SYN; they are filled up with no-operations.
TCP_OPTIONS = """
    1e040081S 1e0400ffS 1e0c00811122334455667788S 1e0c01011122334455667788S
    1e140181112233445566778811223344556677 1e180181112233445566778811223344556677880010abcd
    1e0c11030102030405060708S 1e10100311223344556677880a0b0c0d
    1e1810001122334455667788112233445566778801020304 1e08200101020304 1e0c20031122334455667788
    1e12200501020304010203040a0b0c0d0020 1e1a200f112233445566778811223344556677880a0b0c0d0020abcd
    1e14200c11223344556677880a0b0c0d0020abcd 1e042000 1e08300101020304 1e0a3101010203040050
    1e0834050a000001 1e16360111223344556677881122334455667788005 1e1030010a0000011122334455667788
    1e06400102ff 1e035f 1e045105 1e0c60001122334455667788 1e0c70001122334455667788 1e048f02
    1e04f001 1e0300 1e0201 0b0601020304 0d0601020304 060601020304 070601020304 0b0501020304 090201
    0f04abcd 1404e37f 1704abcd 1b080b1001020304 4c0a01000a0000011234
    4c0e11000a0000010a0000021234 4e100401010203040506070801020304 4503ab fd04abcd fd03ab
    fd06abcd0102 fe04f989S fe08f98901020304 2202 2203abS 1c048001 1c02 1d040102 1d080102abcdef01
    1d0301 00000100 00000001 00020405b4000000 01010101 0101010103030701 020405b4 020405b4S 0203ffS
    0303ffS 0402S 050a0000000100000002 051200000001000000010000000100000001 050b000000010000000201
    08080000000100 080a0000000000000005S 13040102
"""
#: Options of IPv6; they are filled up with padding.
IPV6_OPTIONS = """
    040107 05020001 050400010002 c20400011170 c20400000010
    07080000000100000000 070c0000000101051234aabbccdd 2606050511111111 2606850511111111
    630480010010 2304e3010010 0f0a01020001000200030004 300405dc0000 300405dc05dd 8b0401020304
    8c0401020304 08054001010203 08070001020304050 ee0401020304 220401020304 1e02abcd 0100 00
    410401020102 8a06010203040506
"""
#: Objects of an ICMP extension structure.
ICMP_OBJECTS = """
    00080101000101ff 000c0101000101ff12345601 0008020800000005 000c0204000100000a000001
    001002020c65746830000000000000000 00080201000005dc
    0024020f00000005000100000a0000010c6574683000000000000000000005dc
    00180204000200000000000000000000000000000000000
    000c03016574683000000000 0008030200000007 000c0303000104000a000001 0008ffee01020304 0004ff00
"""
#: Tags of PPPoE's discovery.
PPPOE_TAGS = """
    01010000 01010003616263 010300020102 010400040102030 01050008000000000102030
    010600040001000 010600020001 010700040001000 010800020001 010900020005 011000020102 011100010
    012000020 5dc 020100036162 63 010500000de901 00000000
"""
#: Options of DHCP behind the message type.
DHCP_OPTIONS = """
    ff 330361626 3304000000 01ff 0305010203040 5ff 770b0161076578616d706c6500ff 0d0101ff 130101ff
    1a0205dcff 5104000000 21080102030405060708ff 74ff 3d0702000000000001ff
"""


def _octets(text: str) -> bytes:
    return bytes.fromhex(text + "0" * (len(text) % 2))


def ipv4_options() -> list[bytes]:
    found = []
    for text in IPV4_OPTIONS.split():
        options = _octets(text)
        options += b"\1" * (-len(options) % 4)
        payload = bytes(DATAGRAM)
        size = 20 + len(options)
        header = bytes(IP(src="10.0.0.1", dst="10.0.0.2", proto=17, ihl=size // 4, id=1))[:20]
        header = header[:2] + struct.pack(">H", size + len(payload)) + header[4:]
        found.append(MACS + b"\x08\0" + header + options + payload)
    return found


def tcp_options() -> list[bytes]:
    found = []
    for number, text in enumerate(TCP_OPTIONS.split()):
        options = _octets(text.rstrip("S"))
        options += b"\1" * (-len(options) % 4)
        flags, ack = ("S", 0) if text.endswith("S") else ("A", 1)
        # Each in a connection of its own.
        ports = {"sport": 20000 + number, "dport": 5000}
        segment = TCP(**ports, seq=1, ack=ack, flags=flags, dataofs=5 + len(options) // 4)
        found.append(bytes(ETHER / V4 / segment / Raw(options)))
    ends = {"sport": 4000, "dport": 5000, "seq": 1, "flags": "A", "ack": 1000}
    found.append(bytes(ETHER / V4 / TCP(sport=4000, dport=5000, seq=0, flags="S")))
    ranges = [(500, 600), (900, 1100), (1100, 1200, 1000, 1300), (1100, 1200, 1300, 1400)]
    found += [bytes(ETHER / V4 / TCP(**ends, options=[("SAck", edges)])) for edges in ranges]
    found.append(bytes(ETHER / V4 / TCP(sport=4, dport=5, flags="R") / b"so it is"))
    return found


def ipv6_options() -> list[bytes]:
    found = []
    for text in IPV6_OPTIONS.split():
        options = _octets(text)
        room = -(2 + len(options)) % 8
        options += b"\0" if room == 1 else bytes([1, room - 2]) + bytes(room - 2) if room else b""
        for kind in (0, 60):
            header = bytes([17, (2 + len(options)) // 8 - 1]) + options
            fixed = IPv6(src="2001:db8::1", dst="2001:db8::2", nh=kind, plen=len(header) + 9)
            found.append(MACS + b"\x86\xdd" + bytes(fixed) + header + bytes(DATAGRAM))
    return found


def addresses() -> list[Packet]:
    """IPv6 addresses that hold others, and what is said of IPv4's multicast."""
    holding = [f"fe80::{first:02x}11:22ff:fe33:4455" for first in (0, 2, 4, 6, 0xB4, 0xB6)]
    holding += ["::ffff:1.2.3.4", "::1.2.3.4", "::0.1.0.2", "64:ff9b::1.2.3.4", "2002:102:304::1"]
    found = [ETHER / IPv6(src=text, dst="2001:db8::2") / DATAGRAM for text in holding]
    found += [
        ETHER / IP(src="10.0.0.1", dst=f"224.0.0.{last}", ttl=ttl) / DATAGRAM
        for last in (1, 18, 22, 102, 251, 252)
        for ttl in (1, 64, 255)
    ]
    port_0 = [ETHER / V4 / UDP(sport=0, dport=9), ETHER / V4 / TCP(sport=40000, dport=0) / b"x"]
    return found + port_0


def icmp_extensions() -> list[bytes]:
    def message(kind: int, rest: bytes) -> bytes:
        data = bytes([kind, 0, 0, 0]) + rest
        data = data[:2] + struct.pack(">H", checksum(data)) + data[4:]
        return bytes(ETHER / IP(src="10.0.0.1", dst="10.0.0.2", proto=1) / Raw(data))

    def structure(text: str) -> bytes:
        data = bytes.fromhex("20000000") + _octets(text)
        return data[:2] + struct.pack(">H", checksum(data)) + data[4:]

    quoted = INNER.ljust(128, b"\0")
    found = [
        message(11, bytes.fromhex("00200000") + quoted + structure(text))
        for text in ICMP_OBJECTS.split()
    ]
    labels = structure("00080101000101ff")
    found += [
        message(3, bytes(4) + quoted + labels),
        message(3, bytes.fromhex("00300000") + INNER.ljust(192, b"\0") + labels),
        message(11, bytes.fromhex("00100000") + INNER.ljust(64, b"\0") + labels),
        message(11, bytes.fromhex("00200000") + quoted + b"\x10" + labels[1:]),
        message(11, bytes.fromhex("00200000") + quoted + labels[:2] + b"\0\0" + labels[4:]),
        message(42, bytes.fromhex("00010101") + structure("000c03016574683000000000")),
    ]
    return found


def links() -> list[bytes]:
    """Tags of providers, frames of 802.3 from a group, GRE, PPPoE's discovery."""
    payload = bytes(V4 / DATAGRAM)
    tags = ("88a8206488a800c80800", "88a8206488a800c888a800010800", "88a8206488a800c8810000010800")
    found = [MACS + bytes.fromhex(text) + payload for text in tags]
    makers = bytes.fromhex("00000c0102030050569a00010800")
    found.append(makers + payload)
    group = bytes.fromhex("020000000002030000000001")
    found.append(group + bytes.fromhex("00264242030000") + bytes(35))
    found.append(group + b"\x08\0" + payload)
    for text in PPPOE_TAGS.split():
        tag = _octets(text)
        head = bytes.fromhex("8863110900 00") + struct.pack(">H", len(tag))
        found.append(MACS + head + tag)
    headers = ("8000080012340000", "400008000000000008000404 0a00000100000000", "0081880b00000001")
    for text in headers:
        gre = Raw(bytes.fromhex(text) + INNER)
        found.append(bytes(ETHER / IP(src="10.0.0.1", dst="10.0.0.2", proto=47) / gre))
    quotes_4 = Raw(bytes([1, 0, 0, 0, 0, 0, 0, 0]) + INNER)
    found.append(bytes(ETHER / IPv6(src="::1", dst="::2", nh=58) / quotes_4))
    return found


def applications() -> list[Packet]:
    """Lookups split over segments, DHCP with mistakes, announcements of devices."""
    query = bytes(DNS(id=1, rd=1, qd=DNSQR(qname="abc.example")))
    prefixed = struct.pack(">H", len(query)) + query
    found = []
    for number, parts in enumerate(
        ([prefixed], [prefixed * 2], [prefixed + prefixed[:9], prefixed[9:]], [b"\0"])
    ):
        sequence = 100
        for part in parts:
            ports = {"sport": 4000 + number, "dport": 53}
            found.append(ETHER / V4 / TCP(**ports, seq=sequence, ack=1, flags="PA") / part)
            sequence += len(part)
    for port, message in ((53, query + b"abc"), (5353, query[:2] + b"\0\x20" + query[4:])):
        found.append(ETHER / V4 / UDP(sport=port, dport=port) / Raw(message))
    for seconds, hardware, size in ((0x300, 1, 6), (5, 6, 6), (0, 32, 8), (0, 1, 0)):
        fixed = bytes([1, hardware, size, 0]) + b"abcd" + struct.pack(">HH", seconds, 0)
        fixed += bytes(16) + b"\2\0\0\0\0\1".ljust(16, b"\0") + bytes(192)
        for text in DHCP_OPTIONS.split():
            options = b"c\x82Sc\x35\1\1" + _octets(text)
            found.append(ETHER / V4 / UDP(sport=68, dport=67) / Raw(fixed + options))
    for first in ("NOTIFY * HTTP/1.1", "M-SEARCH * HTTP/1.1", "HTTP/1.1 200 OK"):
        text = f"{first}\r\nNTS: ssdp:alive\r\nUSN: uuid:1\r\nSERVER: x\r\n\r\n"
        found.append(ETHER / V4 / UDP(sport=1900, dport=1900) / text.encode())
    return found
