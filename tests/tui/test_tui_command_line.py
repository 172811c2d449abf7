"""The command line: arguments, completion, history; other files; the palette's keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser_driver import DATA, Browser, OpenBrowser
from textual.widgets import Input

from tunscope.tui.completion import Cycle
from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.path_completion import paths
from tunscope.tui.screens.quit import QuitScreen
from tunscope.tui.session import Ending
from tunscope.tui.surroundings import FileChoice, Surroundings
from tunscope.tui.time_format import TimeFormat


def entry(browser: Browser) -> Input:
    return browser.main.query_one("PromptLine Input", Input)


async def typed(browser: Browser, text: str) -> None:
    entry(browser).value = text
    entry(browser).cursor_position = len(text)
    await browser.settle()


async def test_commands_with_arguments(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await browser.command("filter icmp")
        await browser.until(lambda: 0 < browser.table.row_count < 155)
        await browser.command("filter")
        await browser.until(lambda: browser.table.row_count == 155)
        await browser.command("theme nord")
        assert browser.app.theme == "nord"
        await browser.command("theme none")
        assert "not one of" in browser.app.messages[-1].text
        await browser.command("sort length")
        assert "Len▲" in browser.line(2)
        await browser.command("sort nothing")
        assert "no such column" in browser.app.messages[-1].text
        await browser.command("time absolute")
        assert browser.table.painter.time_format is TimeFormat.ABSOLUTE
        await browser.command("time reference")
        assert "T makes one" in browser.app.messages[-1].text
        await browser.command("find GET /index")
        await browser.until(lambda: browser.main.finder is None)
        await browser.command("view.zoom now")
        assert "takes no argument" in browser.app.messages[-1].text
        await browser.command("view.zoom")
        assert browser.main.has_class("-zoomed")


async def test_tab_completes_names_and_arguments(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await browser.press("colon")
        await typed(browser, "view.zo")
        await browser.press("tab")
        assert entry(browser).value == "view.zoom"
        await typed(browser, "theme tunscope-l")
        await browser.press("tab")
        assert entry(browser).value == "theme tunscope-light"
        await typed(browser, "time ")
        await browser.press("tab", "tab")
        second = entry(browser).value
        await browser.press("shift+tab")
        assert entry(browser).value != second
        await typed(browser, "filter tcp.dstp")
        await browser.press("tab")
        assert entry(browser).value == "filter tcp.dstport"


async def test_commands_are_remembered_across_runs(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.command("theme nord")
        await browser.command("time delta")
    async with open_browser() as browser:
        await browser.press("colon", "up")
        assert entry(browser).value == "time delta"
        await browser.press("up")
        assert entry(browser).value == "theme nord"
        await browser.press("down", "down")
        assert entry(browser).value == ""


def test_paths_complete_captures_first_and_folders_with_a_slash(tmp_path: Path) -> None:
    for name in ("b.pcapng", "b.txt", ".bashrc", "bad\x1bname"):
        (tmp_path / name).touch()
    (tmp_path / "box").mkdir()
    found = paths(f"{tmp_path}/b")
    assert found == [f"{tmp_path}/b.pcapng", f"{tmp_path}/box/", f"{tmp_path}/b.txt"]
    assert paths(f"{tmp_path}/.b") == [f"{tmp_path}/.bashrc"]
    assert list(paths(f"{tmp_path}/none/x")) == []


def test_completion_takes_what_is_shared_and_then_goes_round() -> None:
    words = ["tcp.port", "tcp.ports", "tcp.pong"]
    cycle = Cycle(lambda text: [word for word in words if word.startswith(text)])
    assert cycle.next("t") == "tcp.po"
    assert cycle.next("tcp.po") == "tcp.port"
    assert cycle.next("tcp.port") == "tcp.ports"
    assert cycle.next("tcp.ports", -1) == "tcp.port"
    assert cycle.next("x") == "x"


async def test_ctrl_o_goes_on_with_another_file_and_remembers_it(
    open_browser: OpenBrowser,
) -> None:
    there = Surroundings(opens_files=True)
    async with open_browser(surroundings=there) as browser:
        await browser.press("ctrl+o")
        await typed(browser, "/no/such.pcap")
        await browser.press("enter")
        assert "/no/such.pcap" in browser.app.messages[-1].text
        assert there.wanted is None
        await browser.press("ctrl+o")
        await typed(browser, f"{DATA}/browser_ta")
        await browser.press("tab")
        assert entry(browser).value == f"{DATA}/browser_tap.pcapng"
        await browser.press("enter")
        await browser.until(lambda: browser.app.return_value is not None)
    assert browser.app.return_value is Ending.RELEASE
    assert there.wanted == FileChoice(DATA / "browser_tap.pcapng")
    async with open_browser(surroundings=Surroundings(opens_files=True)) as browser:
        await browser.press("ctrl+o")
        assert entry(browser).value == f"{DATA}/"
        await browser.press("up")
        assert entry(browser).value == str(DATA / "browser_tap.pcapng")


async def test_an_unsaved_capture_is_asked_about_before_another_file(
    open_browser: OpenBrowser,
) -> None:
    there = Surroundings(opens_files=True)
    async with open_browser(live=True, unsaved=True, surroundings=there) as browser:
        await browser.command(f"open {DATA / 'browser_tap.pcapng'}")
        assert isinstance(browser.app.screen, QuitScreen)
        await browser.press("escape")
        assert there.wanted is None


async def test_a_browser_that_cannot_open_files_says_so(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.press("ctrl+o")
        assert "not from here" in browser.app.messages[-1].text


@pytest.mark.parametrize("keymap", [{}, {"packet.mark": "f9"}], ids=["default", "rebound"])
async def test_the_palette_names_the_keys(
    open_browser: OpenBrowser, keymap: dict[str, str]
) -> None:
    async with open_browser(keymap=keymap) as browser:
        titles = [command.title for command in browser.app.get_system_commands(browser.main)]
        assert f"Mark (packet.mark)  {keymap.get('packet.mark', 'm')}" in titles
