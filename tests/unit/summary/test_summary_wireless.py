"""Wireless frames against tshark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import summary_wireless as wireless
from summary_judge import Agreement, cut

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tunscope.packet.record import PacketRecord


@pytest.mark.parametrize(
    "make",
    [wireless.wlan, wireless.radiotap, wireless.ppi, wireless.wpan],
    ids=lambda make: make.__name__,
)
def test_wireless_frames_read_as_in_tshark(
    make: Callable[[], list[PacketRecord]], tmp_path: Path
) -> None:
    agreement = Agreement()
    agreement.judge_packets(make.__name__, make(), tmp_path)
    agreement.require(protocol=0.98, info=0.97, addresses=0.98)


def test_wireless_frames_cut_by_the_snapshot_length_read_as_in_tshark(tmp_path: Path) -> None:
    frames = wireless.records([wireless.beacon(), wireless.data(8, 1)], wireless.WLAN)
    agreement = Agreement()
    agreement.judge_packets("cut", cut(frames, range(80)), tmp_path)
    agreement.require(protocol=0.98, info=0.95, addresses=0.95)
