"""Programs by conversation, and filters over them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tunscope.columns.programs import NOT_ASKED, UNKNOWN, Program, ProgramTable
from tunscope.filter.compiled import compile_filter
from tunscope.filter.errors import FilterError
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource

DATA = Path(__file__).parents[2] / "data"


def test_programs_are_kept_by_conversation() -> None:
    table = ProgramTable()
    assert table.of_flow(5000) is None
    assert not table.asked(5000)
    table.set(3, Program(7, "curl"))
    table.set(5000, None)
    table.set(9000, Program(7, "curl"))
    assert table.of_flow(3) == Program(7, "curl") == table.of_flow(9000)
    assert table.asked(5000)
    assert table.of_flow(5000) is None
    ids = table.ids(np.array([3, 5000, 4, 10**6], np.uint32))
    assert ids.tolist() == [2, UNKNOWN, NOT_ASKED, NOT_ASKED]
    assert table.pids.tolist() == [0, 0, 7]
    assert table.revision == 3


@pytest.fixture
def index():
    capture = CaptureIndex(FileSource(DATA / "browser_tun.pcapng"))
    capture.start()
    assert capture.wait(20)
    programs = capture.flows.programs
    for flow in range(1, capture.flows.count + 1):
        known = {1: Program(11, "curl"), 2: Program(12, "dig")}
        programs.set(flow, known.get(flow))
    yield capture
    capture.stop()


@pytest.mark.parametrize(
    ("text", "flows"),
    [
        ("process", {1, 2}),
        ('process.name == "curl"', {1}),
        ('process.name contains "ig"', {2}),
        ('process.name matches "^C"', {1}),
        ("process.pid == 12", {2}),
        ("process.pid in {11..12}", {1, 2}),
        ('process.name == "curl" && process.pid == 12', set()),
        ("len(process.name) == 3", {2}),
        ('upper(process.name) == "DIG"', {2}),
        ("!process", None),
    ],
)
def test_filters_ask_for_programs(index: CaptureIndex, text: str, flows: set[int] | None) -> None:
    passing = compile_filter(text).columns_predicate(index, 0, index.count)
    column = index.store["flow"]
    expected = ~np.isin(column, [1, 2]) if flows is None else np.isin(column, list(flows))
    assert flows != {1} or expected.any()
    assert passing.tolist() == expected.tolist()


def test_other_fields_of_that_name_are_no_fields() -> None:
    with pytest.raises(FilterError):
        compile_filter("process.uid == 0")
