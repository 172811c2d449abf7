"""Rewritten packets: mapped in every layer, with checksums that tshark calls good."""

from __future__ import annotations

import ipaddress
import struct
import subprocess
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import ICMPv6EchoRequest, ICMPv6ND_NS, IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether

from tunscope.errors import UsageError
from tunscope.packet.checksum import internet_checksum, updated_checksum
from tunscope.packet.direction import CHECKSUM_NOT_READY
from tunscope.packet.edit import parse_assignment
from tunscope.packet.linktype import LinkType
from tunscope.replay.address_maps import AddressMaps, parse_map
from tunscope.replay.fitting import Fitting, OverMtu
from tunscope.replay.refusals import Unsendable
from tunscope.replay.rewrite import Rewriter, parse_hop_limit, parse_macs, parse_ports

OLD_MAC, NEW_MAC = bytes.fromhex("020000000001"), bytes.fromhex("0200000000aa")
CHECKS = [
    word
    for name in ("ip.check_checksum", "tcp.check_checksum", "udp.check_checksum")
    for word in ("-o", f"{name}:TRUE")
]
GOOD = "1"


def ether(kind: int = 0x0800) -> Ether:
    return Ether(src=OLD_MAC.hex(":"), dst="02:00:00:00:00:02", type=kind)


def packets() -> list[bytes]:
    a, b = "10.1.2.3", "10.9.8.7"
    udp = UDP(sport=1000, dport=53) / (b"q" * 37)
    whole = IP(src=b, dst=a, ttl=60) / UDP(sport=53, dport=1000) / b"original data"
    return [
        bytes(ether() / IP(src=a, dst=b) / udp),
        bytes(
            ether(0x8100) / Dot1Q(vlan=5, type=0x0800) / IP(src=a, dst=b) / TCP(dport=80) / b"odd"
        ),
        bytes(ether() / IP(src=a, dst=b) / ICMP() / b"ping"),
        bytes(ether() / IP(src=a, dst=b) / IP(src=b, dst=a) / UDP(dport=80) / b"inner"),
        bytes(ether() / IP(src=a, dst=b) / ICMP(type=3, code=3) / bytes(whole)[:28]),
        bytes(ether(0x86DD) / IPv6(src="fd00::1", dst="fd00::2") / udp),
        bytes(ether(0x86DD) / IPv6(src="fd00::1", dst="fd00::2") / ICMPv6EchoRequest(data=b"abc")),
        bytes(ether(0x86DD) / IPv6(src="fd00::1", dst="fd00::2") / ICMPv6ND_NS(tgt="fd00::2")),
        bytes(
            ether(0x0806) / ARP(hwsrc=OLD_MAC.hex(":"), psrc=a, pdst=b, hwdst="00:00:00:00:00:00")
        ),
    ]


MAPS = ("10.0.0.0/8=192.168.0.0/16", "fd00::/16=fc01::/32")


def rewriter(checksums: bool | None = None) -> Rewriter:
    return Rewriter(
        addresses=AddressMaps(tuple(map(parse_map, MAPS))),
        ports=parse_ports(["53=5353", "80=8080"]),
        macs={OLD_MAC: NEW_MAC},
        hop_limit=parse_hop_limit("-1"),
        checksums=checksums,
    )  # fmt: skip


def tshark(tmp_path: Path, frames: list[bytes], *fields: str) -> list[list[str]]:
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
    for frame in frames:
        out += struct.pack("<IIII", 1, 0, len(frame), len(frame)) + frame
    file = tmp_path / "rewritten.pcap"
    file.write_bytes(out)
    names = [word for field in fields for word in ("-e", field)]
    command = ["tshark", "-n", *CHECKS, "-r", str(file), "-T", "fields", *names]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line.split("\t") for line in output.splitlines()]


STATUS = ("ip.checksum.status", "tcp.checksum.status", "udp.checksum.status",
          "icmp.checksum.status", "icmpv6.checksum.status")  # fmt: skip


def test_tshark_finds_the_mapped_values_in_every_layer(tmp_path: Path) -> None:
    frames = [rewriter()(data, LinkType.ETHERNET, 0) for data in packets()]
    fields = ("ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "arp.src.proto_ipv4",
              "arp.dst.proto_ipv4", "icmpv6.nd.ns.target_address", "eth.src")  # fmt: skip
    rows = tshark(tmp_path, frames, *fields)
    new_a, new_b = "192.168.2.3", "192.168.8.7"
    assert [row[0] for row in rows] == (
        [new_a] * 3 + [f"{new_a},{new_b}", f"{new_a},{new_b}"] + [""] * 4
    )
    assert [row[1] for row in rows][3:5] == [f"{new_b},{new_a}"] * 2
    assert [row[2:4] for row in rows][5:8] == [["fc01::1", "fc01::2"]] * 3
    assert rows[8][4:6] == [new_a, new_b]
    assert rows[7][6] == "fc01::2"
    assert {row[7] for row in rows} == {NEW_MAC.hex(":")}
    ports = tshark(tmp_path, frames, "udp.port", "tcp.dstport", "ip.ttl", "ipv6.hlim")
    assert ports[0][0] == "1000,5353"
    assert ports[1][1] == "8080"
    assert ports[3][0].endswith(",8080")
    assert ports[4][0] == "5353,1000", "the ports of the packet that an error quotes"
    assert ports[0][2] == "63"
    assert ports[4][2] == "63,60", "the quoted packet has the TTL that it had"
    assert ports[5][3] == "63"


@pytest.mark.parametrize("checksums", [None, True])
def test_tshark_calls_all_checksums_good(tmp_path: Path, checksums: bool | None) -> None:
    frames = [rewriter(checksums)(data, LinkType.ETHERNET, 0) for data in packets()]
    seen = set()
    for row in tshark(tmp_path, frames, *STATUS):
        values = [value for cell in row for value in cell.split(",") if value]
        seen.update(values)
    assert seen <= {GOOD, "2"}, "2: not looked at, in the packet that an error quotes"
    rows = tshark(tmp_path, frames, *STATUS)
    assert rows[0][2] == rows[1][1] == rows[2][3] == rows[6][4] == rows[7][4] == GOOD


def test_updating_a_checksum_gives_what_computing_it_gives() -> None:
    before, after = b"\x12\x34\xff\xff\0\0", b"\xff\xff\0\0\0\1"
    rest = bytes(range(1, 40))
    old = internet_checksum(before + rest)
    assert updated_checksum(old, before, after) == internet_checksum(after + rest)


def test_a_datagram_in_fragments_is_right_when_put_together() -> None:
    whole = bytes(IP(src="10.1.2.3", dst="10.9.8.7") / UDP(sport=53, dport=80) / (b"x" * 3000))
    pieces = [bytes(piece) for piece in fragment(IP(whole), 1000)]
    mapped = [rewriter()(piece, LinkType.RAW, 0) for piece in pieces]
    payload = b"".join(piece[20:] for piece in mapped)
    expected = rewriter()(whole, LinkType.RAW, 0)
    assert payload == expected[20:], "ports and UDP checksum of the first piece"
    assert all(internet_checksum(piece[:20]) == 0 for piece in mapped)


def test_what_is_not_asked_for_stays_byte_for_byte() -> None:
    wrong = bytearray(packets()[0])
    wrong[24] ^= 0xFF  # the IP checksum
    data = bytes(wrong)
    assert Rewriter()(data, LinkType.ETHERNET, 0) == data
    mended = Rewriter()(data, LinkType.ETHERNET, CHECKSUM_NOT_READY)
    assert mended == packets()[0] == Rewriter(checksums=True)(data, LinkType.ETHERNET, 0)
    assert Rewriter(checksums=False)(data, LinkType.ETHERNET, CHECKSUM_NOT_READY) == data


def test_fields_are_set_where_a_packet_has_them(tmp_path: Path) -> None:
    change = Rewriter(assignments=(parse_assignment("tcp.window_size_value=77"),))
    frames = [change(data, LinkType.ETHERNET, 0) for data in packets()]
    assert frames[0] == packets()[0]
    rows = tshark(tmp_path, frames[1:2], "tcp.window_size_value", "tcp.checksum.status")
    assert rows == [["77", GOOD]]


def test_random_addresses_are_repeatable_unicast_and_never_two_for_one() -> None:
    maps = AddressMaps(seed=7)
    addresses = [ipaddress.ip_address(0x0A000000 + n).packed for n in range(2000)]
    mapped = [maps(address) for address in addresses]
    assert len(set(mapped)) == len(addresses)
    assert mapped == [AddressMaps(seed=7)(address) for address in addresses]
    assert mapped != [AddressMaps(seed=8)(address) for address in addresses]
    found = [ipaddress.IPv4Address(address) for address in mapped]
    assert not any(a.is_multicast or a.is_loopback or a.is_unspecified for a in found)
    for kept in ("224.0.0.1", "255.255.255.255", "127.0.0.1", "ff02::1", "::1"):
        assert maps(ipaddress.ip_address(kept).packed) == ipaddress.ip_address(kept).packed
    assert (
        ipaddress.IPv6Address(maps(ipaddress.ip_address("2001:db8::1").packed)).is_multicast
        is False
    )


@pytest.mark.parametrize("text", ["10.0.0.0/8", "10.0.0.0/8=fd00::/8", "x=y", "1.0.0.0/40=1.2.3.4"])
def test_wrong_maps_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_map(text)


@pytest.mark.parametrize("text", ["80", "80=x", "80=65536", "=", "1=2=3"])
def test_wrong_ports_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_ports([text])


@pytest.mark.parametrize("text", ["", "256", "x", "+-1", "1.5"])
def test_wrong_hop_limits_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_hop_limit(text)


def test_macs_are_read_in_pairs() -> None:
    assert parse_macs(["a=b"], str.encode) == {b"a": b"b"}
    with pytest.raises(UsageError):
        parse_macs(["a"], str.encode)


def test_tshark_puts_the_fragments_together_again(tmp_path: Path) -> None:
    fit = Fitting(LinkType.ETHERNET, 576, OverMtu.FRAGMENT)
    four = bytes(ether() / IP(src="10.1.2.3", dst="10.9.8.7", id=9) / UDP() / (b"4" * 2000))
    six = bytes(
        ether(0x86DD) / IPv6(src="fd00::1", dst="fd00::2")
        / UDP() / (b"6" * 2000)
    )  # fmt: skip
    frames = [*fit(four), *fit(six)]
    assert len(frames) == 8
    assert all(len(frame) <= 576 + 14 for frame in frames)
    rows = tshark(tmp_path, frames, "udp.length", "udp.checksum.status", "ip.checksum.status")
    assert [row[0] for row in rows if row[0]] == ["2008", "2008"]
    assert [row[1] for row in rows if row[0]] == [GOOD, GOOD]
    assert {row[2] for row in rows} == {GOOD, ""}


def test_what_may_not_be_fragmented_is_refused() -> None:
    fit = Fitting(LinkType.RAW, 576, OverMtu.FRAGMENT)
    with pytest.raises(Unsendable, match="not to be fragmented"):
        fit(bytes(IP(flags="DF") / UDP() / (b"x" * 2000)))
    with pytest.raises(Unsendable):
        Fitting(LinkType.RAW, 576, OverMtu.SKIP)(bytes(IP() / UDP() / (b"x" * 2000)))


def test_a_cut_packet_is_a_whole_shorter_one(tmp_path: Path) -> None:
    fit = Fitting(LinkType.ETHERNET, 576, OverMtu.TRUNCATE)
    (frame,) = fit(bytes(ether() / IP(src="10.1.2.3", dst="10.9.8.7") / UDP() / (b"x" * 2000)))
    fields = ("ip.len", "udp.length", "ip.checksum.status", "udp.checksum.status")
    assert tshark(tmp_path, [frame], *fields) == [["576", "556", GOOD, GOOD]]


def test_hostile_bytes_are_rewritten_without_a_word() -> None:
    change = rewriter(checksums=True)
    for data in packets():
        for cut in range(len(data)):
            change(data[:cut], LinkType.ETHERNET, 0)
            change(data[:cut] + b"\xff" * 8, LinkType.ETHERNET, 0)
