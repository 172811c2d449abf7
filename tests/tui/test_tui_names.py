"""Names for addresses on the screen, on and off."""

from __future__ import annotations

from browser_driver import OpenBrowser

from tunscope.tui.settings.model import Settings


async def test_names_are_switched_on_and_off(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.press("1", "0", "G")
        assert "lab.example " not in browser.line(10)
        await browser.press("at")
        await browser.until(lambda: "lab.example" in column(browser.screen_text(), 5))
        await browser.press("at")
        await browser.until(lambda: "lab.example" not in column(browser.screen_text(), 5))
        assert browser.app.messages[-1].text == "names off"


def column(screen: str, rows: int) -> str:
    """Return what the first rows show before their Info."""
    return "\n".join(line[:70] for line in screen.split("\n")[2 : 2 + rows])


async def test_settings_switch_names_on(open_browser: OpenBrowser) -> None:
    async with open_browser(settings=Settings(resolve_names=True), size=(120, 90)) as browser:
        await browser.until(lambda: "lab.example" in column(browser.screen_text(), 5))
        await browser.press("5", "G", "enter", "plus")
        await browser.until(lambda: browser.main.detail.is_decoded)
        await browser.until(lambda: "10.9.0.2 (www.l" in browser.screen_text())
