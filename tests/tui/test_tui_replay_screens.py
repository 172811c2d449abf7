"""The replay pane and its form, in two sizes and two themes, against what they were."""

from __future__ import annotations

from dataclasses import replace

import pytest
from browser_driver import OpenBrowser
from stored_screens import SIZES, check
from test_tui_replay import RUNNING, replaying
from textual.widgets import Input


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", ["replay", "replay-failed", "replay-form"])
async def test_screen(open_browser: OpenBrowser, name: str, size: tuple[int, int]) -> None:
    async with open_browser("tun", live=True, size=size) as browser:
        await browser.press("6", "G")
        if name == "replay-failed":
            failed = {"the device is down (ENETDOWN)": 1}
            await replaying(
                browser,
                replace(RUNNING, state="failed", error="the device is down", failed=failed),
            )
        else:
            await replaying(browser)
            await browser.press("R")
        if name == "replay-form":
            browser.main.ask_for_replay()
            await browser.pause(0.4)
            assert isinstance(browser.app.focused, Input)
            browser.app.focused.cursor_blink = False
        await browser.until(lambda: browser.main.detail.is_decoded and browser.table.is_settled)
        await browser.pause(0.3)
        await check(browser, name)
