"""Random filters pass the same packets as in tshark, in both ways of evaluating."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from filter_fuzz import FilterFuzz
from filter_judge import FilterAgreement
from filter_packets import made_captures

SEEDS = (2, 3)
FILTERS = 150


@pytest.mark.parametrize("seed", SEEDS)
def test_random_filters_pass_the_same_packets_as_in_tshark(
    seed: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    captures = made_captures(tmp_path)
    fuzz = FilterFuzz(seed, captures)
    filters = sorted({fuzz.filter() for _ in range(FILTERS)})
    agreement = FilterAgreement()
    for capture in captures:
        agreement.judge(capture, filters, tmp_path)
    record_property("judge's table", agreement.table())
    assert not agreement.differences, "\n".join(agreement.differences[:20])
