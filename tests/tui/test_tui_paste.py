"""Pastes full of terminal commands, into every line that is typed into: nothing is obeyed."""

from __future__ import annotations

import itertools
import random
import time
from pathlib import Path

import pytest
from browser_driver import Browser, OpenBrowser
from test_tui_devices import ROWS
from textual import events
from textual.widgets import Input

from tunscope.tui.devices import ListedDevices
from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.pasted import in_one_line
from tunscope.tui.surroundings import Surroundings
from tunscope.tui.terminal_input import PasteSplitter

HOSTILE = "a\x1b]0;owned\x07b\x1b[2J\x1b[31mc\x00d\x9be\tf\u202eg\r\nh\x85i\u2028j\x7f[red]k\n"
#: Keys from packet 6 to a line that is typed into.
LINES = {
    "filter": ("slash",),
    "find": ("ctrl+f",),
    "command": ("colon",),
    "go to": ("ctrl+g",),
    "capture filter": ("b",),
    "comment": ("semicolon",),
    "save": ("w",),
    "open": ("ctrl+o",),
    "column to add": ("c", "a"),
    "column title": ("c", "t"),
    "stream search": ("s", "slash"),
    "graph series": ("o", "a"),
    "editor value": ("e", "enter"),
    "editor save": ("e", "w"),
    "inject": ("r", "down", "down"),
    "replay": ("R", "down", "down", "down"),
    "new device": ("d", "n"),
    "palette": ("ctrl+p",),
}


@pytest.mark.parametrize("line", LINES)
async def test_a_paste_is_one_line_of_visible_text(
    open_browser: OpenBrowser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_browser(
        live=True,
        language=DisplayFilters(),
        surroundings=Surroundings(ListedDevices(ROWS), opens_files=True),
    ) as browser:
        await browser.press("6", "G")
        await browser.until(lambda: browser.main.detail.is_decoded)
        await browser.press(*LINES[line])
        await browser.until(lambda: isinstance(browser.app.focused, Input))
        entry = browser.app.focused
        assert isinstance(entry, Input)
        entry.value = ""
        await paste(browser, HOSTILE)
        assert entry.value == "a]0;ownedb[2J[31mcde fg h i j[red]k"
        assert entry.has_focus
        assert {c for c in browser.screen_text() if not c.isprintable()} == {"\n"}
        if line != "new device":  # that is captured on next
            await browser.press("enter")
            assert {c for c in browser.screen_text() if not c.isprintable()} == {"\n"}


async def paste(browser: Browser, text: str) -> None:
    browser.app.post_message(events.Paste(text))
    await browser.settle()


async def test_bytes_are_pasted_in_hex(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.press("6", "G", "e", "tab", "home")
        before = browser.app.screen.query_one("#edited-bytes").data
        await paste(browser, "45 00\n0100:ab")
        after = browser.app.screen.query_one("#edited-bytes").data
        assert after == bytes.fromhex("45000100ab") + before[5:]
        await paste(browser, "45 0x")
        assert "paste: only bytes in hex" in browser.screen_text()
        assert browser.app.screen.query_one("#edited-bytes").data == after


async def test_a_paste_waits_for_the_keys_before_it(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        for event in (events.Key("slash", "/"), events.Paste("udp"), events.Key("enter", "\r")):
            browser.app.post_message(event)
        await browser.until(lambda: browser.main.filter_bar.in_force == "udp")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("tcp.port == 80\n   and ip\n", "tcp.port == 80    and ip"),
        ("\n\n a\n\n\n", " a"),
        ("\x1b\x07\n\x00", ""),
        ("naïve café 漢字", "naïve café 漢字"),
    ],
)
def test_lines_become_one(text: str, line: str) -> None:
    assert in_one_line(text) == line


STREAM = "ab\x1b[A\x1b[200~one\x1b]0;x\x07\n\x1b[Btwo\x1b[201~\x1bq\x1b[200~\x1b[201~\x1b[20"


def taken_apart(pieces: list[str]) -> tuple[str, list[str]]:
    splitter, keys, pastes = PasteSplitter(), "", []
    for piece in itertools.chain(*map(splitter.feed, pieces), splitter.settle()):
        if isinstance(piece, events.Paste):
            pastes.append(piece.text)
        else:
            keys += piece
    return keys, pastes


def test_pastes_are_told_from_keys_however_the_stream_is_cut() -> None:
    whole = ("ab\x1b[A\x1bq\x1b[20", ["one\x1b]0;x\x07\n\x1b[Btwo", ""])
    assert taken_apart([STREAM]) == whole
    assert taken_apart(list(STREAM)) == whole
    dice = random.Random(7)
    for _ in range(200):
        cuts = sorted(dice.sample(range(1, len(STREAM)), 5))
        pieces = [STREAM[a:b] for a, b in itertools.pairwise([0, *cuts, len(STREAM)])]
        assert taken_apart(pieces) == whole


def test_a_paste_without_an_end_is_not_lost() -> None:
    splitter = PasteSplitter()
    assert not list(splitter.feed("\x1b[200~half"))
    assert [paste.text for paste in splitter.settle()] == ["half"]
    assert list(splitter.feed("q")) == ["q"]


def test_a_large_paste_takes_no_longer_a_byte_than_a_small_one() -> None:
    """A file pasted by mistake: it comes as a terminal gives it, 4 KiB at a time."""
    splitter = PasteSplitter()
    begun = time.perf_counter()
    found = list(splitter.feed("\x1b[200~"))
    for _ in range(4096):
        found += splitter.feed("\x1b[201" * 818 + "123456")
    found += splitter.feed("\x1b[201~q")
    assert time.perf_counter() - begun < 2
    paste, key = found
    assert isinstance(paste, events.Paste)
    assert len(paste.text) == 4096 * 4096
    assert key == "q"
