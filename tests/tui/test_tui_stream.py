"""Follow stream, driven: sides, forms, search, saving, neighbours, live, hostile bytes, gaps."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from browser_driver import DATA, Browser, OpenBrowser
from textual.widgets import Input

from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.screens.stream import StreamScreen

TUN = DATA / "browser_tun.pcapng"


def shown(browser: Browser) -> StreamScreen:
    screen = browser.app.screen
    assert isinstance(screen, StreamScreen)
    return screen


async def settled(browser: Browser) -> StreamScreen:
    screen = shown(browser)
    await browser.until(lambda: screen.is_settled)
    return screen


async def follow(browser: Browser, number: str = "5") -> StreamScreen:
    """Go to packet `number` and follow its stream."""
    await browser.press(*number, "G", "s")
    return await settled(browser)


async def answer(browser: Browser, text: str) -> None:
    shown(browser).query_one("PromptLine Input", Input).value = text
    await browser.press("enter")


def said_by_tshark(protocol: str, stream: int) -> tuple[bytes, bytes]:
    done = subprocess.run(
        ["tshark", "-n", "-q", "-z", f"follow,{protocol},raw,{stream}", "-r", TUN],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    sides = [b"", b""]
    for line in done.stdout.splitlines()[6:-1]:
        sides[line.startswith("\t")] += bytes.fromhex(line.strip())
    return sides[0], sides[1]


async def test_s_shows_both_sides_from_the_selected_packet(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        screen = await follow(browser, "8")
        text = browser.screen_text()
        assert "TCP stream 0" in browser.line(0)
        assert "10.9.0.1:40122 → 61 B" in browser.line(0)
        assert "→        6  GET /index.html HTTP/1.1" in text
        assert "←        8  HTTP/1.1 200 OK" in text
        # packet 8 is the server's answer
        assert screen.lines.packet_at(screen.lines.cursor) == 8
        await browser.press("escape")
        assert browser.app.screen is browser.main


async def test_what_is_neither_tcp_nor_udp_has_no_stream(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.command("filter icmp")
        await browser.press("1", "3", "G", "s")
        assert browser.app.screen is browser.main
        assert "neither TCP nor UDP" in browser.app.messages[-1].text


async def test_d_shows_one_side_and_then_the_other(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await follow(browser)
        await browser.press("d")
        await settled(browser)
        assert "only →" in browser.line(0)
        assert "GET /index.html" in browser.screen_text()
        assert "HTTP/1.1 200 OK" not in browser.screen_text()
        await browser.press("d")
        await settled(browser)
        assert "only ←" in browser.line(0)
        assert "GET /index.html" not in browser.screen_text()
        await browser.press("d")
        assert "both sides" in browser.line(0)


async def test_h_is_a_hex_dump_and_r_are_bare_digits(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await follow(browser)
        await browser.press("h")
        await settled(browser)
        first = "00000000  47 45 54 20 2f 69 6e 64  65 78 2e 68 74 6d 6c 20  GET /index.html"
        assert first in browser.screen_text()
        await browser.press("r")
        await settled(browser)
        assert said_by_tshark("tcp", 0)[0].hex()[:80] in browser.screen_text()
        await browser.press("r")
        await settled(browser)
        assert "GET /index.html HTTP/1.1" in browser.screen_text()
        await browser.press("h", "t")
        await settled(browser)
        assert "GET /index.html HTTP/1.1" in browser.screen_text()


async def test_hostile_bytes_are_dots_and_markup_is_text(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.command("filter tcp.port == 40666")
        number = next(n for n in range(1, 156) if is_to_port(browser, n, 40666))
        await follow(browser, str(number))
        text = browser.screen_text()
        assert "X-Evil: ·]0;owned··[/][blink]·31m" in text
        assert not set(text) & set("\x1b\x9b\x07\x00\x7f\u202e")
        svg = browser.app.export_screenshot()
        assert "\x1b" not in svg


def is_to_port(browser: Browser, number: int, port: int) -> bool:
    return int(browser.app.capture.store["sport"][number - 1]) == port


async def test_search_goes_on_and_round_and_back(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        screen = await follow(browser)
        screen.lines.move_to(0)
        await browser.press("n")
        assert "nothing was looked for" in browser.app.messages[-1].text
        await browser.press("slash")
        await answer(browser, "http/1.1")
        await browser.until(lambda: len(screen.lines.found) == 8)
        page = screen.lines.page
        assert page is not None
        where = screen.lines.found
        assert page.octets.read(where.start, where.stop) == b"HTTP/1.1"
        await browser.press("n")
        await browser.until(lambda: screen.lines.found.start > where.start)
        second = screen.lines.found
        await browser.press("n")
        await browser.until(lambda: screen.lines.found == where)
        assert "other end" in browser.app.messages[-1].text
        await browser.press("N")
        await browser.until(lambda: screen.lines.found == second)
        await browser.press("slash")
        await answer(browser, "x:0d0a0d0a")
        await browser.until(lambda: len(screen.lines.found) == 4)
        await browser.press("slash")
        await answer(browser, "x:0g")
        assert "not hex bytes" in browser.app.messages[-1].text
        await browser.press("slash")
        await answer(browser, "no such words")
        await browser.until(lambda: "not in what is shown" in browser.app.messages[-1].text)


@pytest.mark.parametrize("side", [0, 1, 2])
async def test_x_saves_the_bytes_of_the_sides_shown(
    open_browser: OpenBrowser, tmp_path: Path, side: int
) -> None:
    target = tmp_path / "said.bin"
    one, other = said_by_tshark("tcp", 0)
    async with open_browser() as browser:
        await follow(browser)
        await browser.press(*["d"] * side)
        await settled(browser)
        await browser.press("x")
        await answer(browser, str(target))
        await browser.until(target.exists)
        assert target.read_bytes() == (one + other, one, other)[side]
        await browser.until(lambda: "saved" in browser.app.messages[-1].text)
        # a file that is there is not overwritten unasked
        target.write_bytes(b"mine")
        await browser.press("x")
        await answer(browser, str(target))
        await browser.press("escape")
        await browser.settle()
        assert target.read_bytes() == b"mine"
        await browser.press("x")
        await answer(browser, str(tmp_path / "no" / "such"))
        await browser.until(lambda: "No such file" in browser.app.messages[-1].text)


async def test_brackets_step_through_streams(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await follow(browser)
        await browser.press("left_square_bracket")
        assert "first stream" in browser.app.messages[-1].text
        await browser.press("right_square_bracket")
        await settled(browser)
        assert "TCP stream 1" in browser.line(0)
        assert "GET /page/1 HTTP/1.1" in browser.screen_text()
        await browser.press("left_square_bracket")
        await settled(browser)
        assert "GET /index.html HTTP/1.1" in browser.screen_text()


async def test_enter_goes_to_the_packet_of_the_line(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        screen = await follow(browser)
        screen.lines.move_to(screen.lines.row_count - 1)
        await browser.press("enter")
        assert browser.app.screen is browser.main
        assert browser.table.selected_number == 8


async def test_f_displays_the_packets_of_the_stream(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await follow(browser)
        await browser.press("f")
        await browser.until(lambda: browser.main.filter_bar.in_force == "tcp.stream == 0")
        await browser.until(lambda: browser.table.row_count == 10)


async def test_datagrams_are_said_one_by_one(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        screen = await follow(browser, "1")
        assert "UDP stream 0" in browser.line(0)
        page = screen.lines.page
        assert page is not None
        one, other = said_by_tshark("udp", 0)
        assert page.octets.read(0, len(page.octets)) == one + other


async def test_a_live_stream_grows(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=6, live=True) as browser:
        await browser.press("6", "G", "s")
        screen = shown(browser)
        await browser.until(lambda: "GET /index.html" in browser.screen_text())
        assert "200 OK" not in browser.screen_text()
        await browser.grow(6)
        await browser.until(lambda: "200 OK" in browser.screen_text())
        assert "● live" in browser.line(0)
        assert screen.stream.gathering.error is None


async def test_a_stream_that_says_nothing_says_so(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        number = next(n for n in range(1, 156) if is_to_port(browser, n, 41443))
        await follow(browser, str(number))
        assert "no packet has payload" in browser.screen_text()
        await browser.press("x")
        assert "nothing was said" in browser.app.messages[-1].text


async def test_the_mouse_runs_the_last_line_and_chooses_lines(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        screen = await follow(browser)
        await browser.pilot.click(screen.lines, offset=(20, 3))
        await browser.settle()
        assert screen.lines.cursor == 3
        await browser.pilot.click(screen.key_line, offset=(2, 0))
        await settled(browser)
        assert "only →" in browser.line(0)


async def test_a_narrow_screen_wraps_lines(open_browser: OpenBrowser) -> None:
    async with open_browser(size=(40, 24)) as browser:
        screen = await follow(browser)
        page = screen.lines.page
        assert page is not None
        assert int(page.lines.length.max()) <= 40 - 5
        assert "GET /index.html HTTP/1.1" in browser.screen_text()
