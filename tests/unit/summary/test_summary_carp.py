"""CARP shares its number with VRRP: tshark judges both where it is told to look for CARP."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw
from scapy.utils import checksum
from summary_judge import record, write_capture

from tunscope.summary.packet_summary import summarize

LINK = Ether(src="00:00:5e:00:01:05", dst="01:00:5e:00:00:12")


def carp(first: int = 0x21, words: int = 7, size: int = 36, *, right: bool = True) -> bytes:
    head = bytes([first, 5, 100, words, 3, 1, 0, 0])
    data = (head + struct.pack("!Q", 0x0102030405060708) + bytes(range(100)))[:size]
    return data[:6] + struct.pack("!H", checksum(data) if right else 0x1234) + data[8:]


def vrrp(version: int, addresses: int) -> bytes:
    head = bytes([version << 4 | 1, 7, 100, addresses, 0, 1, 0, 0])
    return head + bytes([10, 0, 0, 9]) * addresses + bytes(8)


def v4(payload: bytes) -> Packet:
    return LINK / IP(src="10.0.0.2", dst="224.0.0.18", ttl=255, proto=112) / Raw(payload)


def v6(payload: bytes) -> Packet:
    return LINK / IPv6(src="fe80::1", dst="ff02::12", hlim=255, nh=112) / Raw(payload)


def tshark(path: Path, *options: str) -> list[str]:
    done = subprocess.run(
        ["tshark", "-n", *options, "-r", str(path), "-T", "fields",
         "-e", "_ws.col.Protocol", "-e", "_ws.col.Info"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [line.removesuffix("[Malformed Packet]") for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("options", "make"),
    [(("-o", "ip.try_heuristic_first:TRUE"), v4), (("-d", "ip.proto==112,carp"), v6)],
    ids=["IPv4", "IPv6"],
)
def test_what_tshark_takes_for_carp_is_carp(
    options: tuple[str, str], make: Callable[[bytes], Packet], tmp_path: Path
) -> None:
    payloads = [carp(), carp(0x11), carp(right=False)]
    if make is v4:  # where tshark is told that all is CARP it says of the rest that it is data
        payloads += [
            *(carp(0x31), carp(0x22), carp(0x01), carp(words=6), carp(size=35)),
            *(vrrp(2, 1), vrrp(2, 5), vrrp(3, 2)),
        ]
    records = [record(bytes(make(payload))) for payload in payloads]
    write_capture(tmp_path / "carp.pcap", records)
    ours = [summarize(one) for one in records]
    theirs = tshark(tmp_path / "carp.pcap", *options)
    assert [f"{one.protocol}\t{one.info}" for one in ours] == theirs
    assert theirs[:3] == ["CARP\tAnnouncement (Virtual Host ID: 5)"] * 3


@pytest.mark.parametrize("addresses", range(1, 12))
def test_vrrp_is_no_carp_however_many_addresses_it_has(addresses: int, tmp_path: Path) -> None:
    packet = record(bytes(v4(vrrp(2, addresses))))
    write_capture(tmp_path / "vrrp.pcap", [packet])
    summary = summarize(packet)
    assert [f"{summary.protocol}\t{summary.info}"] == tshark(tmp_path / "vrrp.pcap")
