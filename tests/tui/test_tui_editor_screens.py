"""The editor's screens, in two sizes and two themes, against what they were."""

from __future__ import annotations

import pytest
from browser_driver import OpenBrowser
from stored_screens import SIZES, check
from test_tui_hold import holding
from textual.widgets import Input

from tunscope.tui.screens.editor import EditorScreen


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", ["editor", "editor-mistake", "inject"])
async def test_screen(open_browser: OpenBrowser, name: str, size: tuple[int, int]) -> None:
    async with open_browser("tun", live=True, size=size) as browser:
        await browser.press("6", "G", "e")
        await browser.until(lambda: isinstance(browser.app.screen, EditorScreen))
        screen = browser.app.screen
        assert isinstance(screen, EditorScreen)
        await browser.until(lambda: screen.form.row is not None and screen.form.row.field)
        await browser.press(*["down"] * 7, "enter", "3", "enter")
        if name == "editor-mistake":
            await browser.press("enter")
            screen.query_one("#value", Input).value = "300"
        if name == "inject":
            await browser.press("ctrl+s")
        await browser.pause(0.3)
        if browser.app.focused is not None and isinstance(browser.app.focused, Input):
            browser.app.focused.cursor_blink = False
        await browser.pause(0.2)
        await check(browser, name)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_hold_screen(
    open_browser: OpenBrowser,
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tunscope.tui.holding.Waiting.age", 4.1)
    async with open_browser("tun", live=True, size=size) as browser:
        holding(browser, 6, 8)
        await browser.press("i")
        await browser.pause(0.3)
        await check(browser, "hold")
