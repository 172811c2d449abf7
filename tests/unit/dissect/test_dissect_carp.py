"""The fields of CARP against tshark's, where that looks for it, and how VRRP is told from it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from crafted import write_pcap
from pdml import items_of, items_of_tshark, labels_of, labels_of_tshark, packets_of
from scapy.layers.inet import IP
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from scapy.utils import checksum

from tunscope.dissect import field_tree
from tunscope.packet.record import PacketRecord

ETHERNET = 1


def frame(payload: bytes) -> bytes:
    return bytes(Ether() / IP(src="10.0.0.2", dst="224.0.0.18", ttl=255, proto=112) / Raw(payload))


def carp(first: int = 0x21, *, right: bool = True) -> bytes:
    head = bytes([first, 5, 100, 7, 3, 1, 0, 0])
    data = head + struct.pack("!Q", 0x0102030405060708) + bytes(range(20))
    return data[:6] + struct.pack("!H", checksum(data) if right else 0x1234) + data[8:]


def layers(data: bytes, captured: int | None = None) -> list[str]:
    root = field_tree(PacketRecord(data[:captured], 0, len(data), ETHERNET))
    return [node.name for node in root.children]


def test_its_fields_are_tsharks(tmp_path: Path) -> None:
    path = tmp_path / "carp.pcap"
    frames = [frame(carp()), frame(carp(0x11)), frame(carp(right=False))]
    write_pcap(path, frames)
    packets = packets_of(path, "-o", "ip.try_heuristic_first:TRUE")
    for data, packet in zip(frames, packets, strict=True):
        root = field_tree(PacketRecord(data, 0, len(data), ETHERNET))
        assert items_of(root) == items_of_tshark(packet)
        assert labels_of(root) == labels_of_tshark(packet)
        assert sum(name == "carp.hmac" for name, *_ in items_of(root)) == 1


@pytest.mark.parametrize("addresses", [1, 5, 6, 7, 8])
def test_vrrp_is_not_taken_for_it(addresses: int) -> None:
    payload = bytes([0x21, 7, 100, addresses, 0, 1, 0, 0]) + bytes(4 * addresses + 8)
    assert layers(frame(payload))[-1] == "vrrp"


def test_what_is_captured_of_it_is_shown() -> None:
    whole = frame(carp())
    assert layers(whole)[-1] == "carp"
    for captured in range(len(whole) - 32, len(whole)):
        assert layers(whole, captured)[-2:] == ["carp", "_ws.short"]
    assert "vrrp" in layers(whole, len(whole) - 33)
