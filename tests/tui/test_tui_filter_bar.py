"""The filter bar, with a language of one field: ``length > N``."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
from browser_driver import Browser, OpenBrowser
from textual.widgets import Input

from tunscope.index.capture import CaptureIndex
from tunscope.index.filtering import Predicate
from tunscope.tui.filter_language import Mistake
from tunscope.tui.line_history import LineHistory
from tunscope.tui.seen_values import SeenValues


class LengthLanguage:
    """Understands ``length > N``; answers while `answering` is set."""

    def __init__(self) -> None:
        self.answering = threading.Event()
        self.answering.set()

    def warm_up(self) -> None:
        pass

    def mistake(self, text: str) -> Mistake | None:
        words = text.split()
        if not words or (len(words) == 3 and words[:2] == ["length", ">"] and words[2].isdigit()):
            return None
        column = len(text) + 1 if "length > ".startswith(text.strip()) else 1
        return Mistake(column, f"not a filter: {text}")

    def predicate(self, text: str) -> Predicate | None:
        least = int(text.split()[2])

        def passes(index: CaptureIndex, start: int, stop: int) -> np.ndarray:
            assert self.answering.wait(60)
            return index.store["origlen"][start:stop] > least

        return passes

    def completions(self, text: str, seen: SeenValues | None = None) -> list[str]:
        return ["length > "] if text and "length > ".startswith(text) else []


async def enter(browser: Browser, text: str) -> None:
    await browser.press("slash")
    browser.main.query_one("FilterBar Input", Input).value = text
    await browser.press("enter")


def lengths(browser: Browser) -> list[int]:
    store = browser.app.capture.store["origlen"]
    view = browser.table.view
    return [int(store[view.number(row) - 1]) for row in range(browser.table.row_count)]


async def test_enter_shows_what_passes_and_how_many(open_browser: OpenBrowser) -> None:
    async with open_browser(language=LengthLanguage()) as browser:
        await browser.type("70")
        await browser.press("G")
        await enter(browser, "length > 90")
        await browser.until(lambda: 0 < browser.table.row_count < 155)
        assert min(lengths(browser)) > 90
        shown = browser.table.row_count
        assert f"✔ {shown} of 155 ({100 * shown / 155:.1f} %)" in browser.line(1)
        assert browser.table.selected_number == 70
        assert browser.main.focused is browser.table


async def test_it_is_judged_at_every_key_with_a_sign_and_a_column(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(language=LengthLanguage()) as browser:
        await browser.press("slash")
        await browser.type("lengthx")
        assert browser.line(1).startswith(" / lengthx ")
        assert "✘ column 1: not a filter: lengthx" in browser.line(1)
        await browser.press("enter")
        assert browser.table.row_count == 155
        assert browser.main.focused is not browser.table
        browser.main.query_one("FilterBar Input", Input).value = "length > 5"
        await browser.settle()
        assert "✔ Enter applies" in browser.line(1)


async def test_escape_goes_back_to_the_filter_in_force(open_browser: OpenBrowser) -> None:
    async with open_browser(language=LengthLanguage()) as browser:
        await enter(browser, "length > 90")
        await browser.until(lambda: browser.table.row_count < 155)
        await browser.press("slash", "x", "y", "escape")
        assert "length > 90" in browser.line(1)
        assert "xy" not in browser.line(1)
        assert browser.main.focused is browser.table


async def test_an_empty_filter_shows_all_again(open_browser: OpenBrowser) -> None:
    async with open_browser(language=LengthLanguage()) as browser:
        await enter(browser, "length > 90")
        await browser.until(lambda: browser.table.row_count < 155)
        await enter(browser, "")
        await browser.until(lambda: browser.table.row_count == 155)


async def test_the_filter_is_switched_off_and_on(open_browser: OpenBrowser) -> None:
    async with open_browser(language=LengthLanguage()) as browser:
        await enter(browser, "length > 90")
        await browser.until(lambda: browser.table.row_count < 155)
        await browser.press("exclamation_mark")
        await browser.until(lambda: browser.table.row_count == 155)
        assert "○ off" in browser.line(1)
        await browser.press("exclamation_mark")
        await browser.until(lambda: browser.table.row_count < 155)


async def test_history_is_recalled_and_survives_the_run(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    async with open_browser(language=LengthLanguage()) as browser:
        for least in (10, 20, 30):
            await enter(browser, f"length > {least}")
        entry = browser.main.query_one("FilterBar Input", Input)
        await browser.press("slash", "up")
        assert entry.value == "length > 30"
        await browser.press("up", "up", "up")
        assert entry.value == "length > 10"
        await browser.press("down")
        assert entry.value == "length > 20"
    again = LineHistory(tmp_path / "state" / "filters")
    assert again.entries == ("length > 10", "length > 20", "length > 30")


async def test_tab_completes(open_browser: OpenBrowser) -> None:
    async with open_browser(language=LengthLanguage()) as browser:
        await browser.press("slash", "l", "e", "tab")
        assert browser.main.query_one("FilterBar Input", Input).value == "length > "


async def test_marks_and_filter_go_together(open_browser: OpenBrowser) -> None:
    async with open_browser(language=LengthLanguage()) as browser:
        for number in ("1", "2", "3"):
            await browser.press(number, "G", "m")
        await browser.press("M")
        await browser.until(lambda: browser.table.row_count == 3)
        await enter(browser, "length > 90")
        await browser.until(lambda: browser.table.row_count == 1)
        assert browser.table.view.number(0) == 2


async def test_new_packets_are_filtered_as_they_come(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=50, live=True, language=LengthLanguage()) as browser:
        await enter(browser, "length > 90")
        await browser.until(lambda: 0 < browser.table.row_count < 50)
        before = browser.table.row_count
        await browser.grow(50)
        await browser.until(lambda: browser.table.row_count > before)
        assert min(lengths(browser)) > 90


async def test_without_a_language_there_is_no_bar(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        assert "Filter" not in browser.line(-1)
        await browser.press("slash")
        assert "no filter language" in browser.app.messages[-1].text


def test_history_is_a_file_of_lines_that_may_be_broken(tmp_path: Path) -> None:
    path = tmp_path / "filters"
    path.write_bytes(b"\xff\xfe")
    history = LineHistory(path)
    assert history.entries == ()
    for text in ("a", "b", "a", " "):
        history.add(text)
    assert LineHistory(path).entries == ("b", "a")
    blocked = LineHistory(Path("/proc/nothing/filters"))
    blocked.add("kept for this run")
    assert blocked.step(-1) == "kept for this run"


async def test_a_slow_filter_says_how_far_it_is_and_esc_stops_it(
    open_browser: OpenBrowser,
) -> None:
    language = LengthLanguage()
    language.answering.clear()
    async with open_browser(language=language) as browser:
        await enter(browser, "length > 90")
        await browser.until(lambda: "Esc stops · 0%" in browser.line(1))
        await browser.press("escape")
        assert "filter: stopped" in browser.app.messages[-1].text
        language.answering.set()
        await browser.until(lambda: "stopped at" in browser.line(1))
        await browser.press("escape")
        assert browser.app.messages[-1].text.startswith("filter: stopped")
        await enter(browser, "length > 91")
        await browser.until(lambda: "✔" in browser.line(1) and "stopped" not in browser.line(1))
        assert min(lengths(browser)) > 91
