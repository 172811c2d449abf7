"""Captures of applications, made by hand where real programs are not at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Packet
from scapy.utils import wrpcap

CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
GET = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"


def write(path: Path, packets: Iterable[Packet]) -> Path:
    """Write packets half a second apart."""
    timed = list(packets)
    for number, packet in enumerate(timed):
        packet.time = 1e9 + number * 0.5
    wrpcap(str(path), timed)
    return path


def packet(source: str, destination: str, transport: Packet) -> Packet:
    return (
        Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
        / IP(src=source, dst=destination)
        / transport
    )


def connection(
    segments: Iterable[tuple[str, str | bytes]], client: int, server: int = 80
) -> Iterator[Packet]:
    """Yield the segments of a connection that was established before, `c` from the client."""
    sent = {"c": 1000, "s": 5000}
    for side, text in segments:
        data = text.encode() if isinstance(text, str) else text
        other = "s" if side == "c" else "c"
        ports = {"sport": client, "dport": server}
        ends = (CLIENT, SERVER)
        if side == "s":
            ports, ends = {"sport": server, "dport": client}, (SERVER, CLIENT)
        header = TCP(**ports, seq=sent[side], ack=sent[other], flags="PA")
        yield packet(*ends, header / data)
        sent[side] += len(data)


def web_conversations() -> Iterator[Packet]:
    """HTTP of every kind: pipelined, chunked, compressed, split, tunnelled, upgraded, wrong."""
    ok = "HTTP/1.1 200 OK\r\n"
    missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    chunked = f"{ok}Transfer-Encoding: chunked\r\n\r\n"
    yield from connection(
        [
            ("c", "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\nabc"),
            ("c", "defghijkl"),
            ("s", f"{ok}Content-Length: 10\r\n\r\nabcde"),
            ("s", "fghij"),
            ("c", GET + GET),
            (
                "s",
                f"{ok}Content-Length: 2\r\n\r\nab{missing}",
            ),
            ("c", "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"),
            ("s", f"{ok}Content-Length: 100\r\nContent-Type: text/plain\r\n\r\n"),
            ("s", "\0abc"),
            ("s", "Foo: bar\r\n"),
            ("s", "garbage no colon\r\n"),
            ("s", "HTTP/1.1 100 Continue\r\n\r\n"),
            ("s", "HTTP/1.1 299 Foo\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
            ("s", "4\r\nabcd\r\n0\r\n\r\n"),
        ],
        3001,
    )
    yield from connection(
        [
            ("s", "just text"),
            ("c", "just text"),
            (
                "c",
                "OPTIONS * HTTP/1.0\r\nFoo: bar\r\n X: folded\r\nUser-Agent: z\r\n"
                "X-Forwarded-For: 1.2.3.4\r\nProxy-Authorization: Basic YTpi\r\n\r\n",
            ),
            ("s", "just text"),
            ("s", b"\x12abc"),
            ("s", "\r\nabc"),
        ],
        3002,
    )
    yield from connection(
        [
            ("c", "GET http://a/b?c=d&e HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                  "Sec-WebSocket-Key: x\r\nCookie: a=b; c=d\r\n\r\n"),
            ("s", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
            ("s", b"\x81\x03abc"),
        ],
        3003,
    )  # fmt: skip
    yield from connection(
        [
            ("c", "CONNECT a:443 HTTP/1.1\r\n\r\n"),
            ("s", "HTTP/1.1 200 Connection established\r\n\r\n"),
            ("c", "hello"),
        ],
        3004,
        8080,
    )
    yield from connection(
        [
            ("c", GET),
            ("s", f"{chunked}5;ext=1\r\nabcde\r\n0\r\nTrailer: x\r\n\r\n"),
            ("c", GET),
            ("s", f"{ok}Content-Encoding: gzip\r\nContent-Length: 6\r\n\r\nabcdef"),
            ("c", "GET / HTTP/1.1\r\nContent-Length: abc\r\n\r\nfoo"),
            ("c", "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                  "Content-Length: 3\r\n\r\na=b"),
            ("s", f"{ok}Set-Cookie: a=b\r\nContent-Type: text/html\r\n\r\n<p>"),
        ],
        3005,
    )  # fmt: skip
    yield from connection([("c", "text"), ("c", GET), ("s", "text"), ("c", "text")], 3006, 7777)


def lookups() -> Iterator[Packet]:
    """Queries and responses: answered, repeated, unasked for, over the three relatives of DNS."""

    def query(identity: int) -> Packet:
        return DNS(id=identity, rd=1, qd=DNSQR(qname="a.b"))

    def answer(identity: int) -> Packet:
        record = DNSRR(rrname="a.b", rdata="1.2.3.4")
        return DNS(id=identity, qr=1, qd=DNSQR(qname="a.b"), an=record)

    for identity, asking in ((1, 1), (1, 1), (1, 0), (1, 0), (2, 0), (1, 1), (1, 0)):
        if asking:
            yield packet(CLIENT, SERVER, UDP(sport=40000, dport=53) / query(identity))
        else:
            yield packet(SERVER, CLIENT, UDP(sport=53, dport=40000) / answer(identity))
    for port, group in ((5353, "224.0.0.251"), (5355, "224.0.0.252")):
        for message in (query(5), query(5), answer(5)):
            yield packet(CLIENT, group, UDP(sport=port, dport=port) / message)


def disordered_web() -> Iterator[Packet]:
    """HTTP whose segments come twice, late, with gaps, and after the sequence has wrapped."""

    def segment(side: str, client: int, seq: int, text: str, flags: str = "PA") -> Packet:
        seq %= 2**32
        if side == "c":
            return packet(
                CLIENT, SERVER, TCP(sport=client, dport=80, seq=seq, ack=1, flags=flags) / text
            )
        return packet(
            SERVER, CLIENT, TCP(sport=80, dport=client, seq=seq, ack=1, flags=flags) / text
        )

    ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    for client, start in ((3001, 1000), (3002, 2**32 - 20), (3003, 2**31 - 5)):
        yield segment("c", client, start - 1, "", "S")
        yield segment("c", client, start, GET)
        yield segment("c", client, start, GET)
        yield segment("s", client, start, ok)
        yield segment("c", client, start + 2 * len(GET), GET)
        yield segment("c", client, start + len(GET), GET)
        yield segment("s", client, start + len(ok), ok)
        yield segment("s", client, start, ok)
        yield segment("c", client, start + 3 * len(GET), GET)
        yield segment("c", client, start + 2**31 + 7, GET)
        yield segment("c", client, start + 3 * len(GET), GET)
        # The same ports again.
        yield segment("c", client, start + 77, "", "S")
        yield segment("c", client, start + 78, GET)
        yield segment("s", client, start + 900, ok)


def tunnel() -> Iterator[Packet]:
    """WireGuard: two handshakes, one answered by a cookie, data of both and of none."""

    def message(side: str, kind: int, *indices: int, size: int) -> Packet:
        numbers = b"".join(index.to_bytes(4, "little") for index in indices)
        data = (bytes([kind, 0, 0, 0]) + numbers).ljust(size, b"\x5a")
        if side == "c":
            return packet(CLIENT, SERVER, UDP(sport=40001, dport=51820) / data)
        return packet(SERVER, CLIENT, UDP(sport=51820, dport=40001) / data)

    yield message("c", 4, 99, size=64)
    yield message("c", 1, 7, size=148)
    yield message("s", 2, 8, 7, size=92)
    yield message("c", 4, 8, size=96)
    yield message("s", 4, 7, size=32)
    yield message("c", 1, 9, size=148)
    yield message("s", 3, 9, size=64)
    yield message("c", 1, 10, size=148)
    yield message("s", 2, 11, 10, size=92)
    yield message("c", 4, 8, size=96)
    yield message("c", 4, 11, size=96)
    yield message("s", 4, 10, size=96)
    yield message("c", 4, 10, size=96)


def control_channel() -> Iterator[Packet]:
    """OpenVPN over UDP and TCP: resets, a message in parts, one whole, data."""
    hello = bytes.fromhex("16030300df010000db0303") + b"\x11" * 32 + b"\0\0\x02\0\x2f\x01\0"
    hello += (0xDF - (len(hello) - 5) - 2).to_bytes(2, "big")
    hello += b"\0\x15" + (5 + 0xDF - len(hello) - 4).to_bytes(2, "big")
    hello = hello.ljust(5 + 0xDF, b"\0")
    numbers = {"c": 0, "s": 0}

    def control(side: str, opcode: int, data: bytes = b"") -> bytes:
        number, numbers[side] = numbers[side], numbers[side] + 1
        session = (b"\xc1" if side == "c" else b"\x5e") * 8
        return bytes([opcode << 3]) + session + b"\0" + number.to_bytes(4, "big") + data

    def messages() -> Iterator[tuple[str, bytes]]:
        yield "c", control("c", 7)
        yield "s", control("s", 8)
        for start in range(0, len(hello), 100):
            yield "c", control("c", 4, hello[start : start + 100])
            yield "s", control("s", 4, b"\x15\x03\x03\0\x02\x02\x28")
        yield "c", bytes([6 << 3]) + b"\x77" * 60

    for side, data in messages():
        if side == "c":
            yield packet(CLIENT, SERVER, UDP(sport=40000, dport=1194) / data)
        else:
            yield packet(SERVER, CLIENT, UDP(sport=1194, dport=40000) / data)
    framed = [(side, len(data).to_bytes(2, "big") + data) for side, data in messages()]
    yield from connection(framed, 40002, 1194)
