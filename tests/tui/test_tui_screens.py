"""The screens themselves, in two sizes and two themes, against what they were.

`UPDATE_SCREENS=1 pytest tests/tui/test_tui_screens.py` writes them anew; look at the diff.
"""

from __future__ import annotations

import html
import os
import re
from pathlib import Path

import pytest
from browser_driver import Browser, OpenBrowser
from textual.widgets import Input

from tunscope.tui.display_filters import DisplayFilters

EXPECTED = Path(__file__).parent / "screens"
SIZES = [(80, 24), (120, 36)]
THEMES = ["tunscope-dark", "tunscope-light"]


def screen_of(browser: Browser) -> str:
    """Return the screen out of its SVG: the text as it stands, and each run with its colours."""
    svg = browser.app.export_screenshot()
    styles = dict(re.findall(r"\.[\w-]+-(r\d+) \{ ([^}]*) \}", svg))
    runs = []
    for name, x, y, text in re.findall(
        r'<text class="[\w-]+-(r\d+)" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>', svg
    ):
        column, row = round(float(x) / 12.2), round((float(y) - 20) / 24.4)
        runs.append((row, column, html.unescape(text).replace("\xa0", " "), styles[name]))
    lines = [line.rstrip() for line in browser.screen_text().split("\n")]
    colours = [
        f"{row:3} {column:3} {style:42} {text.strip()}"
        for row, column, text, style in sorted(runs)
        if text.strip()
    ]
    return "\n".join([*lines, "", *colours, ""])


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["tun", "tap", "help", "quit", "dropped", "filter", "columns"])
async def test_screen(
    open_browser: OpenBrowser, name: str, theme: str, size: tuple[int, int]
) -> None:
    kind = "tap" if name == "tap" else "tun"
    async with open_browser(
        kind, live=True, size=size, theme=theme, unsaved=True, language=DisplayFilters()
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
        found = screen_of(browser)
    path = EXPECTED / f"{name}-{size[0]}x{size[1]}-{theme.removeprefix('tunscope-')}.txt"
    if os.environ.get("UPDATE_SCREENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found)
    if not path.exists():
        pytest.fail(f"no screen is stored as {path.name}: write it with UPDATE_SCREENS=1")
    assert found == path.read_text()
