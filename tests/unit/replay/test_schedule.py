"""When packets of a replay are due."""

from __future__ import annotations

import pytest

from tunscope.errors import UsageError
from tunscope.replay.schedule import Schedule, Timing

SECOND = 1_000_000_000


def dues(timing: Timing, times: list[int | None], size: int = 100) -> list[int]:
    schedule = Schedule(timing)
    return [schedule.due(ts_ns, size) for ts_ns in times]


def test_original_gaps_are_kept_to_the_nanosecond() -> None:
    start = 1_700_000_000_123_456_789
    assert dues(Timing(), [start, start + 1, start + 5 * SECOND + 7]) == [0, 1, 5 * SECOND + 7]


def test_a_speed_divides_the_time_since_the_start() -> None:
    times: list[int | None] = [SECOND * n for n in range(10_001)]
    assert dues(Timing(speed=3.0), times)[-1] == round(10_000 * SECOND / 3), "no rounding adds up"


def test_time_that_runs_back_waits_for_nothing() -> None:
    assert dues(Timing(), [10, 20, 15, 22]) == [0, 10, 10, 12]


def test_packets_without_a_time_go_with_the_one_before() -> None:
    assert dues(Timing(), [None, 10, None, 30]) == [0, 0, 0, 20]


def test_long_gaps_are_shortened_to_the_longest_one() -> None:
    timing = Timing(max_gap_ns=SECOND, speed=2.0)
    assert dues(timing, [0, 10 * SECOND, 10 * SECOND + 4]) == [0, SECOND // 2, SECOND // 2 + 2]


def test_even_rates_do_not_drift() -> None:
    assert dues(Timing(pps=3.0), [None] * 3_000_001)[-1] == 1_000_000 * SECOND
    # 1250 bytes are 10,000 bits: at 1 Mb/s, 100 packets a second
    assert dues(Timing(mbps=1.0), [None] * 101, 1250)[-1] == SECOND


def test_the_next_pass_begins_one_step_after_the_last_packet_of_an_even_one() -> None:
    even, original = Schedule(Timing(pps=10.0)), Schedule(Timing())
    for ts_ns in (0, SECOND):
        even.due(ts_ns, 1)
        original.due(ts_ns, 1)
    assert even.period == SECOND // 5
    assert original.period == SECOND


@pytest.mark.parametrize(
    "timing",
    [
        Timing(speed=-1.0),
        Timing(speed=0.0),
        Timing(speed=float("nan")),
        Timing(pps=float("inf")),
        Timing(mbps=1e12),
        Timing(pps=5.0, topspeed=True),
        Timing(speed=2.0, mbps=3.0),
        Timing(topspeed=True, max_gap_ns=5),
    ],
)
def test_what_cannot_be_meant_is_refused(timing: Timing) -> None:
    with pytest.raises(UsageError):
        timing.check()
