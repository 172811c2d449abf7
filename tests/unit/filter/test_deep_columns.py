"""Application filters over an index find what the packets shown one by one would pass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from deep_judge import dissections
from deep_samples import control_channel, disordered_web, lookups, tunnel, web_conversations, write

from tunscope.capfile.errors import CaptureFileError
from tunscope.filter.compiled import compile_filter
from tunscope.filter.layers.dissection import Dissection
from tunscope.index.capture import CaptureIndex
from tunscope.index.opening import open_source

CAPTURES = Path(__file__).parents[2] / "data" / "captures"
#: Whole filters and parts: bare protocols, fields, columns beside them, negations.
FILTERS = (
    *("dns", "mdns", "nbns", "dhcp", "dhcpv6", "ntp", "ssdp", "openvpn", "wg", "quic", "ssh"),
    *("http", "tls", "!dns && udp", "!http && tcp", "dns || tcp.srcport == 80"),
    "dns.qry.name contains \"a\"",
    "dns.qry.type == 1 && ip.ttl > 1",
    "dns.flags.response == 1 || frame.len > 100",
    "dns.time > 0 || http.time > 0",
    "http.request && ip.src == 10.0.0.1",
    "http.response.code == 200 || tcp.flags.syn == 1",
    "http.host && !(tcp.port == 3001)",
    "tls.handshake.type == 1 || dns",
    "tls.record.content_type == 22 && tcp.len > 10",
    "dns.id != 1",
    "http.request.method == \"GET\" and tcp.analysis.flags",
    "http.response_for.uri || !tcp",
    "dns.count.queries + 1 > 1",
    "wg.stream == 0 && wg.type == 4",
    "wg.response_to > 0",
    "openvpn.fragment.count == 3",
    "openvpn.opcode == 4 && tls.handshake",
    "ssh.seq_num == 2",
    "dhcp.option.type == 53 and udp.srcport == 68",
)  # fmt: skip


def found(index: CaptureIndex, text: str, half: int) -> list[int]:
    """Return the packets that pass, the later half asked for first."""
    display_filter = compile_filter(text)
    late = display_filter.columns_predicate(index, half, index.count)
    early = display_filter.columns_predicate(index, 0, half)
    return (np.flatnonzero(np.concatenate([early, late])) + 1).tolist()


def wrong(capture: Path) -> list[str]:
    """Return the filters that find other packets in columns than one by one."""
    packets: list[Dissection] = list(dissections(capture))
    index = CaptureIndex(open_source(str(capture)))
    index.start()
    try:
        assert index.wait(10)
        differing = []
        for text in FILTERS:
            holds = compile_filter(text)._holds
            expected = [number for number, one in enumerate(packets, 1) if holds(one)]
            if found(index, text, len(packets) // 2) != expected:
                differing.append(text)
        return differing
    finally:
        index.stop()


@pytest.mark.parametrize(
    "folder", ["applications", "tcpdump", "made", "scapy", "libpcap", "hadrielk"]
)
def test_stored_captures(folder: str) -> None:
    judged = 0
    for capture in sorted((CAPTURES / folder).glob("*.pcap*")):
        try:
            differing = wrong(capture)
        except CaptureFileError:
            continue  # damaged on purpose
        judged += 1
        assert not differing, capture
    assert judged


def test_made_conversations(tmp_path: Path) -> None:
    made = [*web_conversations(), *lookups(), *tunnel(), *control_channel()]
    assert not wrong(write(tmp_path / "made.pcap", made))


def test_repeated_and_disordered_segments(tmp_path: Path) -> None:
    assert not wrong(write(tmp_path / "disordered.pcap", disordered_web()))
