"""Segments that bring old payload are all among those that columns suspect, and not many more."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from filter_packets import write_pcap
from tcp_disorder import disordered

from tunscope.filter.columnar.clock import Clock
from tunscope.filter.columnar.replay import Replay
from tunscope.filter.columnar.run import Run
from tunscope.filter.columnar.segment_order import SegmentOrder
from tunscope.filter.conversations.facts import NOT_IN_ORDER
from tunscope.index.capture import CaptureIndex
from tunscope.index.opening import open_source

RAW_IP = 101


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("step", [7, 1 << 14])
def test_what_replay_finds_old_is_suspected(tmp_path: Path, seed: int, step: int) -> None:
    capture = write_pcap(tmp_path / "disorder.pcap", disordered(seed, 9, 60), RAW_IP)
    index = CaptureIndex(open_source(str(capture)))
    index.start()
    try:
        assert index.wait(10)
        found = Replay(index).column("analysis", 0, index.count) & int(NOT_IN_ORDER) != 0
        order = SegmentOrder()
        pieces = [
            order.may_be_old(Run(index.batch(start, min(index.count, start + step)), Clock(0, 0)))
            for start in range(0, index.count, step)
        ]
    finally:
        index.stop()
    suspected = np.concatenate(pieces)
    assert found.any()
    assert not (found & ~suspected).any()
    assert not suspected.all()
