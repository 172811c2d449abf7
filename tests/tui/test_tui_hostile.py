"""Hostile texts wherever the screen shows them: shown as they are, and never obeyed."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser_driver import Browser, OpenBrowser
from test_tui_faults import hostile_capture
from textual.widgets import Input

from tunscope.tui.devices import DeviceRow, ListedDevices
from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.session import Severity
from tunscope.tui.settings.model import ColumnChoice, Settings
from tunscope.tui.surroundings import Surroundings

#: A file name: no slash, no NUL, everything else.
NAME = "\x1b]0;owned\x07\x1b[2J[red]x[bold]\u202e\x9b31m"
MARK = "[red]x"

#: Keys from the packet list to places that show texts of packets or names of files and devices.
PLACES = {
    "stream": ("2", "G", "s"),
    "stream as hex": ("2", "G", "s", "h"),
    "copy": ("2", "G", "y"),
    "comments": ("2", "G", "semicolon"),
    "filter from field": ("2", "G", "enter", "plus", "end", "f"),
    "conversations": ("C",),
    "endpoints": ("C", "e"),
    "hierarchy": ("H",),
    "properties": ("P",),
    "messages": ("L",),
    "devices": ("d",),
    "save": ("w",),
    "columns": ("c",),
    "completion": ("slash", "value", "tab"),
    "filter in force": ("slash", "wrong", "enter"),
    "graph": ("o",),
    "editor": ("2", "G", "e"),
    "palette": ("ctrl+p",),
}
#: Where the hostile text itself is to be seen.
SEEN = {"stream", "copy", "comments", "messages", "devices", "completion",
        "properties", "filter in force"}  # fmt: skip


async def take(browser: Browser, step: str, path: Path) -> None:
    typed = {"filled in": str(path), "value": "http.host == ", "wrong": f'http.host == "{MARK}" x'}
    if step in typed:
        entry = browser.app.focused
        assert isinstance(entry, Input)
        entry.value = typed[step]
        entry.cursor_position = len(typed[step])
        await browser.settle()
    else:
        await browser.press(step)


def assert_harmless(browser: Browser) -> None:
    bad = {c for c in browser.screen_text() if not (c.isprintable() or c == "\n")}
    assert not bad, bad


@pytest.mark.parametrize("place", PLACES)
async def test_hostile_texts_are_shown_and_not_obeyed(
    open_browser: OpenBrowser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"{NAME}.pcapng"
    path.touch()
    source = hostile_capture(tmp_path / "source.pcapng")
    row = DeviceRow(NAME, "tun", "up", 1500, ("10.9.9.1/24",), f"{NAME} 1", NAME)
    columns = (ColumnChoice("number"), ColumnChoice("field:http.host"), ColumnChoice("info"))
    async with open_browser(
        source=source,
        live=True,
        unsaved=True,
        name=NAME,
        size=(160, 60),
        settings=Settings(resolve_names=True, columns=columns),
        language=DisplayFilters(),
        surroundings=Surroundings(ListedDevices((row,)), opens_files=True),
    ) as browser:
        browser.app.capture.source.__dict__["name"] = str(path)
        browser.app.tell(f"{NAME}: gone", Severity.ERROR)
        await browser.until(lambda: browser.table.is_settled)
        for step in PLACES[place]:
            start = str(path)[: len(str(tmp_path)) + 3] if step == "filled in" else ""
            await take(browser, step, Path(start) if place == "open" and start else path)
            assert_harmless(browser)
        await browser.pause(0.4)
        assert_harmless(browser)
        if place in SEEN:
            assert MARK in browser.screen_text()
