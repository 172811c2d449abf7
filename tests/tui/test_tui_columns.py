"""Columns: fields of the filter language, the chooser, what is remembered, sorting by any."""

from __future__ import annotations

import subprocess

import pytest
from browser_driver import DATA, Browser, OpenBrowser
from textual.widgets import Input

from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.tui.column_editing import ColumnList, as_choices
from tunscope.tui.column_sorting import sort_key
from tunscope.tui.field_cells import FieldCells
from tunscope.tui.screens.columns import ColumnRows
from tunscope.tui.settings.model import ColumnChoice, Settings
from tunscope.tui.table_columns import BUILT_IN

TUN = DATA / "browser_tun.pcapng"


def values_of_tshark(field: str) -> list[str]:
    done = subprocess.run(
        ["tshark", "-n", "-r", TUN, "-T", "fields", "-e", field],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split("\n")[:-1]


@pytest.fixture
def capture():
    index = CaptureIndex(FileSource(TUN))
    index.start()
    assert index.wait(10)
    yield index
    index.stop()


@pytest.mark.parametrize(
    "field",
    ["ip.ttl", "tcp.window_size_value", "tcp.window_size", "http.host", "ip.addr", "tcp.stream",
     "dns.qry.type", "frame.time_delta", "tcp.analysis.acks_frame"],
)  # fmt: skip
def test_a_field_column_says_what_tshark_says(capture: CaptureIndex, field: str) -> None:
    cells = FieldCells(capture, [field])
    found = []
    for number in range(1, capture.count + 1):
        assert cells.settle(number)
        texts, final = cells.glance(number, capture.record(number))
        assert final
        found.append(texts[field])
    assert found == values_of_tshark(field)
    assert any(found)


@pytest.mark.parametrize(
    "column",
    ["field:ip.ttl", "field:tcp.len", "field:frame.len", "field:tcp.window_size", "number",
     "field:http.host", "field:ip.src"],
)  # fmt: skip
def test_any_column_can_be_sorted_by(capture: CaptureIndex, column: str) -> None:
    import numpy as np

    rows = np.arange(capture.count, dtype=np.uint32)
    keys = sort_key(column)(capture, rows)
    assert len(keys) == capture.count
    if column == "number":
        assert keys.tolist() == rows.tolist()
        return
    words = [text.split(",")[0] for text in values_of_tshark(column.removeprefix("field:"))]

    def rank(text: str) -> tuple[int, ...] | str:
        return tuple(map(int, text.split("."))) if text.replace(".", "").isdigit() else text

    present = [(rank(word), key) for word, key in zip(words, keys.tolist(), strict=True) if word]
    absent = [key for word, key in zip(words, keys.tolist(), strict=True) if not word]
    assert present
    by_value = sorted(present, key=lambda pair: pair[0])
    assert [key for _, key in by_value] == sorted(key for _, key in present)
    assert all(gone < key for gone in absent for _, key in present)


def test_the_list_of_columns_is_edited_without_losing_any() -> None:
    columns = ColumnList(as_choices(["number", "time", "info"]))
    assert columns.toggled(1).shown == as_choices(["number", "info"])
    field = ColumnChoice("field:ip.ttl")
    assert columns.added(field).shown == (*columns.shown[:2], field, columns.shown[2])
    assert columns.moved(0, -1) == columns
    assert columns.moved(0, 1).shown == as_choices(["time", "number", "info"])
    only = ColumnList(as_choices(["info"]))
    assert only.toggled(0) == only
    assert {choice.column for choice in columns.rows} == set(BUILT_IN)


def heading(browser: Browser) -> str:
    return browser.line(1)


async def add_field(browser: Browser, name: str) -> None:
    await browser.press("a")
    browser.app.screen.query_one("PromptLine Input", Input).value = name
    await browser.press("enter")


async def test_columns_of_the_configuration(open_browser: OpenBrowser) -> None:
    chosen = (
        ColumnChoice("number"),
        ColumnChoice("field:ip.ttl", "TTL", 5),
        ColumnChoice("protocol"),
        ColumnChoice("info"),
    )
    async with open_browser(settings=Settings(columns=chosen), size=(80, 24)) as browser:
        assert heading(browser).split() == ["No.", "TTL", "Proto", "Info"]
        await browser.press("home")
        assert browser.line(2).split()[:2] == ["▌", "1"]
        ttl = values_of_tshark("ip.ttl")
        shown = [browser.line(2 + row)[9:14].strip() for row in range(8)]
        assert shown == ttl[:8]


async def test_the_chooser_adds_moves_sizes_titles_and_is_remembered(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser() as browser:
        await browser.press("c")
        await add_field(browser, "ip.tl")
        assert "ip.ttl" in str([n.message for n in browser.app._notifications])
        await add_field(browser, "ip.ttl")
        rows = browser.app.screen.query_one(ColumnRows)
        assert rows.columns.shown[-2] == ColumnChoice("field:ip.ttl")
        await browser.press("t")
        browser.app.screen.query_one("PromptLine Input", Input).value = "Hops"
        await browser.press("enter", "plus", "plus", "minus", "r", "K", "shift+up", "J")
        choice = next(c for c in rows.columns.shown if c.column == "field:ip.ttl")
        assert choice == ColumnChoice("field:ip.ttl", "Hops", 5, "left")
        await browser.press("equals_sign")
        await browser.press("home", "down", "down", "space")  # Δ goes
        await browser.press("escape")
        words = heading(browser).split()
        assert "Hops" in words
        assert "Δ" not in words
        assert words.index("Hops") == words.index("Proto") + 1
    async with open_browser() as browser:
        words = heading(browser).split()
        assert "Hops" in words
        assert "Δ" not in words
        await browser.press("c", "R", "q")
        assert "Hops" not in heading(browser)
        assert "Δ" in heading(browser)
    async with open_browser() as browser:
        assert "Hops" not in heading(browser)


async def test_a_field_column_is_sorted_by_keys_and_by_a_click(open_browser: OpenBrowser) -> None:
    chosen = (*as_choices(["number"]), ColumnChoice("field:ip.ttl"), ColumnChoice("info"))
    ttl = [int(text.split(",")[0] or -1) for text in values_of_tshark("ip.ttl")]

    def shown(browser: Browser) -> list[int]:
        view = browser.table.view
        return [ttl[view.number(row) - 1] for row in range(browser.table.row_count)]

    async with open_browser(settings=Settings(columns=chosen)) as browser:
        x = heading(browser).index("ip.ttl")
        await browser.pilot.click(browser.table, offset=(x, 0))
        await browser.until(lambda: shown(browser) == sorted(ttl))
        await browser.press("S")
        await browser.until(lambda: shown(browser) == sorted(ttl, reverse=True))
        await browser.press("greater_than_sign")
        await browser.until(lambda: "Info▲" in heading(browser).replace("▼", "▲"))


async def test_a_column_without_an_order_is_passed_over(open_browser: OpenBrowser) -> None:
    chosen = as_choices(["number", "process", "info"])
    async with open_browser(settings=Settings(columns=chosen)) as browser:
        await browser.pilot.click(browser.table, offset=(heading(browser).index("Process"), 0))
        await browser.settle()
        assert browser.table.painter.sorted_by == ""
        await browser.press("greater_than_sign", "greater_than_sign")
        assert browser.table.painter.sorted_by == "info"


async def test_too_many_packets_for_an_order_by_info(
    open_browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunscope.tui.column_sorting.MOST_READ", 100)
    async with open_browser() as browser:
        await browser.press("less_than_sign")
        assert "more than 100 packets" in browser.app.messages[-1].text
        assert "▲" not in heading(browser)
