"""Headers seldom met, judged by tshark: tunnels in odd places, ports of two owners, quotes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

from filter_judge import FilterAgreement
from filter_packets import write_pcap, write_pcapng

ETHERNET, RAW_IPV4, RAW_IPV6 = 1, 228, 229
MACS = bytes.fromhex("0200000000020200000000 01".replace(" ", ""))
FILTERS = [
    "llc",
    "llc.oui == 0x00000c",
    "llc.cisco_pid == 0x2000",
    "llc.dsap == 0x42",
    "gre.key",
    "gre.key.call_id == 7",
    "gre.key.payload_length == 0",
    "etherip",
    "eth",
    "ip",
    "ip.dst == 10.0.0.2",
    "ipv6",
    "ip.version == 6",
    "ipv6.nxt == 17",
    "udp",
    "udp.port == 3544",
    "teredo",
    "geneve",
    "vxlan",
    "icmpv6.type == 137",
    "mpls",
    "raw",
    "tcp or not udp",
    "ip.opt.type == 131",
    "count(ip.src) == 2",
    "eth.src == 02:00:00:00:00:01 and ipv6",
]


def ipv4(protocol: int, body: bytes) -> bytes:
    ends = ip_address("10.0.0.1").packed + ip_address("10.0.0.2").packed
    return struct.pack("!BBHHHBBH", 69, 0, 20 + len(body), 1, 0, 64, protocol, 0) + ends + body


def ipv6(following: int, body: bytes) -> bytes:
    ends = ip_address("fd00::1").packed + ip_address("fd00::2").packed
    return struct.pack("!IHBB", 6 << 28, len(body), following, 255) + ends + body


def udp(source: int, destination: int, body: bytes) -> bytes:
    return struct.pack("!HHHH", source, destination, 8 + len(body), 0) + body


def frame(kind: int, body: bytes) -> bytes:
    return MACS + struct.pack("!H", kind) + body


def frames() -> list[bytes]:
    plain = ipv4(17, udp(1000, 9999, b"text"))
    inner = frame(0x0800, plain)
    # Behind a label Wireshark wants addresses of known vendors to believe in Ethernet.
    sold = bytes.fromhex("005056c00001005056c00002") + inner[12:]
    geneve = bytes.fromhex("0000655800000900") + inner
    vxlan = bytes.fromhex("0800000000004d00") + inner
    redirect = bytes((137, 0, 0, 0)) + bytes(4) + 2 * ip_address("fe80::1").packed
    target = b"\2\1" + MACS[:6]
    quoted = ipv6(17, udp(1000, 9999, b"quoted!!"))
    option = bytes((4, 1 + len(quoted) // 8)) + bytes(6) + quoted
    return [
        frame(0x8870, bytes.fromhex("aaaa0300000c2000") + bytes(36)),
        frame(0x8870, bytes.fromhex("424203") + bytes(35)),
        frame(0x0800, ipv4(47, bytes.fromhex("2001880b00000007") + b"\xff\3\xc0\x21\1\1\0\4")),
        frame(0x0800, ipv4(47, bytes.fromhex("200008000000002a") + plain)),
        frame(0x0800, ipv4(97, b"\x30\0" + inner)),
        frame(0x86DD, ipv6(97, b"\x30\0" + inner)),
        frame(0x0800, ipv4(17, udp(53, 3544, ipv6(59, b"")))),
        frame(0x0800, ipv4(17, udp(5300, 3544, ipv6(17, udp(1, 2, b""))))),
        frame(0x0800, ipv4(17, udp(53, 6081, geneve))),
        frame(0x0800, ipv4(17, udp(60000, 6081, geneve))),
        frame(0x86DD, ipv6(17, udp(53, 4789, vxlan))),
        frame(0x86DD, ipv6(17, udp(60000, 4789, vxlan))),
        frame(0x86DD, ipv6(58, redirect + target + option)),
        frame(0x86DD, ipv6(58, redirect + target)),
        frame(0x86DD, ipv6(58, redirect + b"\2\0" + MACS[:6] + option)),
        frame(0x8847, bytes.fromhex("0010013f00000000") + sold),
        frame(0x8847, bytes.fromhex("0010013f") + plain),
    ]


def judge(capture: Path, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    agreement = FilterAgreement()
    agreement.judge(capture, FILTERS, tmp_path)
    record_property("judge's table", agreement.table())
    assert not agreement.differences, "\n".join(agreement.differences)


def test_rare_headers_pass_as_in_tshark(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    packets = [(one, len(one)) for one in frames()]
    packets += [(one[:size], len(one)) for one in frames() for size in (40, 60, 96)]
    judge(write_pcap(tmp_path / "rare.pcap", packets), tmp_path, record_property)


def test_link_types_of_one_ip_version_pass_as_in_tshark(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    bodies = [ipv4(17, udp(1, 2, b"x")), ipv6(17, udp(1, 2, b"x"))]
    packets = [(link, body) for link in (RAW_IPV4, RAW_IPV6) for body in bodies]
    packets.append((ETHERNET, frame(0x0800, bodies[1])))
    judge(write_pcapng(tmp_path / "links.pcapng", packets), tmp_path, record_property)
