"""The screens around a capture (devices, properties, comments, saving) against what they were."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from browser_driver import Browser, OpenBrowser
from stored_screens import SIZES, check
from test_tui_devices import ROWS
from textual.widgets import Input

from tunscope.tui.devices import ListedDevices
from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.surroundings import Surroundings


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


async def lead_to(browser: Browser, name: str) -> None:
    """Press the keys that lead to the screen."""
    match name:
        case "devices":
            await browser.steps("d", "down", "down")
        case "new-device":
            await browser.steps("d", "n")
            browser.app.screen.query_one("#address", Input).value = "10.9.0.1/240"
            await browser.settle()
        case "properties":
            await browser.steps("P")
            await browser.until(lambda: "Duration" in browser.screen_text())
        case "comment":
            await browser.press("m", "semicolon")
            browser.main.query_one("PromptLine Input", Input).value = "the request that failed"
            await browser.press("enter")
            await browser.until(lambda: "that failed" in browser.screen_text())
        case "save-some":
            await browser.steps("W")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", ["devices", "new-device", "properties", "comment", "save-some"])
async def test_screen(open_browser: OpenBrowser, name: str, size: tuple[int, int]) -> None:
    devices = ListedDevices(ROWS, mistake="--addr 10.9.0.1/240: not an address")
    async with open_browser(
        size=size,
        language=DisplayFilters(),
        surroundings=Surroundings(devices),
    ) as browser:
        browser.app.capture.source.__dict__["name"] = "/captures/browser.pcapng"
        await browser.press("6", "G")
        await browser.until(lambda: browser.main.detail.is_decoded and browser.table.is_settled)
        await lead_to(browser, name)
        await browser.settle()
        await check(browser, name)
