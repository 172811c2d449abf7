"""The Process column: what is known, what is not, and what becomes known late."""

from __future__ import annotations

from browser_driver import OpenBrowser

from tunscope.columns.programs import Program
from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.settings.model import ColumnChoice, Settings

COLUMNS = tuple(ColumnChoice(name) for name in ("number", "source", "process", "info"))


async def test_programs_are_shown_when_they_become_known(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True, settings=Settings(columns=COLUMNS)) as browser:
        index = browser.app.capture
        await browser.press("home")
        flow = int(index.store["flow"][0])
        other = next(int(one) for one in index.store["flow"][:30] if one not in (0, flow))
        index.flows.programs.set(flow, Program(4711, "a[b]\x1bx"))
        index.flows.programs.set(other, None)
        await browser.until(lambda: "4711" in browser.screen_text())
        assert "unknown" in browser.screen_text()
        assert "\x1b" not in browser.screen_text()


async def test_a_filter_by_program_follows_what_becomes_known(open_browser: OpenBrowser) -> None:
    async with open_browser(
        live=True, language=DisplayFilters(), display_filter='process.name == "curl"'
    ) as browser:
        await browser.until(lambda: browser.main.view.progress == 1)
        assert browser.table.row_count == 0
        index = browser.app.capture
        flow = int(index.store["flow"][0])
        index.flows.programs.set(flow, Program(1, "curl"))
        await browser.until(lambda: browser.table.row_count > 0)
        assert browser.table.row_count == int((index.store["flow"] == flow).sum())
