"""Packets built from expressions and templates, edited by form and by name; tshark is the judge."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from tunscope.capfile.pcapng_writer import PcapngWriter
from tunscope.dissect.building import TEMPLATES, Ends, build_expression, build_template, ends_of
from tunscope.dissect.editing import EditablePacket, assign
from tunscope.errors import UsageError
from tunscope.packet.linktype import LinkType
from tunscope.packet.record import PacketRecord

ENDS = ends_of(("10.9.0.1/24",), "02:00:00:00:00:09")
RAW = LinkType.RAW
REQUEST = b"GET /hello.txt HTTP/1.1\r\nHost: www.lab.test\r\nUser-Agent: x\r\n\r\n"


def expression(text: str) -> bytes:
    return build_expression(text, ENDS)[0]


def tshark(tmp_path: Path, packets: list[bytes], linktype: int, *fields: str) -> list[list[str]]:
    path = tmp_path / "x.pcapng"
    with path.open("wb") as stream:
        writer = PcapngWriter(stream)
        for data in packets:
            writer.write(PacketRecord(data, 1_000_000_000, len(data), linktype))
        writer.close()
    words = ["tshark", "-n", "-r", str(path), "-T", "fields"]
    for name in ("ip", "tcp", "udp"):
        words += ["-o", f"{name}.check_checksum:TRUE"]
    words += [word for field in fields for word in ("-e", field)]
    output = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    return [line.split("\t") for line in output.splitlines()]


def test_every_template_is_a_good_packet(tmp_path: Path) -> None:
    built = {name: build_template(name, ENDS) for name in TEMPLATES}
    ip = [built[name][0] for name in ("ping", "tcp-syn", "udp", "dns")]
    names = ("frame.protocols", "ip.src", "ip.dst", "ip.checksum.status")
    rows = tshark(tmp_path, ip, RAW, *names, "tcp.checksum.status", "udp.checksum.status")
    assert [row[0].split(":")[-2:] for row in rows] == [
        ["icmp", "data"], ["ip", "tcp"], ["udp", "echo"], ["udp", "dns"],
    ]  # fmt: skip
    assert all(row[1:4] == ["10.9.0.1", "10.9.0.2", "1"] for row in rows)
    assert {value for row in rows for value in row[4:] if value} == {"1"}
    arp, linktype = built["arp"]
    assert linktype == LinkType.ETHERNET
    assert tshark(tmp_path, [arp], linktype, "eth.src", "arp.dst.proto_ipv4") == [
        ["02:00:00:00:00:09", "10.9.0.2"]
    ]


def test_a_device_with_ipv6_only_pings_by_ipv6(tmp_path: Path) -> None:
    data, _ = build_template("ping", ends_of(("fe80::1/64", "fd00::1/64"), None))
    assert tshark(tmp_path, [data], RAW, "ipv6.src", "icmpv6.type", "icmpv6.checksum.status") == [
        ["fd00::1", "128", "1"]
    ]


def test_an_expression_says_what_it_says(tmp_path: Path) -> None:
    data = expression('IP(dst="10.9.0.7", ttl=5)/TCP(dport=8080, flags="SA")/("ab" * 3)/b"\\x00"')
    fields = ("ip.src", "ip.dst", "ip.ttl", "tcp.dstport", "tcp.flags", "tcp.payload")
    assert tshark(tmp_path, [data], RAW, *fields) == [
        ["10.9.0.1", "10.9.0.7", "5", "8080", "0x0012", "61626162616200"]
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('__import__("os").system("id")', "not understood, column 1"),
        ("IP().payload", "Attribute"),
        ("[IP() for _ in (1,)]", "ListComp"),
        ("(lambda: IP())()", "not understood"),
        ('IP(src=open("/etc/passwd"))', "open is no protocol"),
        ("IP(ttl=Packet())", "Packet is no protocol"),
        ("IP(**{})", "no field"),
        ("IP(tll=3)", "no field tll, column 8"),
        ("IP(ttl=300)", "cannot be encoded"),
        ('IP(dst="www.example.com")', "'www.example.com' is no IPv4 address, column 8"),
        ('Ether(dst="2:1")/IP()', "'2:1' is no MAC address, column 11"),
        ('Ether()/ARP(psrc="localhost")', "is no IPv4 or IPv6 address, column 18"),
        ("TCP()", "begins with TCP"),
        ("7", "is not a packet"),
        ("IP(", "never closed"),
        ('IP()/("a" * 99999)', "more than 65535"),
        ("IP()/" * 300 + "IP()", "nested too deeply"),
        ("-" * 3000 + "1", "scapy"),
        ("(" * 5000, "scapy"),
    ],
)
def test_only_packets_are_understood(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        expression(text)


def test_building_asks_nobody_for_addresses() -> None:
    ends = Ends(source4="", destination4="")
    data, _ = build_expression('Ether()/ARP(pdst="10.9.0.2")', ends)
    assert data[:6] == b"\xff" * 6


DEEP = [
    ("dns.qry.name=other.lab.test", "other.lab.test"),
    ("dns.qry.type=AAAA", "28"),
    ("dns.id=7", "0x0007"),
    ("dns.flags.opcode=2", "2"),
]


def test_fields_of_dns_are_set(tmp_path: Path) -> None:
    query = build_template("dns", ENDS)[0]
    packets = [assign(query, RAW, [text]).data for text, _ in DEEP]
    names = [text.partition("=")[0] for text, _ in DEEP]
    rows = tshark(tmp_path, packets, RAW, "udp.checksum.status", "_ws.malformed", *names)
    assert [row[2 + at] for at, row in enumerate(rows)] == [expected for _, expected in DEEP]
    assert all(row[:2] == ["1", ""] for row in rows)


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ("http.request.uri=/a/much/longer/path", "http.request.uri", "/a/much/longer/path"),
        ("http.request.method=HEAD", "http.request.method", "HEAD"),
        ("http.host=x", "http.host", "x"),
    ],
)
def test_fields_of_http_are_set(tmp_path: Path, text: str, field: str, expected: str) -> None:
    packet = expression(f"IP()/TCP(sport=40000, dport=80, flags='PA')/{REQUEST!r}")
    edited = assign(packet, RAW, [text, "ip.ttl=9"])
    assert tshark(tmp_path, [edited.data], RAW, field, "tcp.checksum.status", "ip.ttl") == [
        [expected, "1", "9"]
    ]
    assert len(edited.changes) == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("dns.qry.name=" + "a" * 70, "no name"),
        ("dns.qry.nam=x", "did you mean dns.qry.name"),
        ("dns.a=1.2.3.4", "no such answer"),
        ("http.request.uri=/", "request line"),
    ],
)
def test_what_does_not_fit_is_told(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        assign(build_template("dns", ENDS)[0], RAW, [text])


def test_the_form_shows_layers_and_sets_their_fields(tmp_path: Path) -> None:
    packet = EditablePacket.of(expression('IP()/UDP(dport=9)/b"abc"'), RAW)
    layers = packet.layers()
    assert [(layer.protocol, layer.start, layer.stop) for layer in layers] == [
        ("IP", 0, 20), ("UDP", 20, 28), ("Raw", 28, 31),
    ]  # fmt: skip
    assert [layer.automatic for layer in layers] == [True, True, None]
    changed = packet.with_field(0, "ttl", "3").with_field(1, "dport", "0x35")
    changed = changed.with_field(2, "load", '"longer than before"')
    fields = ("ip.ttl", "udp.dstport", "udp.checksum.status", "ip.checksum.status", "udp.length")
    assert tshark(tmp_path, [changed.data], RAW, *fields) == [["3", "53", "1", "1", "26"]]
    assert packet.data != changed.data, "the packet before is there to go back to"
    assert changed.changes_from(packet.data)[0] == (3, 4)


def test_a_layer_that_is_switched_off_keeps_what_is_written() -> None:
    packet = EditablePacket.of(expression('IP()/UDP()/b"abc"'), RAW)
    wrong = packet.with_field(1, "chksum", "0xdead")
    assert wrong.data[26:28] == b"\xde\xad"
    assert wrong.layers()[1].automatic is False
    assert wrong.with_field(0, "ttl", "1").data[26:28] == b"\xde\xad"
    assert wrong.with_automatic(1, True).data == packet.data


def test_bytes_are_inserted_and_removed_and_lengths_follow() -> None:
    packet = EditablePacket.of(expression('IP()/UDP()/b"abc"'), RAW)
    longer = packet.with_bytes(31, 31, b"defg")
    assert longer.data[2:4] == (35).to_bytes(2, "big")
    assert longer.with_bytes(31, 35, b"").data == packet.data
    with pytest.raises(UsageError):
        packet.with_bytes(30, 99, b"")


def test_a_field_that_does_not_fit_leaves_the_packet() -> None:
    packet = EditablePacket.of(expression("IP()/UDP()"), RAW)
    for name, text in (("ttl", "300"), ("src", "10.9"), ("dst", "name.invalid"), ("nonsense", "1")):
        with pytest.raises(UsageError):
            packet.with_field(0, name, text)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("psrc", "localhost", "is no IPv4 address"),
        ("pdst", "::1", "is no IPv4 address"),
        ("hwsrc", "2", "is no MAC address"),
        ("hwdst", "02-00-00-00-00-01", "is no MAC address"),
    ],
)
def test_what_is_no_address_is_neither_looked_up_nor_taken_for_bytes(
    name: str, text: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_: asked.append(host))
    data, _ = build_expression('Ether()/ARP(psrc="10.9.0.1", pdst="10.9.0.2")', ENDS)
    packet = EditablePacket.of(data, LinkType.ETHERNET)
    with pytest.raises(UsageError, match=why):
        packet.with_field(1, name, text)
    assert not asked


def test_options_are_told_by_their_names() -> None:
    options = "options=[('NOP', None), ('MSS', 1460), ('Timestamp', (7, 0))]"
    packet = EditablePacket.of(expression(f"IP()/TCP({options})"), RAW)
    shown = {field.name: field.value for field in packet.layers()[1].fields}
    assert shown["options"].startswith("NOP, MSS 1460, Timestamp 7 0")


@pytest.mark.parametrize("data", [b"", b"\x45", bytes(60), b"\xff" * 90, b"\x60" + bytes(50)])
@pytest.mark.parametrize("linktype", [RAW, LinkType.ETHERNET, 9999])
def test_hostile_bytes_have_a_form(data: bytes, linktype: int) -> None:
    packet = EditablePacket.of(data, linktype)
    for layer in packet.layers():
        assert 0 <= layer.start <= layer.stop <= len(data)
