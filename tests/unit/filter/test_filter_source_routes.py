"""Where source-routed packets go, judged by tshark: whole, quoted, tunnelled and cut short."""

from __future__ import annotations

import struct
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

from filter_judge import FilterAgreement
from filter_packets import write_pcap

RAW_IP = 101
LOOSE, STRICT, RECORD = 131, 137, 7
FILTERS = [
    "ip.src",
    "ip.dst",
    "ip.dst == 10.0.0.2",
    "ip.dst == 192.168.0.2",
    "ip.dst == 192.168.0.3",
    "ip.dst != 10.0.0.2",
    "ip.addr == 192.168.0.0/16",
    'ip.dst_host == "192.168.0.2"',
    "ip.cur_rt == 10.0.0.2",
    "ip.src_rt",
    "ip.rec_rt",
    "ip.empty_rt",
    "ip.opt.type == 131",
    "ip.opt.ptr",
    "ip.opt.len",
    "ip.hdr_len > 20",
    "tcp",
    "tcp.stream == 0",
    "udp.stream == 1",
]


def route(kind: int, pointer: int, *hops: str) -> bytes:
    addresses = b"".join(ip_address(hop).packed for hop in hops)
    return bytes((kind, 3 + len(addresses), pointer)) + addresses


def packet(protocol: int, body: bytes, options: bytes = b"", fragment: int = 0) -> bytes:
    options += bytes(-len(options) % 4)
    length = 20 + len(options) + len(body)
    fixed = (0x45 + len(options) // 4, 0, length, 7, fragment, 64, protocol, 0)
    ends = ip_address("10.0.0.1").packed + ip_address("10.0.0.2").packed
    return struct.pack("!BBHHHBBH", *fixed) + ends + options + body


def routed() -> list[bytes]:
    loose = route(LOOSE, 4, "192.168.0.1", "192.168.0.2")
    strict = route(STRICT, 4, "192.168.0.3")
    tcp = struct.pack("!HHIIBBHHH", 1000, 80, 1, 1, 0x50, 0x18, 100, 0, 0) + b"hi"
    udp = struct.pack("!HHHH", 5300, 999, 12, 0) + b"abcd"
    bodies = [
        (6, tcp, 0),
        (17, udp, 0),
        (17, udp, 0x2000),
        (17, udp, 0x0010),
        (1, b"\x08\0\0\0\0\1\0\2", 0),
        (2, b"\x16\0\0\0\xe0\0\0\xfb", 0),
        (200, b"xyz", 0),
        (6, b"", 0),
        (4, packet(17, udp, strict), 0),
        (47, b"\0\0\x08\0" + packet(6, tcp, loose), 0),
    ]
    packets = []
    for options in (
        loose,
        strict,
        route(LOOSE, 8, "192.168.0.1", "192.168.0.2"),
        route(LOOSE, 12, "192.168.0.1", "192.168.0.2"),
        route(RECORD, 4, "192.168.0.1"),
        b"\1\1\1" + loose,
        b"\0" + loose,
        b"\x94\4\0\0" + strict,
        loose + strict,
        bytes((LOOSE, 2)),
        bytes((LOOSE, 3, 4)),
        bytes((LOOSE, 39, 4)) + bytes(8),
    ):
        for protocol, body, fragment in bodies:
            whole = packet(protocol, body, options, fragment)
            packets += [whole, packet(1, b"\3\1" + bytes(6) + whole)]
    return packets


def test_the_destination_of_a_source_route_is_that_of_tshark(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    whole = routed()
    cut = [(one[:size], len(one)) for one in whole[:180:7] for size in (16, 18, 20, 22, 24, 31)]
    packets = [*((one, len(one)) for one in whole), *cut]
    agreement = FilterAgreement()
    agreement.judge(write_pcap(tmp_path / "routes.pcap", packets, RAW_IP), FILTERS, tmp_path)
    record_property("judge's table", agreement.table())
    assert not agreement.differences, "\n".join(agreement.differences)
    assert agreement.telling == set(FILTERS)
