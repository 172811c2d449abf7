"""Packet numbers as people write them."""

from __future__ import annotations

import pytest

from tunscope.errors import UsageError
from tunscope.tui.packet_ranges import parse_ranges


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("5", [5]),
        ("2-4", [2, 3, 4]),
        (" 9 - , 2 ", [2, 9, 10]),
        ("-3", [1, 2, 3]),
        ("2-4,3-5,5", [2, 3, 4, 5]),
        ("9-999999999999999999999999", [9, 10]),
    ],
)
def test_ranges_are_read(text: str, numbers: list[int]) -> None:
    assert list(parse_ranges(text, 1, 10)) == numbers


@pytest.mark.parametrize("text", ["", "a", "1-b", "-", "1,,2", "11", "4-2", "٣"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_ranges(text, 1, 10)


def test_a_large_range_takes_no_memory() -> None:
    assert parse_ranges("1-", 1, 10**12) == range(1, 10**12 + 1)
