"""The packet browser's screens, in two sizes and two themes, against what they were."""

from __future__ import annotations

import pytest
from browser_driver import OpenBrowser
from stored_screens import SIZES, check
from textual.widgets import Input

from tunscope.tui.display_filters import DisplayFilters


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", ["tun", "tap", "help", "quit", "dropped", "filter", "columns"])
async def test_screen(open_browser: OpenBrowser, name: str, size: tuple[int, int]) -> None:
    kind = "tap" if name == "tap" else "tun"
    async with open_browser(
        kind, live=True, size=size, unsaved=True, language=DisplayFilters()
    ) as browser:
        await browser.press("6", "G")
        await browser.until(lambda: browser.main.detail.is_decoded and browser.table.is_settled)
        if name == "filter":
            await browser.press("slash")
            browser.main.query_one("FilterBar Input", Input).value = "tcp.port = 80"
            await browser.settle()
        if name == "columns":
            await browser.press("c", "end", "up", "space")
        if name == "help":
            await browser.press("question_mark")
        if name == "quit":
            await browser.press("q")
        if name == "dropped":
            counters = browser.session.status.counters
            counters.dropped_kernel, counters.dropped_queue = 1203, 4
            await browser.settle()
        await check(browser, name)
