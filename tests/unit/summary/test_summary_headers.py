"""Core headers against tshark: every type and code, flags, options, lengths, snapshot lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import summary_headers as headers
from summary_judge import Agreement, cut

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tunscope.packet.record import PacketRecord


@pytest.mark.parametrize(
    ("make", "info"),
    [
        (headers.arp, 1.0),
        (headers.icmp, 0.99),
        (headers.icmpv6, 0.95),
        (headers.tcp, 0.98),
        (headers.udp_and_ip, 0.97),
        (headers.fragments, 1.0),
        (headers.vlans, 1.0),
        (headers.raw_ip, 0.7),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_header_fields_read_as_in_tshark(
    make: Callable[[], list[PacketRecord]], info: float, tmp_path: Path
) -> None:
    agreement = Agreement()
    agreement.judge_packets(make.__name__, make(), tmp_path)
    agreement.require(protocol=0.97 if info > 0.9 else info, info=info, addresses=0.95)


@pytest.mark.parametrize("linktype", [0, 108])
def test_loopback_families_read_as_in_tshark(linktype: int, tmp_path: Path) -> None:
    agreement = Agreement()
    agreement.judge_packets(f"loopback{linktype}", headers.loopback(linktype), tmp_path)
    agreement.require(protocol=1.0, info=1.0)


@pytest.mark.parametrize("version", [1, 2])
def test_cooked_captures_read_as_in_tshark(version: int, tmp_path: Path) -> None:
    agreement = Agreement()
    agreement.judge_packets(f"cooked{version}", headers.cooked(version), tmp_path)
    # tshark 4.0 takes the packet type of version 2 for 16 bits where no protocol overwrites it
    agreement.require(protocol=1.0, info=1.0 if version == 1 else 0.75)


def test_packets_cut_by_the_snapshot_length_read_as_in_tshark(tmp_path: Path) -> None:
    whole = [
        *headers.arp()[:4],
        *headers.icmp()[-3:],
        *headers.icmpv6()[-9:],
        *headers.udp_and_ip()[8:14],
        headers.tcp()[-1],
        *headers.vlans()[:4],
    ]
    agreement = Agreement()
    agreement.judge_packets("cut", cut(whole, range(14, 100, 3)), tmp_path)
    agreement.require(protocol=0.97, info=0.95, addresses=0.97)
