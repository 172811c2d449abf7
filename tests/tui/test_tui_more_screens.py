"""Questions, menus, states of the list and long tasks, in two sizes and two themes."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from browser_driver import Browser, OpenBrowser
from stored_screens import SIZES, STORED, check, read, svg_of, written
from textual.widgets import Input

from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.messages import LoggedMessage
from tunscope.tui.saving import SaveJob
from tunscope.tui.session import Severity

Way = Callable[[Browser], Awaitable[None]]


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tunscope.tui.app.TunscopeApp.suggested_path", lambda self: "tun0.pcapng")
    yield
    monkeypatch.undo()
    time.tzset()


def keys(*pressed: str) -> Way:
    async def press(browser: Browser) -> None:
        await browser.press(*pressed)

    return press


def typed(opening: str, text: str, *then: str) -> Way:
    """Open a line to type into, put `text` there, press keys."""

    async def press(browser: Browser) -> None:
        await browser.press(opening)
        entry = browser.app.focused
        assert isinstance(entry, Input)
        entry.value = text
        entry.cursor_position = len(text)
        await browser.settle()
        await browser.press(*then)

    return press


async def messages(browser: Browser) -> None:
    browser.app.messages[:] = [
        LoggedMessage(1_700_000_000.0 + index, severity, text)
        for index, (severity, text) in enumerate(
            (
                (Severity.INFORMATION, "names on"),
                (Severity.WARNING, "go to 900: the capture has 155 packets"),
                (Severity.ERROR, "save: /nowhere/tun0.pcapng: No such file or directory"),
            )
        )
    ]
    await browser.press("L")


async def toast(browser: Browser) -> None:
    browser.app.tell("save: /nowhere/tun0.pcapng: No such file or directory", Severity.ERROR)
    await browser.settle()


async def palette(browser: Browser) -> None:
    await browser.press("ctrl+p")
    await browser.type("strea")
    await browser.until(lambda: "analysis.stream" in browser.screen_text())


async def saving(browser: Browser) -> None:
    await typed("w", "there.pcapng", "enter")(browser)
    await browser.until(lambda: "Saving" in browser.screen_text())


async def new_below(browser: Browser) -> None:
    await browser.press("g", "g")
    await browser.grow(15)
    await browser.until(lambda: "+15 new" in browser.screen_text())


async def filtered(browser: Browser) -> None:
    await typed("slash", "dns or icmp", "enter")(browser)
    await browser.until(lambda: " of 155" in browser.line(1))
    await browser.press("home")


async def names(browser: Browser) -> None:
    await browser.press("at")
    await browser.until(lambda: "www.lab" in browser.line(6))


#: What leads to a screen from packet 6 of a live capture.
WAYS: dict[str, Way] = {
    "marks": keys("m", "down", "down", "m", "T", "up", "greater_than_sign", "greater_than_sign"),
    "marked-only": keys("m", "down", "m", "M"),
    "scrolled": keys(*["right"] * 4),
    "zoomed-bytes": keys("tab", "tab", "backslash", "right", "right"),
    "paused": keys("p"),
    "new-below": new_below,
    "names": names,
    "filtered": filtered,
    "filter-completion": typed("slash", "tcp.port == ", "tab"),
    "find": typed("ctrl+f", "/index\\.html/"),
    "go-to": typed("ctrl+g", "123"),
    "command": typed("colon", "time a"),
    "capture-filter": typed("b", "port 53"),
    "copy": keys("y"),
    "filter-from-field": keys("tab", "home", "down", "down", "right", "down", "f"),
    "messages": messages,
    "toast": toast,
    "save": typed("w", "out.pcapng"),
    "overwrite": typed("w", "there", "enter"),
    "saving": saving,
    "stopping": keys("q", "s", "enter"),
    "fields-open": keys("tab", "home", "down", "down", "right", "down", "down"),
}
#: These have fewer packets from the start.
HELD_BACK = {"new-below": 140, "waiting": 0}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", [*WAYS, "waiting"])
async def test_screen(
    open_browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch, name: str, size: tuple[int, int]
) -> None:
    Path("there").touch()
    if name == "saving":  # for ever at a third
        monkeypatch.setattr(SaveJob, "start", lambda self: setattr(self, "written", 52))
        monkeypatch.setattr("tunscope.tui.screens.save.units.packet_rate", lambda rate: "1.2 Mpps")
    if name == "stopping":
        monkeypatch.setattr("tunscope.tui.screens.stopping.units.packets", lambda n: "155 packets")
    packets = HELD_BACK.get(name)
    async with open_browser(
        "tun", packets=packets, live=True, size=size, unsaved=True, language=DisplayFilters()
    ) as browser:
        if name != "waiting":
            await browser.press("6", "G")
            main = browser.main
            await browser.until(lambda: main.detail.number == 6 and main.detail.is_decoded)
            await browser.until(lambda: browser.table.is_settled)
            await WAYS[name](browser)
        await browser.settle()
        await check(browser, name)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_palette(open_browser: OpenBrowser, size: tuple[int, int]) -> None:
    async with open_browser(size=size, language=DisplayFilters()) as browser:
        await palette(browser)
        await check(browser, "palette")


def test_the_picture_of_a_stored_screen_says_what_is_stored() -> None:
    """Nothing that is stored is lost on the way to the picture a person looks at."""
    for path in sorted(STORED.glob("*.txt")):
        stored = path.read_text()
        grid = read(stored)
        assert written(grid) == stored
        svg = svg_of(grid)
        assert svg.count("<rect") > len(grid)
        letters = "".join(cell.text for line in grid for cell in line if cell.text != " ")
        drawn = grid_of_own(svg)
        assert drawn == letters, path.name


def grid_of_own(svg: str) -> str:
    """Return the characters of one of our own pictures, in their order."""
    import html
    import re

    return html.unescape("".join(re.findall(r"<text [^>]*>([^<]*)</text>", svg)))
