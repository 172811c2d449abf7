"""Every action really done, and Esc after it: no action and no way back takes the screen down."""

from __future__ import annotations

from browser_driver import OpenBrowser

from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.keymap import NAMESPACES

#: What ends the program.
LEAVING = {"app.quit", "app.back_or_quit"}
#: Whose actions the packet browser and what it opens obey.
OBEYED = ("packets", "screen", "app", "fields", "bytes")
MOST_STEPS = 6


async def test_esc_on_the_list_of_a_browser_without_a_filter_stays_there(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await browser.press("escape", "escape")
        assert browser.main.focused is browser.table


async def test_esc_leads_back_from_every_action(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await browser.press("6", "G")
        identities = {b.id or "" for name in OBEYED for b in NAMESPACES[name]} - LEAVING
        for identity in sorted(identities):
            await browser.app.run_command(identity)
            await browser.pilot.pause()
            for _ in range(MOST_STEPS):
                await browser.pilot.press("escape")
                if browser.app.screen is browser.main and browser.main.focused is browser.table:
                    break
            assert browser.app.failure is None, identity
            assert browser.app.screen is browser.main, identity
            assert browser.main.focused is browser.table, identity
