"""Writes browser_tun.pcapng and browser_tap.pcapng, byte for byte the same on every run.

They are what the screenshots show and what the screen's tests browse: a few seconds of ping,
DNS and HTTP over both IP versions, an ARP exchange on the tap, and packets whose texts try to
take over the terminal. Run with `.venv/bin/python tests/data/make_browser_captures.py`.
"""

from __future__ import annotations

from pathlib import Path

from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPerror
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from tunscope.capfile.blocks import (
    InterfaceDescription,
    enhanced_packet,
    interface_description,
    section_header,
)
from tunscope.packet.direction import Direction
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord

HERE = Path(__file__).parent
START_NS = 1_700_000_000_000_000_000
CLIENT, SERVER = "10.9.0.1", "10.9.0.2"
CLIENT6, SERVER6 = "fd09::1", "fd09::2"
MAC = {CLIENT: "02:00:00:00:00:01", SERVER: "02:00:00:00:00:02"}
OUT, IN = Direction.OUT, Direction.IN
Sent = tuple[int, Direction, Packet]

BODY = b"<html><body><h1>tunscope lab</h1></body></html>\n"
PAGE = (
    b"HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Type: text/html\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)


def ping(at: int, sequence: int) -> list[Sent]:
    payload = Raw(bytes(range(8, 56)))
    ask = ICMP(type=8, id=0x1F2E, seq=sequence) / payload
    answer = ICMP(type=0, id=0x1F2E, seq=sequence) / payload
    return [
        (at, OUT, IP(src=CLIENT, dst=SERVER, id=sequence, flags="DF") / ask),
        (at + 212, IN, IP(src=SERVER, dst=CLIENT, id=sequence + 7) / answer),
    ]


def ping6(at: int, sequence: int) -> list[Sent]:
    ask = ICMPv6EchoRequest(id=0x33, seq=sequence, data=b"tunscope")
    answer = ICMPv6EchoReply(id=0x33, seq=sequence, data=b"tunscope")
    return [
        (at, OUT, IPv6(src=CLIENT6, dst=SERVER6) / ask),
        (at + 180, IN, IPv6(src=SERVER6, dst=CLIENT6) / answer),
    ]


def lookup(at: int, name: str, answer: str, identity: int) -> list[Sent]:
    question = DNSQR(qname=name)
    reply = DNS(id=identity, qr=1, ra=1, qd=question, an=DNSRR(rrname=name, ttl=60, rdata=answer))
    ask = UDP(sport=40000 + identity % 1000, dport=53) / DNS(id=identity, rd=1, qd=question)
    back = UDP(sport=53, dport=40000 + identity % 1000) / reply
    return [
        (at, OUT, IP(src=CLIENT, dst=SERVER, id=identity) / ask),
        (at + 640, IN, IP(src=SERVER, dst=CLIENT, id=identity) / back),
    ]


def fetch(at: int, port: int, path: bytes, extra: bytes = b"") -> list[Sent]:
    request = b"GET " + path + b" HTTP/1.1\r\nHost: lab\r\nUser-Agent: curl/8.5\r\n" + extra
    request += b"\r\n"
    mine, theirs = 0x5D1A0001, 0x770211A9
    up = {"sport": port, "dport": 80, "window": 502}
    down = {"sport": 80, "dport": port, "window": 509}
    over, back = IP(src=CLIENT, dst=SERVER, flags="DF"), IP(src=SERVER, dst=CLIENT, flags="DF")
    options = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1000, 0)), ("WScale", 7)]
    after, end = mine + 1 + len(request), theirs + 1 + len(PAGE)

    def segment(flags: str, seq: int, ack: int, way: dict[str, int]) -> TCP:
        return TCP(flags=flags, seq=seq, ack=ack, **way)

    return [
        (at, OUT, over / TCP(flags="S", seq=mine, options=options, **{**up, "window": 64240})),
        (at + 133, IN, back / TCP(flags="SA", seq=theirs, ack=mine + 1, options=options, **down)),
        (at + 142, OUT, over / segment("A", mine + 1, theirs + 1, up)),
        (at + 201, OUT, over / segment("PA", mine + 1, theirs + 1, up) / Raw(request)),
        (at + 377, IN, back / segment("A", theirs + 1, after, down)),
        (at + 1244, IN, back / segment("PA", theirs + 1, after, down) / Raw(PAGE)),
        (at + 1260, OUT, over / segment("A", after, end, up)),
        (at + 1301, OUT, over / segment("FA", after, end, up)),
        (at + 1422, IN, back / segment("FA", end, after + 1, down)),
        (at + 1431, OUT, over / segment("A", after + 1, end + 1, up)),
    ]


def refused(at: int, port: int) -> list[Sent]:
    asked = IP(src=CLIENT, dst=SERVER, flags="DF") / TCP(sport=port, dport=8443, flags="S", seq=9)
    answer = IP(src=SERVER, dst=CLIENT) / TCP(sport=8443, dport=port, flags="RA", ack=10)
    lost = UDP(sport=40007, dport=9999) / Raw(b"anybody there?")
    error = IP(src=SERVER, dst=CLIENT) / ICMP(type=3, code=3)
    quoted = IPerror(src=CLIENT, dst=SERVER) / lost.copy()
    return [
        (at, OUT, asked),
        (at + 90, IN, answer),
        (at + 5000, OUT, IP(src=CLIENT, dst=SERVER) / lost),
        (at + 5110, IN, error / Raw(bytes(quoted))),
    ]


def hostile(at: int) -> list[Sent]:
    """Texts with escape sequences, markup, bidirectional overrides and line ends."""
    name = "\x1b[2Jevil[bold red].example"
    asked = UDP(sport=41999, dport=53) / DNS(id=9, rd=1, qd=DNSQR(qname=name.encode("latin-1")))
    header = b"X-Evil: \x1b]0;owned\x07\xe2\x80\xae[/][blink]\x9b31m\r\n"
    return [
        (at, OUT, IP(src=CLIENT, dst=SERVER) / asked),
        *fetch(at + 900, 40666, b"/[link=file:///etc/passwd]\x1b[31m\x00\x7f", header),
    ]


def conversation() -> list[Sent]:
    sent = [*lookup(0, "www.lab.example.", SERVER, 0x1A2B), *fetch(3_204, 40122, b"/index.html")]
    for number in range(1, 9):
        sent += ping(10_000 + number * 250_000, number)
        sent += ping6(90_000 + number * 250_000, number)
        sent += lookup(
            130_000 + number * 250_000, f"host{number}.lab.example.", SERVER, 100 + number
        )
        sent += fetch(160_000 + number * 250_000, 40122 + number, b"/page/%d" % number)
    sent += refused(2_600_000, 41443)
    sent += hostile(2_700_000)
    return sorted(sent, key=lambda item: item[0])


def framed(item: Sent) -> Sent:
    at, way, packet = item
    here, there = MAC[CLIENT], MAC[SERVER]
    source, destination = (here, there) if way is OUT else (there, here)
    return at, way, Ether(src=source, dst=destination) / packet


def resolution(at: int) -> list[Sent]:
    here, there = MAC[CLIENT], MAC[SERVER]
    ask = ARP(op=1, hwsrc=here, psrc=CLIENT, pdst=SERVER)
    answer = ARP(op=2, hwsrc=there, psrc=SERVER, hwdst=here, pdst=CLIENT)
    return [
        (at, OUT, Ether(src=here, dst="ff:ff:ff:ff:ff:ff") / ask),
        (at + 95, IN, Ether(src=there, dst=here) / answer),
    ]


def write(path: Path, linktype: LinkType, name: str, sent: list[Sent]) -> None:
    description = InterfaceDescription(linktype=linktype, name=name)
    blocks = [section_header("tunscope"), interface_description(description)]
    for microseconds, way, packet in sent:
        data = bytes(packet)
        record = PacketRecord(
            data, START_NS + microseconds * 1000, len(data), linktype, flags=int(way)
        )
        blocks.append(enhanced_packet(record))
    path.write_bytes(b"".join(blocks))


def main() -> None:
    packets = conversation()
    write(HERE / "browser_tun.pcapng", LinkType.RAW, "tun0", packets)
    frames = resolution(0) + [framed((at + 1000, way, p)) for at, way, p in packets]
    frames += resolution(2_900_000)
    write(HERE / "browser_tap.pcapng", LinkType.ETHERNET, "tap0", frames)


if __name__ == "__main__":
    main()
