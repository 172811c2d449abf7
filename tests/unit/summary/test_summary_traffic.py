"""Applications, tunnels and whole conversations against tshark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import summary_traffic as traffic
from summary_judge import Agreement, cut

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tunscope.packet.record import PacketRecord


@pytest.mark.parametrize(
    ("make", "protocol", "info"),
    [
        (traffic.dns, 1.0, 0.98),
        (traffic.http, 1.0, 0.98),
        (traffic.tls, 1.0, 0.98),
        (traffic.applications, 0.99, 0.97),
        (traffic.tunnels, 0.98, 0.97),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_applications_and_tunnels_read_as_in_tshark(
    make: Callable[[], list[PacketRecord]], protocol: float, info: float, tmp_path: Path
) -> None:
    agreement = Agreement()
    agreement.judge_packets(make.__name__, make(), tmp_path)
    agreement.require(protocol, info)


def test_disordered_connections_are_analysed_as_in_tshark(tmp_path: Path) -> None:
    agreement = Agreement()
    for seed in range(12):
        agreement.judge_packets(f"disorder{seed}", traffic.tcp_disorder(seed), tmp_path)
    agreement.require(protocol=1.0, info=0.99, addresses=1.0)


def test_applications_cut_by_the_snapshot_length_read_as_in_tshark(tmp_path: Path) -> None:
    agreement = Agreement()
    packets = [*traffic.dns()[:6], *traffic.http()[::7], *traffic.tls()[:12]]
    for length in (60, 68, 96, 128):
        agreement.judge_packets(f"cut{length}", cut(packets, (length,)), tmp_path)
    agreement.require(protocol=0.97, info=0.9)
