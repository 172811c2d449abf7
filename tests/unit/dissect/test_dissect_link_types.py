"""Link types that scapy decodes: where tshark sees the same protocols, and what it calls them."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path

import pytest
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.dot11 import Dot11, Dot11FCS, Dot11QoS, RadioTap
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import LLC, SNAP
from scapy.layers.ppp import PPP

from tunscope.capfile.writer import open_writer
from tunscope.dissect import field_tree
from tunscope.dissect.encapsulations import ENCAPSULATIONS
from tunscope.packet.encapsulation import encapsulation
from tunscope.packet.record import PacketRecord

QUESTION = IP(src="10.9.0.1", dst="10.9.0.2") / UDP(sport=40000) / DNS(qd=DNSQR(qname="a.test"))
FRAME = {"type": 2, "subtype": 8, "FCfield": 1, "addr1": "02:00:00:00:00:01"}
ALONE = """
import sys
from tunscope.dissect import field_tree
from tunscope.packet.record import PacketRecord
data = bytes.fromhex(sys.argv[1])
print(*[node.name for node in field_tree(PacketRecord(data, 1, len(data), 192)).children])
"""
UPPER = {"llc": "llc", "ip": "ip", "udp": "udp", "dns": "dns"}
PACKETS = {
    "radiotap": (
        127,
        RadioTap(present="Flags+Rate+Channel", Flags="FCS", Rate=54, ChannelFrequency=2412)
        / Dot11FCS(**FRAME)
        / Dot11QoS()
        / LLC()
        / SNAP()
        / QUESTION,
        {"radiotap": "radiotap", **UPPER},
    ),
    "802.11": (105, Dot11(**FRAME) / Dot11QoS() / LLC() / SNAP() / QUESTION, UPPER),
    "ppp": (9, PPP() / QUESTION, {"ip": "ip", "udp": "udp", "dns": "dns"}),
}


def recorded(path: Path, packets: Iterable[tuple[int, bytes]]) -> Path:
    with open_writer(path) as writer:
        for linktype, data in packets:
            writer.write(PacketRecord(data, 1, len(data), linktype))
    return path


BEACON = bytes.fromhex(
    "80000000 ffffffffffff 020000000001 020000000001 0000 0000000000000000 6400 1104 0004 74657374"
)
ADVERTISED = bytes.fromhex("00 09 010203040506 020106")
ACCESS, CRC = bytes.fromhex("d6be898e"), bytes.fromhex("aabbcc")
SHORT = bytes.fromhex("6188 01 3412 ffff 0000")
ZIGBEE = bytes.fromhex("4800 fcff 0000 1e 05 00 01 0600 0401 02 7b")
#: Link type, bytes, and which protocol of ours begins where which of tshark's does.
HEADERS = {
    "ppi": (
        192,
        bytes.fromhex("0000 0800 69000000") + BEACON,
        {"ppi": "ppi", "dot11": "wlan", "dot11beacon": "wlan.mgt"},
    ),
    "zigbee": (230, SHORT + ZIGBEE, {"dot15d4": "wpan", "zigbeenwk": "zbee_nwk"}),
    "6lowpan": (
        230,
        SHORT + bytes.fromhex("7a33 3a 80000000") + bytes(12),
        {"dot15d4": "wpan", "lowpan_iphc": "6lowpan"},
    ),
    "le": (251, ACCESS + ADVERTISED + CRC, {"btle": "btle"}),
    "le with a radio": (
        256,
        bytes.fromhex("00 00 00 00 00000000 0000") + ACCESS + ADVERTISED + CRC,
        {"btle_rf": "btle_rf", "btle": "btle"},
    ),
    "hci": (187, bytes.fromhex("04 0e 04 01 030c 00"), {"hci_event_hdr": "bthci_evt"}),
    "wep": (
        105,
        bytes.fromhex("0841 0000 020000000001 020000000002 020000000003 0000 01020300")
        + b"enciphered words",
        {"dot11": "wlan"},
    ),
    "can": (227, bytes.fromhex("80000123 03 000000 aabbcc"), {"can": "can"}),
}


@pytest.mark.parametrize("name", PACKETS)
def test_protocols_stand_where_tshark_sees_them(tmp_path: Path, name: str) -> None:
    linktype, packet, same = PACKETS[name]
    data = bytes(packet)
    judged, ours = judged_places(tmp_path, linktype, data), places(linktype, data)
    assert {mine: ours[mine] for mine in same} == {mine: judged[same[mine]] for mine in same}
    assert not {"data", "_ws.malformed"} & ours.keys()


@pytest.mark.parametrize("name", HEADERS)
def test_protocols_begin_where_tshark_sees_them(tmp_path: Path, name: str) -> None:
    linktype, data, same = HEADERS[name]
    judged, ours = judged_places(tmp_path, linktype, data), places(linktype, data)
    begun = {mine: ours[mine][0] for mine in same}
    assert begun == {mine: judged[same[mine]][0] for mine in same}
    assert "_ws.malformed" not in ours


@pytest.mark.parametrize("before", [b"", bytes(10)])
def test_what_stands_before_a_checksum_is_decoded(before: bytes) -> None:
    data = before + ACCESS + ADVERTISED + CRC
    ours = places(256 if before else 251, data)
    assert ours["btle_adv"] == (len(before) + 4, 2)
    assert ours["btle_adv_ind"] == (len(before) + 6, 9)
    assert "data" not in ours


def test_what_ppi_carries_is_known_whatever_was_decoded_before() -> None:
    words = [sys.executable, "-c", ALONE, (bytes.fromhex("0000 0800 69000000") + BEACON).hex()]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "dot11elt"


def places(linktype: int, data: bytes) -> dict[str, tuple[int, int]]:
    """Return start and size of each protocol."""
    root = field_tree(PacketRecord(data, 1, len(data), linktype))
    return {node.name: (node.start, node.stop - node.start) for node in root.children}


def judged_places(folder: Path, linktype: int, data: bytes) -> dict[str | None, tuple[int, int]]:
    """Return the same as tshark has it."""
    path = recorded(folder / "one.pcapng", [(linktype, data)])
    words = ["tshark", "-n", "-r", str(path), "-T", "pdml"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return {
        proto.get("name"): (int(proto.get("pos", 0)), int(proto.get("size", 0)))
        for proto in ET.fromstring(done.stdout).iter("proto")
    }


def test_link_types_have_wiresharks_names(tmp_path: Path) -> None:
    numbers = sorted(ENCAPSULATIONS)
    path = recorded(tmp_path / "all.pcapng", [(number, bytes(40)) for number in numbers])
    words = ["tshark", "-n", "-r", str(path), "-V"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    told = re.findall(r"^ *Encapsulation type: (.*) \((\d+)\)$", done.stdout, re.MULTILINE)
    assert told == [(ENCAPSULATIONS[n], str(encapsulation(n))) for n in numbers]
