"""Field trees against tshark's: names, places, sizes and values of every node."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from crafted import all_packets, write_pcap
from pdml import Agreement, items_of, items_of_tshark, labels_of, labels_of_tshark, packets_of

from tunscope.capfile.reader import open_capture
from tunscope.dissect import field_tree

DATA = Path(__file__).parents[2] / "data"
CAPTURES = (
    "browser_tap.pcapng",
    "browser_tun.pcapng",
    "captures/hadrielk/le_basic_test011.pcapng",
    "captures/hadrielk/le_basic_test016.pcapng",
    "captures/libpcap/tests_filter_ah-ipip-ping.pcap",
    "captures/libpcap/tests_filter_dhcp-rfc3004.pcap",
    "captures/libpcap/tests_filter_gateway_or_not.pcap",
    "captures/libpcap/tests_filter_geneve.pcap",
    "captures/libpcap/tests_filter_ipv6_ah_modes.pcap",
    "captures/libpcap/tests_filter_ipv6_ext_headers.pcap",
    "captures/libpcap/tests_filter_llc.pcap",
    "captures/libpcap/tests_filter_pppoes.pcap",
    "captures/libpcap/tests_filter_rarp_req_reply.pcapng",
    "captures/libpcap/tests_filter_vxlan.pcap",
    "captures/scapy/test_pcaps_http_content_length.pcap",
    "captures/scapy/test_pcaps_netflowv9.pcap",
)
REQUIRED = 0.98

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def compare(path: Path) -> tuple[Agreement, Agreement]:
    """Return how far the nodes agree, and how far their labels do."""
    with open_capture(path) as capture:
        roots = [field_tree(record) for record in capture]
    packets = packets_of(path)
    assert len(packets) == len(roots)
    nodes, labels = Agreement(), Agreement()
    for packet, root in zip(packets, roots, strict=True):
        nodes.add(items_of_tshark(packet), items_of(root))
        labels.add(labels_of_tshark(packet), labels_of(root))
    return nodes, labels


@pytest.fixture(scope="module")
def crafted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("crafted") / "crafted.pcap"
    write_pcap(path, all_packets())
    return path


@pytest.mark.parametrize("name", CAPTURES)
def test_captured_packets_have_tsharks_fields(name: str) -> None:
    nodes, labels = compare(DATA / name)
    print(f"{name}: nodes {nodes.share:.4f} of {nodes.total}, labels {labels.share:.4f}")
    assert nodes.total
    assert nodes.share >= REQUIRED, nodes.differences()
    assert labels.share >= REQUIRED, labels.differences()


def test_crafted_packets_have_tsharks_fields(crafted: Path) -> None:
    nodes, labels = compare(crafted)
    print(f"crafted: nodes {nodes.share:.4f} of {nodes.total}, labels {labels.share:.4f}")
    assert nodes.total > 5000
    assert nodes.share >= REQUIRED, nodes.differences()
    assert labels.share >= REQUIRED, labels.differences()
