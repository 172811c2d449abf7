"""The capture properties screen."""

from __future__ import annotations

import hashlib

from browser_driver import OpenBrowser

from tunscope.tui.screens.properties import PropertiesScreen


async def test_properties_follow_a_capture_and_close(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=20, live=True) as browser:
        await browser.press("P")
        await browser.until(lambda: "Strict time order" in browser.screen_text())
        assert isinstance(browser.app.screen, PropertiesScreen)
        assert "Raw IP" in browser.screen_text() or "RAW" in browser.screen_text()
        await browser.grow(30)
        lines = browser.screen_text
        await browser.until(
            lambda: any("Packets " in line and " 50" in line for line in lines().split("\n"))
        )
        await browser.press("escape")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_hashes_come_on_demand(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.press("P")
        await browser.until(lambda: "Duration" in browser.screen_text())
        assert "SHA-256" not in browser.screen_text()
        await browser.press("h")
        await browser.press("end")
        digest = hashlib.sha256(browser.path.read_bytes()).hexdigest()
        await browser.until(lambda: "SHA-256" in browser.screen_text())
        await browser.press("end")
        await browser.until(lambda: digest[:50] in browser.screen_text())
