"""The analysis screens themselves, in two sizes and two themes, against what they were."""

from __future__ import annotations

import pytest
from browser_driver import OpenBrowser
from stored_screens import SIZES, check

from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.screens.analysis import AnalysisScreen

#: The screen's name and the keys that lead to it.
SCREENS = {
    "stream": ("1", "5", "1", "G", "s"),
    "stream-hex": ("1", "5", "1", "G", "s", "h"),
    "conversations": ("C",),
    "endpoints": ("C", "e", "tab"),
    "hierarchy": ("H", "down", "down"),
    "graph": ("o", *["right"] * 12, "u"),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
async def test_screen(open_browser: OpenBrowser, name: str, size: tuple[int, int]) -> None:
    shown = "tcp.port == 80" if name == "graph" else ""
    async with open_browser(
        "tap", size=size, language=DisplayFilters(), display_filter=shown
    ) as browser:
        for key in SCREENS[name]:
            await browser.press(key)
        screen = browser.app.screen
        assert isinstance(screen, AnalysisScreen)
        await browser.until(lambda: screen.is_settled)
        await browser.pause(0.25)
        await check(browser, name)
