"""Application traffic, tunnels and TCP conversations, in order and out of it."""

from __future__ import annotations

import random
import struct
from ipaddress import ip_address
from typing import TYPE_CHECKING

from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRROPT
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, GRE, LLC, SNAP, STP, Ether
from scapy.layers.ppp import PPP, PPPoE, PPPoED
from scapy.layers.sctp import SCTP, SCTPChunkData, SCTPChunkInit, SCTPChunkSACK
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw
from summary_headers import BACK, HERE, HERE6, E, records
from summary_judge import record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tunscope.packet.record import PacketRecord

Message = tuple[int, bytes]


class Talk:
    """Makes TCP segments of messages; side 0 is the client, numbers go on by themselves."""

    def __init__(self) -> None:
        self.port = 40_000
        self.packets: list[Packet] = []

    def say(self, dport: int, *messages: Message) -> None:
        self.port += 1
        numbers = [100, 500]
        for side, data in messages:
            sport, target = (self.port, dport) if side == 0 else (dport, self.port)
            header = TCP(
                sport=sport, dport=target, flags="PA", seq=numbers[side], ack=numbers[1 - side]
            )
            self.packets.append(E / (HERE if side == 0 else BACK) / header / Raw(data))
            numbers[side] += len(data)


def udp(port: int, *payloads: bytes, sport: int = 40_000) -> list[Packet]:
    return [E / HERE / UDP(sport=sport, dport=port) / Raw(payload) for payload in payloads]


def name(*labels: bytes) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\x00"


def resource(kind: int, data: bytes, group: int = 1, owner: bytes = b"\xc0\x0c") -> bytes:
    return owner + struct.pack("!HHIH", kind, group, 60, len(data)) + data


def message(
    identifier: int, flags: int, question: bytes, *answers: bytes, counts: tuple[int, ...] = ()
) -> bytes:
    numbers = counts or (1, len(answers), 0, 0)
    return struct.pack("!HHHHHH", identifier, flags, *numbers) + question + b"".join(answers)


_DATA: dict[int, bytes] = {
    1: bytes([1, 2, 3, 4]), 2: name(b"ns", b"a"), 5: b"\xc0\x0c",
    6: name(b"ns") + name(b"r") + bytes(20),
    12: name(b"p", b"a"), 13: b"\x03cpu\x02os", 15: b"\x00\x05\xc0\x0c", 16: b"\x03txt",
    28: bytes(15) + b"\x01", 33: b"\x00\x01\x00\x02\x00\x50\xc0\x0c",
    35: b"\x00\x01\x00\x02\x01u\x07E2U+sip\x00\x00", 39: name(b"dn"),
    43: b"\x12\x34\x05\x01" + bytes(20),
    46: b"\x00\x01\x05\x03" + bytes(14) + name(b"sig") + bytes(20),
    47: name(b"n") + b"\x00\x04\x40\x01\x02\x03",
    48: b"\x01\x00\x03\x05" + bytes(40), 52: b"\x03\x01\x01" + bytes(32), 65: b"\x00\x01\x00",
    257: b"\x00\x05issueca.org", 1234: b"abc",
}  # fmt: skip


def dns() -> list[PacketRecord]:
    asked = name(b"www", b"a") + struct.pack("!HH", 1, 1)
    packets = [
        E / HERE / UDP(sport=40_000, dport=53) / DNS(id=kind, qd=DNSQR(qname="a.com", qtype=kind))
        for kind in (*range(60), 99, 249, 250, 251, 252, 253, 254, 255, 256, 257, 1234)
    ]
    for opcode in range(7):
        packets += udp(53, message(7, opcode << 11, asked))
        packets += udp(40_000, message(7, 0x8000 | opcode << 11, asked), sport=53)
    for rcode in range(16):
        packets += udp(40_000, message(7, 0x8180 | rcode, asked), sport=53)
    for kind, data in _DATA.items():
        packets += udp(40_000, message(7, 0x8180, asked, resource(kind, data)), sport=53)
        both = message(7, 0x8180, asked, resource(kind, data), resource(1, b"\x01\x02\x03\x04"))
        packets += udp(40_000, both, sport=53)
    option = DNSRROPT(rclass=4096)
    query = DNSQR(qname="www.example.com")
    packets += [
        E / HERE / UDP(sport=40_000, dport=53) / DNS(id=9, qd=query, ar=[option]),
        E / BACK / UDP(sport=53, dport=40_000)
        / DNS(id=9, qr=1, qd=query, an=[DNSRR(rrname="a", rdata="1.2.3.4")], ar=[option]),
    ]  # fmt: skip
    packets += udp(40_000, message(7, 0x8180, asked, counts=(1, 5, 0, 0)), sport=53)
    packets += udp(40_000, message(7, 0x8180, b"", counts=(0, 0, 0, 0)), sport=53)
    many = [resource(1, bytes([1, 2, 3, number])) for number in range(30)]
    packets += udp(40_000, message(7, 0x8180, asked, *many), sport=53)
    service = name(b"_http", b"_tcp", b"local")
    question = service + struct.pack("!HH", 12, 0x8001)
    for port in (5353, 5355):
        packets += udp(port, message(0, 0, question), sport=port)
        told = resource(12, name(b"x"), 0x8001, service)
        packets += udp(port, message(0, 0x8400, b"", told, counts=(0, 1, 0, 0)), sport=port)
    talk = Talk()
    body = message(9, 0x0100, asked)
    framed = struct.pack("!H", len(body)) + body
    talk.say(53, (0, framed), (0, framed + framed[:9]), (0, framed[9:]))
    return records([*packets, *talk.packets])


def http() -> list[PacketRecord]:
    talk = Talk()
    get = b"GET /x?y=1 HTTP/1.1\r\nHost: a\r\n\r\n"
    for method in b"POST HEAD PUT DELETE OPTIONS PATCH CONNECT PROPFIND M-SEARCH FOO get".split():
        talk.say(80, (0, get.replace(b"GET", method)))
    for status in (100, 200, 204, 206, 301, 304, 404, 500, 999):
        head = b"HTTP/1.1 %d Reason\r\nContent-Type: text/html\r\n\r\n" % status
        talk.say(80, (0, get), (1, head + b"<html>body</html>"), (1, b"more"), (0, get))
    for kind in (
        b"text/plain", b"text/css; charset=x", b"application/json", b"text/xml", b"image/png",
        b"application/octet-stream", b"application/pdf", b"application/x-www-form-urlencoded",
    ):  # fmt: skip
        head = b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\nContent-Length: 7\r\n\r\n"
        talk.say(80, (1, head + b'{"a":1}'), (1, b"not asked for"))
    chunked = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    for size in (len(body), 8, 12, len(body) - 2, len(body) - 5, 0):
        talk.say(80, (0, get), (1, chunked + body[:size]), (1, body[size:] or b"x"))
    talk.say(80, (0, get + get), (0, get[:20]), (0, get[20:]))
    talk.say(80, (0, b"\x16\x03garbage"), (1, b"garbage\r\n"), (0, b"Foo: bar\r\n\r\n"))
    for port in (8080, 8000, 5000):
        talk.say(port, (0, get), (1, b"HTTP/1.0 200 OK\r\n\r\nhello"), (1, b"more"))
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    talk.say(
        80,
        (0, b"GET /ws HTTP/1.1\r\n" + upgrade),
        (1, b"HTTP/1.1 101 Switching Protocols\r\n" + upgrade),
        (1, b"\x81\x05hello"),
        (0, b"\x81\x85\x01\x02\x03\x04abcde"),
        (1, b"\x82\x7e\x01\x00" + bytes(100)),
        (1, bytes(156)),
        (1, b"\x88\x02\x03\xe8"),
    )
    talk.say(80, (0, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"))
    return records(talk.packets)


def tls_record(kind: int, version: int, body: bytes) -> bytes:
    return struct.pack("!BHH", kind, version, len(body)) + body


def tls() -> list[PacketRecord]:
    talk = Talk()
    hello = b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x02\x13\x01" + b"\x01\x00"
    server = b"\x03\x03" + bytes(32) + b"\x00" + b"\x13\x01" + b"\x00"
    version13 = b"\x00\x06\x00\x2b\x00\x02\x03\x04"

    def handshake(kind: int, body: bytes) -> bytes:
        return tls_record(22, 0x0303, bytes([kind]) + len(body).to_bytes(3, "big") + body)

    secret = tls_record(23, 0x0303, bytes(200))
    cipher = tls_record(20, 0x0303, b"\x01")
    client_hello = handshake(1, hello).replace(b"\x16\x03\x03", b"\x16\x03\x01", 1)
    talk.say(
        443,
        (0, client_hello),
        (1, handshake(2, server + version13) + cipher + secret + secret),
        (0, cipher + secret),
        (0, secret[:150]),
        (0, secret[150:]),
        (1, secret + secret[:20]),
    )
    finished = tls_record(22, 0x0303, b"\x99" * 40)
    talk.say(
        8443,
        (0, client_hello),
        (1, handshake(2, server) + handshake(11, bytes(30)) + handshake(14, b"")),
        (0, handshake(16, bytes(66)) + cipher + finished),
        (1, handshake(4, bytes(100)) + cipher + finished),
        (0, secret),
        (1, secret + secret[:100]),
        (1, b"\xee" * 105),
        (0, tls_record(21, 0x0303, bytes(24))),
    )
    for version in (0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x1234):
        for alert in (b"\x01\x00", b"\x02\x28", b"\x02\x46"):
            talk.say(443, (0, tls_record(21, version, alert)))
        talk.say(443, (0, tls_record(24, version, b"\x01\x00\x05hello" + bytes(16))))
        talk.say(12345, (0, tls_record(23, version, bytes(30))))
    for kind in range(26):
        if kind not in {1, 2, 21, 25}:
            talk.say(443, (0, handshake(kind, b"abcd")))
    talk.say(443, (0, b"plain text on this port\r\n"), (1, b"\x16"), (1, b"\x16\x03\x01"))
    return records(talk.packets)


def applications() -> list[PacketRecord]:
    talk = Talk()
    talk.say(
        21,
        (1, b"220 ready\r\n"),
        (0, b"USER bob\r\n"),
        (1, b"230-hi\r\n230 ok\r\n"),
        (0, b"PASV\r\n"),
    )
    talk.say(
        25,
        (1, b"220 mx ESMTP\r\n"),
        (0, b"EHLO a\r\n"),
        (1, b"250-mx\r\n250-SIZE 1\r\n250 HELP\r\n"),
        (0, b"MAIL FROM:<a@b>\r\n"),
        (1, b"250 ok\r\n"),
        (0, b"QUIT\r\n"),
    )
    talk.say(110, (1, b"+OK ready\r\n"), (0, b"STAT\r\n"), (1, b"-ERR no\r\n"))
    talk.say(143, (1, b"* OK ready\r\n"), (0, b"a2 SELECT INBOX\r\n"), (1, b"a2 OK done\r\n"))
    talk.say(23, (1, b"\xff\xfd\x18"), (0, b"bob\r\n"))
    talk.say(6667, (0, b"NICK bob\r\nUSER b 0 * :B\r\n"), (1, b":srv 001 bob :Welcome\r\n"))
    talk.say(43, (0, b"example.com\r\n"), (1, b"Domain: x\r\n"))
    talk.say(
        554, (0, b"OPTIONS rtsp://a/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"), (1, b"RTSP/1.0 200 OK\r\n\r\n")
    )
    talk.say(6379, (0, b"*1\r\n$4\r\nPING\r\n"), (1, b"+PONG\r\n"), (1, b"-ERR x\r\n"))
    talk.say(22, (1, b"SSH-2.0-OpenSSH_9.2\r\n"), (0, b"SSH-2.0-OpenSSH_9.2\r\n"))
    keepalive = b"\xff" * 16 + struct.pack("!HB", 19, 4)
    talk.say(179, (0, keepalive), (1, keepalive * 3), (0, b"\xff" * 16 + struct.pack("!HB", 19, 9)))
    connect = b"\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03abc"
    publish = b"\x30\x0a\x00\x03a/bhello"
    talk.say(1883, (0, connect), (1, b"\x20\x02\x00\x00"), (1, publish + publish), (0, b"\xc0\x00"))
    packets = list(talk.packets)
    broadcast = IP(src="0.0.0.0", dst="255.255.255.255")
    for kind in range(1, 20):
        boot = BOOTP(chaddr=b"\x02\x00\x00\x00\x00\x01", xid=0x3903F326)
        options = DHCP(options=[("message-type", kind), "end"])
        packets.append(E / broadcast / UDP(sport=68, dport=67) / boot / options)
    for kind in range(1, 14):
        packets += [
            E / HERE6 / UDP(sport=546, dport=547)
            / Raw(bytes([kind, 1, 2, 3]) + b"\x00\x01\x00\x0a\x00\x03\x00\x01\x02\x00" + bytes(4))
        ]  # fmt: skip
    packets += udp(
        123,
        *(bytes([version << 3 | mode]) + bytes(47) for version in range(8) for mode in range(7)),
    )
    packets += udp(514, b"<34>Oct 11 host su: failed", b"<165>1 - host app - - msg", b"no priority")
    packets += udp(
        1900, b"M-SEARCH * HTTP/1.1\r\nST: x\r\n\r\n", b"NOTIFY * HTTP/1.1\r\nNT: x\r\n\r\n"
    )
    packets += udp(69, b"\x00\x01a.txt\x00octet\x00", sport=40_100)
    packets += [
        E / BACK / UDP(sport=50_000, dport=40_100) / Raw(b"\x00\x03\x00\x01" + bytes(512)),
        E / HERE / UDP(sport=40_100, dport=50_000) / Raw(b"\x00\x04\x00\x01"),
        E / BACK / UDP(sport=50_000, dport=40_100) / Raw(b"\x00\x03\x00\x02end"),
    ]
    cookie = struct.pack("!I", 0x2112A442) + b"t" * 12
    packets += udp(3478, b"\x00\x01\x00\x00" + cookie, b"\x00\x03\x00\x00" + cookie)
    packets += udp(
        1812, *(bytes([code, 7, 0, 20]) + bytes(16) for code in (*range(1, 14), 40, 43, 45))
    )
    packets += udp(
        51820,
        b"\x01\x00\x00\x00\x11\x22\x33\x44" + bytes(140),
        b"\x02\x00\x00\x00\x55\x66\x77\x88\x11\x22\x33\x44" + bytes(80),
        b"\x04\x00\x00\x00\x11\x22\x33\x44" + struct.pack("<Q", 9) + bytes(64),
        b"\x04\x00\x00\x00\x11\x22\x33\x44" + struct.pack("<Q", 10) + bytes(16),
    )
    packets += udp(
        1194, b"\x38" + b"S" * 8 + bytes(5), b"\x30" + bytes(80), b"\x48\x00\x00\x01" + bytes(80)
    )
    for kind, code in ((0, 1), (1, 2), (2, 0x45), (0, 0x84)):
        packets += udp(5683, bytes([0x40 | kind << 4, code, 0x12, 0x34]) + b"\xb4test")
    encoded = b"\x20FHEPFCELEHFCEPFFFACACACACACACABN\x00\x00\x20\x00\x01"
    for opcode in (0, 5, 6, 8):
        packets += udp(
            137, struct.pack("!HHHHHH", 7, opcode << 11, 1, 0, 0, 0) + encoded, sport=137
        )
    return records(packets)


def tunnels() -> list[PacketRecord]:
    tail = UDP(sport=21_000, dport=40_000) / b"x"
    inner = Ether(src="02:00:00:00:00:05", dst="02:00:00:00:00:06")
    far = IP(src="1.1.1.1", dst="2.2.2.2")
    outer = HERE / UDP(sport=50_000, dport=4789)
    multicast = {"src": "10.0.0.1", "dst": "224.0.0.22"}
    packets = [
        E / HERE / GRE() / far / tail,
        E / HERE / GRE(key_present=1, key=5) / far / ICMP(),
        E / HERE / GRE(proto=0x6558) / inner / ARP(psrc="1.1.1.1", pdst="1.1.1.2"),
        E / HERE / GRE(proto=0x86DD) / HERE6 / tail,
        E / HERE / GRE(proto=0x1234) / b"abc",
        E / HERE / far / ICMP(id=3, seq=4),
        E / IP(src="1.1.1.1", dst="2.2.2.2", proto=41) / HERE6 / tail,
        E / IPv6(src="::1", dst="::2", nh=4) / HERE / tail,
        E / outer / VXLAN(vni=5) / inner / far / tail,
        E / outer / VXLAN(vni=5) / inner / ARP(psrc="1.1.1.1", pdst="1.1.1.2"),
        E / HERE / UDP(sport=5, dport=6081) / GENEVE(vni=5) / inner / far / tail,
        E / HERE / UDP(sport=5, dport=6081) / GENEVE(vni=5, proto=0x800) / far / ICMP(),
        E / MPLS(label=100, s=0) / MPLS(label=200, s=1) / HERE / tail,
        E / PPPoE(sessionid=5) / PPP(proto=0x21) / HERE / tail,
        E / PPPoE(sessionid=5) / PPP(proto=0x57) / HERE6 / tail,
        E / PPPoE(sessionid=5) / Raw(b"\xc0\x21\x01\x01\x00\x04"),
        *(E / PPPoED(code=code) for code in (0x09, 0x07, 0x19, 0x65, 0xA7)),
        E / IP(**multicast, proto=50) / Raw(struct.pack("!II", 0xDEADBEEF, 7) + bytes(40)),
        E / IP(**multicast, proto=51) / Raw(b"\x11\x04" + bytes(5) + b"\x01" + bytes(16)) / tail,
        *udp(4500, struct.pack("!II", 0xDEADBEEF, 7) + bytes(40), b"\xff", sport=4500),
        *(
            E / IP(**multicast, proto=103) / Raw(bytes([0x20 | kind]) + bytes(43))
            for kind in range(13)
        ),
        *(E / IP(**multicast, proto=112) / Raw(bytes([0x21]) + bytes(19)) for _ in range(1)),
        E / HERE / SCTP(sport=1000, dport=2000) / SCTPChunkInit(),
        E / HERE / SCTP(sport=1000, dport=2000) / SCTPChunkSACK()
        / SCTPChunkData(data=b"hello", tsn=5, beginning=1, ending=1),
        Ether(src="02:00:00:00:00:01", dst="01:80:c2:00:00:00", type=60)
        / LLC(dsap=0x42, ssap=0x42, ctrl=3) / STP(rootmac="02:00:00:00:00:09", portid=0x8001),
        Ether(src="02:00:00:00:00:01", dst="01:00:0c:cc:cc:cc", type=50)
        / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(OUI=0, code=0x800) / HERE / tail,
    ]  # fmt: skip
    for version, exchange in ((0x10, 2), (0x10, 32), (0x20, 34), (0x20, 35), (0x20, 37)):
        head = bytes(16).replace(b"\x00", b"i") + bytes([0, version, exchange, 8])
        packets += udp(500, head + struct.pack("!II", 5, 28), sport=500)
    for kind in (0x11, 0x12, 0x16, 0x17):
        for group in (b"\x00" * 4, b"\xef\x01\x02\x03"):
            packets.append(E / IP(**multicast, proto=2) / Raw(bytes([kind, 100, 0, 0]) + group))
    for kind in range(1, 7):
        report = (
            b"\x22"
            + bytes(6)
            + b"\x01"
            + bytes([kind, 0, 0, 1])
            + b"\xef\x01\x02\x03\x01\x02\x03\x04"
        )
        packets.append(E / IP(**multicast, proto=2) / Raw(report))
    return records(packets)


class _Disorder:
    """One TCP conversation that goes wrong in every way `chance` picks."""

    def __init__(self, chance: random.Random, now: int) -> None:
        self.chance = chance
        self.now = now
        self.packets: list[PacketRecord] = []
        self.ports = (chance.choice((20_000, 20_001, 20_002)), 40_000)
        self.start = [chance.getrandbits(32), chance.getrandbits(32)]
        if chance.random() < 0.2:
            self.start = [0xFFFFFFF0, 0xFFFFFFA0]
        self.following = list(self.start)
        self.windows = [chance.choice((0xFFFF, 500, 64)), chance.choice((0xFFFF, 500))]
        self.scales = [chance.choice((None, 0, 7)) for _ in range(2)]
        self.sent: list[list[tuple[int, bytes]]] = [[], []]

    def send(
        self,
        side: int,
        flags: int,
        data: bytes = b"",
        seq: int | None = None,
        ack: int | None = None,
    ) -> None:
        options = b""
        if flags & 2:
            scale = self.scales[side]
            options = b"\x02\x04\x05\xb4" + (b"" if scale is None else bytes([1, 3, 3, scale]))
        sequence = self.following[side] if seq is None else seq
        number = self.following[1 - side] if ack is None else ack
        body = struct.pack(
            "!HHIIBBHHH",
            self.ports[side],
            self.ports[1 - side],
            sequence & 0xFFFFFFFF,
            number & 0xFFFFFFFF if flags & 16 else 0,
            (20 + len(options)) // 4 << 4,
            flags,
            self.windows[side],
            0,
            0,
        )
        self.packets.append(record(_ip(side, body + options + data), self.now, 101))
        self.now += self.chance.choice((1000, 10**5, 10**6, 5 * 10**6, 15 * 10**6, 3 * 10**8))

    def open(self) -> None:
        if self.chance.random() < 0.8:
            self.send(0, 2)
            self.following[0] += 1
            if self.chance.random() < 0.9:
                self.send(1, 18)
            self.following[1] += 1
            self.send(0, 16)

    def step(self) -> None:
        chance = self.chance
        side, event = chance.randrange(2), chance.random()
        sent, other = self.sent[side], self.sent[1 - side]
        if event < 0.35:
            data = bytes(chance.randrange(97, 122) for _ in range(chance.choice((1, 5, 100))))
            sent.append((self.following[side], data))
            if chance.random() < 0.85:
                self.send(side, 24, data)
            self.following[side] = (self.following[side] + len(data)) & 0xFFFFFFFF
        elif event < 0.5 and sent:
            self.send(side, 24, sent[-1][1], seq=sent[-1][0])
        elif event < 0.6:
            self.send(side, 16)
        elif event < 0.7:
            for _ in range(chance.randrange(1, 4)):
                self.send(side, 16, ack=other[-1][0] if other else None)
        elif event < 0.76:
            self.send(side, 16, chance.choice((b"", b"x")), seq=self.following[side] - 1)
        elif event < 0.82:
            self.windows[side] = chance.choice((0, 0xFFFF, 10, 500))
            self.send(side, 16)
        elif event < 0.9:
            self.send(side, chance.choice((24, 24, 24, 17, 4)), b"z")
        elif event < 0.93:
            self.send(side, 16, ack=self.following[1 - side] + 1000)
        elif event < 0.96:
            self.following[side] += 200
            self.send(side, 24, b"gap")
        else:
            opener = chance.randrange(2)
            self.send(opener, 18 if opener else 2, seq=self.start[opener])


def tcp_disorder(seed: int) -> list[PacketRecord]:
    """Return conversations with losses, repeats, keep-alives, empty windows and reused ports."""
    chance = random.Random(seed)
    packets: list[PacketRecord] = []
    now = 10**9
    for _ in range(6):
        conversation = _Disorder(chance, now)
        conversation.open()
        for _ in range(20):
            conversation.step()
        packets += conversation.packets
        now = conversation.now
    return packets


def _ip(side: int, body: bytes) -> bytes:
    addresses = [ip_address(text).packed for text in ("10.0.0.1", "10.0.0.2")]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, 6, 0)
    return head + addresses[side] + addresses[1 - side] + body


def everything() -> Iterable[list[PacketRecord]]:
    yield from (dns(), http(), tls(), applications(), tunnels())
