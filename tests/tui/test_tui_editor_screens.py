"""The editor's screens, in two sizes and two themes, against what they were.

`UPDATE_SCREENS=1 pytest tests/tui/test_tui_editor_screens.py` writes them anew.
"""

from __future__ import annotations

import os

import pytest
from browser_driver import OpenBrowser
from test_tui_hold import holding
from test_tui_screens import EXPECTED, SIZES, THEMES, screen_of
from textual.widgets import Input

from tunscope.tui.screens.editor import EditorScreen


def check(name: str, size: tuple[int, int], theme: str, found: str) -> None:
    """Compare a screen with the one that is stored, or store it."""
    path = EXPECTED / f"{name}-{size[0]}x{size[1]}-{theme.removeprefix('tunscope-')}.txt"
    if os.environ.get("UPDATE_SCREENS"):
        path.write_text(found)
    if not path.exists():
        pytest.fail(f"no screen is stored as {path.name}: write it with UPDATE_SCREENS=1")
    assert found == path.read_text()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["editor", "editor-mistake", "inject"])
async def test_screen(
    open_browser: OpenBrowser, name: str, theme: str, size: tuple[int, int]
) -> None:
    async with open_browser("tun", live=True, size=size, theme=theme) as browser:
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
        await browser.pilot.pause(0.3)
        if browser.app.focused is not None and isinstance(browser.app.focused, Input):
            browser.app.focused.cursor_blink = False
        await browser.pilot.pause(0.2)
        found = screen_of(browser)
    check(name, size, theme, found)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", THEMES)
async def test_hold_screen(
    open_browser: OpenBrowser,
    theme: str,
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tunscope.tui.holding.Waiting.age", 4.1)
    async with open_browser("tun", live=True, size=size, theme=theme) as browser:
        holding(browser, 6, 8)
        await browser.press("i")
        await browser.pilot.pause(0.3)
        found = screen_of(browser)
    check("hold", size, theme, found)
