"""Numbers, rates and times as the screen writes them."""

from __future__ import annotations

import pytest

from tunscope.tui import units
from tunscope.tui.rate import RateMeter
from tunscope.tui.time_format import TimeFormat, seconds, time_of_day


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9_437_184, "9.4 MB"),
        (999_960_000, "1.0 GB"),
        (2_000_000_000, "2.0 GB"),
        (123_456_789_012_345_678, "123,457 TB"),
    ],
)
def test_sizes_have_one_decimal_until_they_have_three_digits(octets: int, text: str) -> None:
    assert units.size(octets) == text


def test_rates_and_shares() -> None:
    assert units.packet_rate(1234) == "1.2 kpps"
    assert units.bit_rate(9_812_345) == "9.8 Mb/s"
    assert units.percentage(312, 12345) == "2.5 %"
    assert units.percentage(0, 0) == "0 %"
    assert units.percentage(5, 5) == "100 %"
    assert units.count(12345) == "12,345"


def test_a_sparkline_is_scaled_to_its_peak() -> None:
    assert units.sparkline([0, 5, 10]) == "▁▅█"
    assert units.sparkline([0, 0]) == "▁▁"
    assert units.sparkline([]) == ""


def test_the_rate_is_what_came_in_whole_intervals() -> None:
    meter = RateMeter(history=4)
    assert not meter.add(10.0, 1000, 1_000_000)
    assert not meter.add(10.5, 1100, 1_010_000)
    assert meter.add(11.0, 1200, 1_025_000)
    assert (meter.rate.packets, meter.rate.bits) == (200.0, 200_000.0)
    assert meter.rate.history == (0.0, 0.0, 0.0, 200.0)
    assert meter.add(13.0, 1200, 1_025_000)
    assert meter.rate.history == (0.0, 200.0, 0.0, 0.0)


def test_seconds_are_truncated_not_rounded() -> None:
    assert seconds(3_204_118_999) == "3.204118"
    assert seconds(-1_500) == "-0.000001"
    assert seconds(0, 4) == "0.0000"


@pytest.mark.parametrize("ts_ns", [0, 1_700_000_000_123_456_789, -(1 << 63), (1 << 63) - 1])
def test_any_timestamp_has_a_text(ts_ns: int) -> None:
    assert time_of_day(ts_ns).rpartition(".")[2].isdigit()


def test_time_formats_go_round() -> None:
    seen = [TimeFormat.START]
    while (following := seen[-1].following()) is not TimeFormat.START:
        seen.append(following)
    assert set(seen) == set(TimeFormat)
