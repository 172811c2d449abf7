"""Gathering headers: what lies behind a packet's captured end never shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunscope.columns.batch import SLACK
from tunscope.columns.gather import ByteWindow, header_type

SIZE = 64
HEADER = header_type(12, first=(">u4", 0), last=("u1", 11))


def window() -> ByteWindow:
    data = np.full(SIZE + 2 * SLACK, 0xFF, np.uint8)
    data[SLACK : SLACK + SIZE] = np.arange(1, SIZE + 1)
    return ByteWindow(data)


@given(
    rows=st.lists(
        st.tuples(st.integers(0, SIZE), st.integers(0, SIZE), st.booleans()), min_size=1, max_size=9
    )
)
def test_bytes_behind_the_end_read_as_zero(rows: list[tuple[int, int, bool]]) -> None:
    view = window()
    at = np.array([SLACK + start for start, _, _ in rows])
    end = np.array([SLACK + stop for _, stop, _ in rows])
    where = np.array([there for _, _, there in rows])
    found = view.take(HEADER, at, end, where).view(np.uint8).reshape(-1, 12)
    whole, short = view.take_whole(HEADER, at, end, where)
    for i, (start, stop, there) in enumerate(rows):
        expected = bytes(range(1, SIZE + 1))[start:stop][:12] if there else b""
        assert found[i].tobytes() == expected.ljust(12, b"\0")
        complete = there and len(expected) == 12
        assert whole[i].tobytes() == (expected if complete else bytes(12))
        assert (i in short) == (there and not complete)


def test_fields_are_read_in_their_order() -> None:
    found = window().take(HEADER, np.array([SLACK]), np.array([SLACK + SIZE]))
    assert found["first"][0] == 0x01020304
    assert found["last"][0] == 12


def test_a_buffer_needs_slack() -> None:
    with pytest.raises(ValueError, match="slack"):
        ByteWindow(np.zeros(100, np.uint8))
