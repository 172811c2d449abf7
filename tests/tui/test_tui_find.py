"""Finding packets: four ways to ask, both directions, round the end, cancelled."""

from __future__ import annotations

import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser_driver import DATA, Browser, OpenBrowser
from textual.widgets import Input

from tunscope.capfile.writer import open_writer
from tunscope.errors import UsageError
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.packet.record import PacketRecord
from tunscope.tui.dissection import Dissection, _dissected
from tunscope.tui.finder import Finder, Found
from tunscope.tui.search import Manner, Where, matcher
from tunscope.tui.widgets.hex_view import HexView

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


def found_by(capture: CaptureIndex, text: str, manner: Manner) -> list[int]:
    matches = matcher(text, capture, manner)
    return [number for number in range(1, capture.count + 1) if matches(number)]


def test_where_and_case_narrow_what_is_found(capture: CaptureIndex) -> None:
    in_bytes = numbers_of_tshark('frame contains "Host:"')
    assert in_bytes
    assert found_by(capture, "host:", Manner(Where.BYTES)) == in_bytes
    assert found_by(capture, "host:", Manner(Where.BYTES, exact_case=True)) == []
    assert found_by(capture, "/Hos.:/", Manner(exact_case=True)) == in_bytes
    assert found_by(capture, "Host:", Manner(Where.INFO)) == []
    assert found_by(capture, "[SYN, ACK]", Manner(Where.BYTES)) == []


def test_info_is_what_the_list_shows_relative_numbers_and_all(capture: CaptureIndex) -> None:
    wanted = numbers_of_tshark("tcp.seq == 1 && tcp.flags.syn == 0 && tcp.len == 0")
    assert wanted
    assert set(found_by(capture, "seq=1 ", Manner(Where.INFO))) >= set(wanted)


def test_notes_of_the_analysis_are_found(capture: CaptureIndex, tmp_path: Path) -> None:
    """A retransmission is one only in the light of its conversation."""
    path = tmp_path / "again.pcapng"
    request, last = capture.record(6), capture.record(capture.count)
    with open_writer(path, capture.interfaces) as writer:
        for number in range(1, capture.count + 1):
            writer.write(capture.record(number))
        writer.write(replace(request, ts_ns=last.ts_ns + 1_000_000_000))
    index = CaptureIndex(FileSource(path))
    index.start()
    assert index.wait(10)
    try:
        assert found_by(index, "retransmission", Manner(Where.INFO)) == [capture.count + 1]
    finally:
        index.stop()


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
        assert "from the end" in browser.app.messages[-1].text
        await find(browser, "=tcp.prt == 1")
        assert "tcp.prt" in browser.app.messages[-1].text
        await find(browser, "no such text")
        await browser.until(lambda: "not in the displayed" in browser.app.messages[-1].text)
        assert browser.table.selected_number == wanted[-1]


@pytest.mark.parametrize(
    ("text", "found"),
    [("/index", b"/index"), ("x:0d0a", b"\r\n"), ("/h[o0]st:/", b"Host:")],
)
async def test_the_bytes_that_were_found_are_shown(
    text: str, found: bytes, open_browser: OpenBrowser
) -> None:
    async with open_browser() as browser:
        await find(browser, text)
        await browser.until(lambda: browser.main.detail.is_decoded)
        for _ in range(2):  # the next packet, too
            data = browser.main.detail.data
            octets = browser.main.query_one(HexView)
            assert bytes(data[place] for place in octets.highlight) == found
            assert octets.highlight.start == octets.byte_offset == data.find(found)
            field = browser.main.detail.field
            assert field is not None
            assert field.start <= octets.byte_offset < field.stop
            await browser.press("n")
        await browser.press("tab", "home")
        frame = browser.main.detail.field
        assert octets.highlight == range(len(browser.main.detail.data))
        await browser.press("shift+tab", "down", "up")
        await browser.until(lambda: browser.main.detail.is_decoded)
        assert browser.main.detail.field is not None
        assert frame is not None
        assert browser.main.detail.field.name == frame.name


async def test_where_and_case_are_switched_while_asking(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.press("ctrl+f")
        assert "in info and bytes, any case" in browser.line(-1)
        await browser.press("f2", "f3")
        assert "in info, exact case" in browser.line(-1)
        browser.main.query_one("PromptLine Input", Input).value = "echo (ping) reply"
        await browser.press("enter")
        await browser.until(lambda: "not in the displayed" in browser.app.messages[-1].text)
        await browser.press("f3")
        assert "any case" in browser.app.messages[-1].text
        await browser.press("n")
        wanted = numbers_of_tshark("icmp.type == 0 or icmpv6.type == 129")
        await browser.until(lambda: browser.table.selected_number == wanted[0])


async def test_a_long_search_shows_how_far_it_is_and_esc_ends_it(
    open_browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()

    def slow(*_: object):
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


async def test_a_find_reads_and_dissects_its_packet_once_for_the_panes(
    open_browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the search, which reads on a thread of its own."""
    wanted = numbers_of_tshark('frame contains "GET /"')[0]
    read: list[int] = []
    dissected: list[int] = []
    record = CaptureIndex.record

    def reading(index: CaptureIndex, number: int) -> PacketRecord:
        if threading.current_thread() is threading.main_thread():
            read.append(number)
        return record(index, number)

    def dissecting(number: int, *rest: Any) -> Dissection:
        dissected.append(number)
        return _dissected(number, *rest)

    async with open_browser() as browser:
        await browser.press("ctrl+f")
        browser.main.query_one("PromptLine Input", Input).value = "GET /"
        monkeypatch.setattr(CaptureIndex, "record", reading)
        monkeypatch.setattr("tunscope.tui.dissection._dissected", dissecting)
        await browser.press("enter")
        await browser.until(lambda: browser.main.detail.is_decoded)
        assert browser.main.detail.number == wanted
        assert (read.count(wanted), dissected.count(wanted)) == (1, 1)
