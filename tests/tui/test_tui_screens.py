"""The packet browser's screens, in two sizes and two themes, against what they were."""

from __future__ import annotations

import pytest
from browser_driver import OpenBrowser
from stored_screens import SIZES, check
from textual.widgets import Input

from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.running_command import RecordedCommand
from tunscope.tui.surroundings import Surroundings

#: What a command prints, colours and a progress bar included.
CURL = (
    b"  % Total    % Received\r\n 50  1256   50   628\r100  1256  100  1256\r\n"
    b"\x1b[1mHTTP/1.1\x1b[0m \x1b[32m200 OK\x1b[0m\r\n"
    b"\x1b[33mserver\x1b[0m: example\r\n\x1b[7m done \x1b[0m\r\n"
)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    "name", ["tun", "tap", "help", "quit", "dropped", "filter", "columns", "run"]
)
async def test_screen(open_browser: OpenBrowser, name: str, size: tuple[int, int]) -> None:
    kind = "tap" if name in {"tap", "run"} else "tun"
    surroundings = Surroundings(command=RecordedCommand("curl", CURL)) if name == "run" else None
    async with open_browser(
        kind,
        live=True,
        size=size,
        unsaved=True,
        language=DisplayFilters(),
        surroundings=surroundings,
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
        await check(browser, name)
