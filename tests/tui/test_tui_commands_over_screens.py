"""The command line and the palette over conversations, hierarchy, graph and stream."""

from __future__ import annotations

import pytest
from browser_driver import OpenBrowser

from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.screens.analysis import AnalysisScreen
from tunscope.tui.screens.messages import MessagesScreen

OPENING = ["C", "H", "o", "s"]


@pytest.mark.parametrize("key", OPENING)
async def test_a_command_about_the_list_leads_back_to_it(
    open_browser: OpenBrowser, key: str
) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await browser.press("6", "G")
        await browser.steps(key, "colon")
        await browser.press(*"filter", "space", *"udp", "enter")
        await browser.until(lambda: browser.app.screen is browser.main)
        bar = browser.main.filter_bar
        assert bar is not None
        assert bar.in_force == "udp"
        assert browser.main.focused is browser.table


async def test_a_number_leads_to_the_packet(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await browser.steps("C", "colon", "4", "2", "enter")
        await browser.until(lambda: browser.app.screen is browser.main)
        assert browser.table.selected_number == 42


async def test_messages_open_over_the_screen_and_esc_comes_back_to_it(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await browser.steps("H", "colon")
        await browser.press(*"messages", "enter")
        await browser.until(lambda: isinstance(browser.app.screen, MessagesScreen))
        await browser.press("escape")
        assert isinstance(browser.app.screen, AnalysisScreen)


async def test_esc_leaves_the_command_line_and_not_the_screen(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await browser.steps("H", "colon", "escape")
        assert isinstance(browser.app.screen, AnalysisScreen)
        await browser.press("escape")
        assert browser.app.screen is browser.main


async def test_the_palette_has_what_can_be_done_on_the_screen(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await browser.steps("H")
        app = browser.app
        titles = [command.title for command in app.get_system_commands(app.screen)]
        text = "\n".join(titles)
        assert "hierarchy.expand_all" in text
        assert "capture.save" in text
        for absent in ("list.down", "detail.byte_left", "stream.hex", "app.back)"):
            assert absent not in text


async def test_the_help_begins_with_the_screen_it_was_asked_on(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await browser.steps("o", "question_mark")
        lines = browser.screen_text().split("\n")
        headings = [line for line in lines if "I/O graph" in line or "Moving in any list" in line]
        assert "I/O graph" in headings[0]


async def test_a_wrong_series_is_typed_on_where_it_was(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await browser.steps("o", "a")
        await browser.press(*"tcpp", "enter")
        await browser.press("backspace", "enter")
        await browser.until(lambda: "B ━━ tcp" in browser.screen_text() or None)
