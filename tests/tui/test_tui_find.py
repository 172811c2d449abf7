"""Finding packets: four ways to ask, both directions, round the end, cancelled."""

from __future__ import annotations

import subprocess
import threading

import pytest
from browser_driver import DATA, Browser, OpenBrowser
from textual.widgets import Input

from tunscope.errors import UsageError
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.tui.finder import Finder, Found
from tunscope.tui.search import matcher

TUN = DATA / "browser_tun.pcapng"


def numbers_of_tshark(display_filter: str) -> list[int]:
    done = subprocess.run(
        ["tshark", "-n", "-r", TUN, "-Y", display_filter, "-T", "fields", "-e", "frame.number"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [int(line) for line in done.stdout.split()]


@pytest.fixture
def capture():
    index = CaptureIndex(FileSource(TUN))
    index.start()
    assert index.wait(10)
    yield index
    index.stop()


@pytest.mark.parametrize(
    ("text", "judge"),
    [
        ("INDEX.html", 'frame matches "(?i)index[.]html"'),
        ("x:0d:0a:0d 0a", "frame contains 0d:0a:0d:0a"),
        ("/page.[2-4] HTTP/", 'frame matches "(?-i)page.[2-4] HTTP"'),
        ("=icmp or tcp.flags.syn == 1", "icmp or tcp.flags.syn == 1"),
    ],
)
def test_what_is_found_is_what_tshark_finds(capture: CaptureIndex, text: str, judge: str) -> None:
    matches = matcher(text, capture)
    found = [number for number in range(1, capture.count + 1) if matches(number)]
    assert found == numbers_of_tshark(judge)
    assert found


def test_text_is_found_in_info_too(capture: CaptureIndex) -> None:
    matches = matcher("echo (ping) REPLY", capture)
    found = [number for number in range(1, capture.count + 1) if matches(number)]
    assert found == numbers_of_tshark("icmp.type == 0 or icmpv6.type == 129")


@pytest.mark.parametrize("text", ["x:4", "x:", "x:zz", "/(/", "=tcp.prt == 1", "="])
def test_a_wrong_question_is_a_usage_error(capture: CaptureIndex, text: str) -> None:
    with pytest.raises(UsageError):
        matcher(text, capture)


@pytest.mark.parametrize(
    ("start", "step", "expected"),
    [
        (0, 1, Found(40, wrapped=False)),
        (3, 1, Found(80, wrapped=False)),
        (7, 1, Found(40, wrapped=True)),
        (3, -1, Found(80, wrapped=True)),
        (9, -1, Found(80, wrapped=False)),
    ],
)
def test_the_search_goes_round_the_end(start: int, step: int, expected: Found) -> None:
    told: list[Found] = []
    done = threading.Event()

    def tell(_: Finder, found: Found) -> None:
        told.append(found)
        done.set()

    numbers = range(10, 101, 10)
    Finder({40, 80}.__contains__, numbers, start, step, tell).start()
    assert done.wait(10)
    assert told == [expected]


async def find(browser: Browser, text: str) -> None:
    await browser.press("ctrl+f")
    browser.main.query_one("PromptLine Input", Input).value = text
    await browser.press("enter")


async def test_ctrl_f_n_and_shift_n(open_browser: OpenBrowser) -> None:
    wanted = numbers_of_tshark('frame contains "GET /"')
    async with open_browser() as browser:
        await browser.press("n")
        assert "nothing was looked for" in browser.app.messages[-1].text
        await find(browser, "get /")
        await browser.until(lambda: browser.table.selected_number == wanted[0])
        await browser.press("n")
        await browser.until(lambda: browser.table.selected_number == wanted[1])
        await browser.press("N")
        await browser.until(lambda: browser.table.selected_number == wanted[0])
        await browser.press("N")
        await browser.until(lambda: browser.table.selected_number == wanted[-1])
        assert "other end" in browser.app.messages[-1].text
        await find(browser, "=tcp.prt == 1")
        assert "tcp.prt" in browser.app.messages[-1].text
        await find(browser, "no such text")
        await browser.until(lambda: "not in the displayed" in browser.app.messages[-1].text)
        assert browser.table.selected_number == wanted[-1]


async def test_a_long_search_shows_how_far_it_is_and_esc_ends_it(
    open_browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()

    def slow(_: str, __: CaptureIndex):
        return lambda number: number > 50 and let_go.wait(10) and False

    monkeypatch.setattr("tunscope.tui.search.matcher", slow)
    async with open_browser() as browser:
        await find(browser, "anything")
        await browser.until(lambda: "finding" in browser.line(-2))
        assert "32%" in browser.line(-2)
        await browser.press("escape")
        assert "cancelled" in browser.app.messages[-1].text
        assert "finding" not in browser.line(-2)
        let_go.set()
        await browser.settle()
        assert browser.table.selected_number == 1
