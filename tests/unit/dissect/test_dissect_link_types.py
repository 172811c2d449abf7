"""Link types that scapy decodes: where tshark sees the same protocols, and what it calls them."""

from __future__ import annotations

import re
import subprocess
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


@pytest.mark.parametrize("name", PACKETS)
def test_protocols_stand_where_tshark_sees_them(tmp_path: Path, name: str) -> None:
    linktype, packet, same = PACKETS[name]
    data = bytes(packet)
    path = recorded(tmp_path / "one.pcapng", [(linktype, data)])
    words = ["tshark", "-n", "-r", str(path), "-T", "pdml"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    judged = {
        proto.get("name"): (int(proto.get("pos", 0)), int(proto.get("size", 0)))
        for proto in ET.fromstring(done.stdout).iter("proto")
    }
    ours = {
        node.name: (node.start, node.stop - node.start)
        for node in field_tree(PacketRecord(data, 1, len(data), linktype)).children
    }
    assert {ours[mine] for mine in same.values()} == {judged[theirs] for theirs in same}
    assert not {"data", "_ws.malformed"} & ours.keys()


def test_link_types_have_wiresharks_names(tmp_path: Path) -> None:
    numbers = sorted(ENCAPSULATIONS)
    path = recorded(tmp_path / "all.pcapng", [(number, bytes(40)) for number in numbers])
    words = ["tshark", "-n", "-r", str(path), "-V"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    told = re.findall(r"^ *Encapsulation type: (.*) \((\d+)\)$", done.stdout, re.MULTILINE)
    assert told == [(ENCAPSULATIONS[n], str(encapsulation(n))) for n in numbers]
