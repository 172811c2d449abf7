"""Quantiles of durations, against the sorted list."""

from __future__ import annotations

import random

import pytest

from tunscope.replay.histogram import DurationHistogram


def test_quantiles_are_those_of_the_sorted_list() -> None:
    chance = random.Random(6)
    values = sorted(int(10 ** chance.uniform(2, 10)) for _ in range(5000))
    histogram = DurationHistogram()
    for value in values:
        histogram.add(value)
    for share in (0.5, 0.95, 0.99, 1.0):
        exact = values[min(len(values) - 1, round(share * len(values)) - 1)]
        assert histogram.quantile(share) == pytest.approx(exact, rel=0.02, abs=1000)
    assert histogram.maximum == values[-1]
