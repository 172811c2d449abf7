"""Every field of odd packets: where tshark finds it, and where it has its most frequent value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import odd_packets
import pytest
from deep_judge import HEADERS, PROTOCOLS, claims
from filter_judge import FilterAgreement
from filter_packets import write_pcap

#: What tshark makes of a segment by others of its connection, and what is not read (ARCHITECTURE).
UNREAD = ("tcp.pdu.size", "tcp.continuation_to", "mptcp.", "tcp.analysis.tfo")
JUDGED = (*HEADERS, *PROTOCOLS)
FAMILIES = [
    "ipv4_options", "tcp_options", "ipv6_options", "addresses", "icmp_extensions", "links",
    "applications",
]  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_fields_are_found_where_tshark_finds_them(
    family: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    packets = [bytes(packet) for packet in getattr(odd_packets, family)()]
    capture = write_pcap(tmp_path / f"{family}.pcap", [(data, len(data)) for data in packets])
    filters = [one.text for one in claims(capture, JUDGED) if not one.text.startswith(UNREAD)]
    agreement = FilterAgreement()
    agreement.judge(capture, filters, tmp_path)
    record_property("judge's table", agreement.table())
    assert len(agreement.telling) > 40
    assert not agreement.differences, "\n".join(agreement.differences[:30])
