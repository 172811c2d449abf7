"""The I/O graph, driven: units, zoom, series, cursor, losses, live, mouse."""

from __future__ import annotations

import csv
import io

import numpy as np
from browser_driver import Browser, OpenBrowser
from textual.widgets import Input

from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.graph_series import Unit
from tunscope.tui.screens.graph import GraphScreen


def graph(browser: Browser) -> GraphScreen:
    screen = browser.app.screen
    assert isinstance(screen, GraphScreen)
    return screen


async def settled(browser: Browser) -> GraphScreen:
    screen = graph(browser)
    await browser.until(lambda: screen.is_settled)
    return screen


async def open_it(browser: Browser) -> GraphScreen:
    await browser.press("o")
    return await settled(browser)


async def add(browser: Browser, text: str) -> None:
    await browser.press("a")
    graph(browser).query_one("PromptLine Input", Input).value = text
    await browser.press("enter")


async def test_o_draws_the_whole_capture(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        screen = await open_it(browser)
        counts = screen.series[0].counts
        assert counts is not None
        assert int(counts.packets.sum()) == 155
        assert "packets per 15 ms" in browser.line(0)
        assert "whole capture" in browser.line(0)
        assert " A ━━ all packets" in browser.screen_text()
        assert "⡇" in browser.screen_text()
        await browser.press("escape")
        assert browser.app.screen is browser.main


async def test_u_changes_the_unit(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        screen = await open_it(browser)
        for unit in (Unit.BITS, Unit.BYTES, Unit.PACKETS):
            await browser.press("u")
            assert screen.unit is unit
            assert f"{unit.value} per 15 ms" in browser.line(0)


async def test_zoom_keeps_the_cursor_and_0_shows_all_again(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        screen = await open_it(browser)
        await browser.press(*["right"] * 10)
        at = screen.cursor_ns
        await browser.press("plus", "plus")
        await settled(browser)
        assert "packets per 5 ms" in browser.line(0)
        assert "zoomed" in browser.line(0)
        assert screen.cursor_ns == at
        assert screen.window is not None
        assert 0 <= screen.cursor < screen.window.buckets
        await browser.press("minus")
        await settled(browser)
        assert "packets per 10 ms" in browser.line(0)
        await browser.press("0")
        await settled(browser)
        assert "packets per 15 ms" in browser.line(0)
        assert "whole capture" in browser.line(0)


async def test_panning_and_the_ends(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        screen = await open_it(browser)
        await browser.press("plus", "plus", "plus", "plus")
        await settled(browser)
        before = screen.window
        assert before is not None
        await browser.press("pagedown")
        await settled(browser)
        assert screen.window is not None
        half = before.buckets // 2 * before.interval_ns
        assert screen.window.start_ns == before.start_ns + half
        await browser.press("pageup")
        await settled(browser)
        assert screen.window.start_ns == before.start_ns
        await browser.press("end")
        await settled(browser)
        counts = screen.series[0].counts
        assert counts is not None
        assert counts.packets[screen.cursor] > 0
        assert not counts.packets[screen.cursor + 1 :].any()
        await browser.press("home")
        await settled(browser)
        assert screen.cursor_ns == screen.span.earliest


async def test_i_chooses_an_interval(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await open_it(browser)
        await browser.press("i", "end", "enter")
        await settled(browser)
        assert "packets per 30 d" in browser.line(0)
        await browser.press("i", "escape")
        assert "packets per 30 d" in browser.line(0)


async def test_series_are_added_hidden_and_removed(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        screen = await open_it(browser)
        await add(browser, "icmp or icmpv6")
        await browser.until(lambda: len(screen.series) == 2)
        await settled(browser)
        counts = screen.series[1].counts
        assert counts is not None
        assert int(counts.packets.sum()) == 33
        assert " B ━━ icmp or icmpv6" in browser.screen_text()
        await browser.press("2")
        assert "icmp or icmpv6  (off)" in browser.screen_text()
        await browser.press("2", "1", "2")
        assert "every series is off" in browser.screen_text()
        await browser.press("1", "x")
        assert len(screen.series) == 1
        await browser.press("x")
        assert "last series stays" in browser.app.messages[-1].text
        await add(browser, "icmp.tpye == 8")
        assert "column 1" in browser.app.messages[-1].text
        for number in range(5):
            await add(browser, f"frame.number > {number}")
        await browser.press("a")
        assert "all there is room for" in browser.app.messages[-1].text


async def test_the_display_filter_is_a_series(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters(), display_filter="dns") as browser:
        await browser.until(lambda: browser.table.row_count == 19)
        screen = await open_it(browser)
        assert [one.text for one in screen.series] == ["all packets", "dns"]
        counts = screen.series[1].counts
        assert counts is not None
        assert int(counts.packets.sum()) == 19


async def test_the_cursor_has_numbers_and_enter_goes_to_the_packets(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser() as browser:
        screen = await open_it(browser)
        assert "▲ 0.000 to 0.015 s" in browser.screen_text()
        assert "12 packets" in browser.screen_text()
        counts = screen.series[0].counts
        assert counts is not None
        second = int(np.flatnonzero(counts.packets)[1])
        await browser.press("right", "enter")
        assert "no packet in this interval" in browser.app.messages[-1].text
        await browser.press(*["right"] * (second - 1), "enter")
        assert browser.app.screen is browser.main
        assert browser.table.selected_number == int(counts.first[second]) + 1


async def test_the_mouse_points_and_zooms(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        screen = await open_it(browser)
        await browser.pilot.click(screen.plot, offset=(19, 5))
        await browser.settle()
        assert screen.cursor == 20
        await browser.pilot.click(screen.legend, offset=(5, 1))
        await browser.settle()
        assert not screen.series[0].visible


async def test_losses_are_marked_and_told(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True, packets=100) as browser:
        browser.session.status.counters.dropped_kernel = 7
        await browser.until(lambda: browser.main.status.counters.dropped == 7)
        await browser.press("o")
        screen = graph(browser)
        await browser.until(lambda: screen.series[0].counts is not None)
        await browser.until(lambda: "▼" in browser.screen_text())
        assert "dropped 7" in browser.line(0)
        await browser.press("end")
        await browser.until(lambda: "▼ 7 dropped" in browser.screen_text())


async def test_a_live_graph_grows_and_stays_fitted(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True, packets=15) as browser:
        await browser.press("o")
        screen = graph(browser)
        await browser.until(lambda: screen.window is not None)
        before = screen.window
        assert before is not None
        await browser.grow(140)

        def all_drawn() -> bool:
            counts = screen.series[0].counts
            return counts is not None and int(counts.packets.sum()) == 155

        await browser.until(all_drawn)
        assert screen.window is not None
        assert screen.window.interval_ns > before.interval_ns
        assert "● live" in browser.line(0)


async def test_a_zoomed_live_graph_keeps_the_end_in_sight(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True, packets=60) as browser:
        await browser.press("o")
        screen = graph(browser)
        await browser.until(lambda: screen.series[0].caught_up)
        await browser.press("end", "plus", "plus", "plus")
        assert screen.at_end
        await browser.grow(60)
        await browser.until(
            lambda: (
                screen.window is not None
                and screen.span.latest is not None
                and screen.window.start_ns < screen.span.latest < screen.window.stop_ns
            )
        )


async def test_y_copies_the_numbers(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        screen = await open_it(browser)
        await browser.press("y")
        rows = list(csv.reader(io.StringIO(browser.app.clipboard)))
        assert rows[0] == ["seconds", "all packets (packets)"]
        assert screen.window is not None
        assert len(rows) == screen.window.buckets + 1
        assert sum(int(row[1]) for row in rows[1:]) == 155


async def test_without_packets_it_says_so(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True, packets=0) as browser:
        await browser.press("o")
        await browser.until(lambda: "no packets yet" in browser.screen_text())
        await browser.press("plus", "minus", "right", "end", "0", "y", "enter", "pagedown")
        assert isinstance(browser.app.screen, GraphScreen)
