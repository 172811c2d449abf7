"""What the I/O graph is drawn with: intervals, axes, braille dots, losses."""

from __future__ import annotations

import numpy as np
import pytest

from tunscope.capfile.blocks import InterfaceStatistics
from tunscope.index.statistics.io_series import Window
from tunscope.tui.braille import NOBODY, curve, drawing
from tunscope.tui.drop_log import DropLog
from tunscope.tui.graph_scale import (
    INTERVALS,
    axis_text,
    ceiling,
    interval_text,
    stepped,
    time_text,
    whole,
)

SECOND = 10**9


def test_intervals_are_named_and_stepped() -> None:
    assert list(INTERVALS) == sorted(set(INTERVALS))
    assert [interval_text(i) for i in (1000, 2_000_000, SECOND, 90 * SECOND, 3600 * SECOND)] == [
        "1 µs", "2 ms", "1 s", "90 s", "1 h",
    ]  # fmt: skip
    assert stepped(SECOND, 1) == 2 * SECOND
    assert stepped(SECOND, -1) == SECOND // 2
    assert stepped(INTERVALS[0], -1) == INTERVALS[0]
    assert stepped(INTERVALS[-1], 1) == INTERVALS[-1]


@pytest.mark.parametrize("span", [0, 1, 999, SECOND, 3 * SECOND + 1, 10**15, 10**18])
@pytest.mark.parametrize("buckets", [2, 100, 480])
def test_everything_fits_into_the_whole_window(span: int, buckets: int) -> None:
    window = whole(7_000_123, 7_000_123 + span, 7_000_500, buckets)
    assert window.start_ns <= 7_000_123
    if window.interval_ns < INTERVALS[-1]:
        assert window.stop_ns > 7_000_123 + span
    assert (window.start_ns - 7_000_500) % window.interval_ns == 0


def test_axis_numbers_are_round_and_short() -> None:
    assert [ceiling(v) for v in (0, 1, 9, 11, 50, 61, 1001)] == [1, 1, 10, 20, 50, 80, 2000]
    assert [axis_text(v) for v in (0, 1500, 20_000, 1.5e6, 3e9)] == [
        "0", "1,500", "20 k", "1.5 M", "3 G",
    ]  # fmt: skip
    assert all(len(axis_text(ceiling(3.0**power))) <= 7 for power in range(28))
    assert time_text(1_234_000_000, 1_000_000) == "1.234"
    assert time_text(-500_000_000, 500_000_000) == "-0.5"
    assert time_text(7_200 * SECOND, 60 * SECOND) == "7,200"


def test_dots_reach_as_high_as_the_values() -> None:
    dots = curve(np.array([0.0, 1.0, 8.0, 4.0]), 8, 8, filled=True)
    assert dots.sum(axis=0).tolist() == [0, 1, 8, 4]
    assert dots[-1].tolist() == [False, True, True, True]
    line = curve(np.array([4.0, 4.0, 8.0, 4.0]), 8, 8, filled=False)
    assert line.sum(axis=0).tolist() == [1, 1, 4, 1]
    assert not curve(np.zeros(4), 0, 8, filled=True).any()


def test_braille_characters_are_those_of_the_dots() -> None:
    full = drawing([np.ones((4, 2), bool)])
    assert chr(int(full.characters[0, 0])) == "⣿"
    low = np.zeros((8, 4), bool)
    low[7, 0] = True
    high = np.zeros((8, 4), bool)
    high[0, 3] = True
    both = drawing([low, high])
    assert ["".join(map(chr, row)) for row in both.characters.tolist()] == ["⠀⠈", "⡀⠀"]
    assert both.owners.tolist() == [[NOBODY, 1], [0, NOBODY]]


def test_losses_are_told_where_they_were_noticed() -> None:
    log = DropLog()
    log.note(0, 5)
    log.note(3, 15)
    log.note(3, 25)
    log.note(10, 35)
    assert log.in_window(Window(0, 10, 4)).tolist() == [0, 3, 0, 7]
    for step in range(10_000):
        log.note(11 + step, 35 + step)
    assert log.in_window(Window(0, 10**6, 1)).sum() == 10_010


def test_a_file_tells_its_losses_once() -> None:
    blocks = [InterfaceStatistics(0, 10, osdrop=2), InterfaceStatistics(0, 20, osdrop=5, ifdrop=1)]
    log = DropLog()
    log.add_statistics(blocks)
    log.add_statistics(blocks)
    assert log.in_window(Window(0, 10, 3)).tolist() == [0, 2, 4]
