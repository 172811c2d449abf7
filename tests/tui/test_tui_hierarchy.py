"""The protocol hierarchy, driven: tree, filter, live, copy, mouse."""

from __future__ import annotations

import csv
import io

from browser_driver import Browser, OpenBrowser

from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.screens.hierarchy import HierarchyScreen


async def open_it(browser: Browser) -> HierarchyScreen:
    await browser.press("H")
    screen = browser.app.screen
    assert isinstance(screen, HierarchyScreen)
    await browser.until(lambda: screen.is_settled)
    return screen


def names(screen: HierarchyScreen) -> list[str]:
    tree = screen.tree_list
    found = []
    for row in range(tree.row_count):
        tree.move_to(row)
        assert tree.selected is not None
        found.append(":".join(tree.selected.path))
    tree.move_to(0)
    return found


async def test_h_shows_the_tree_with_shares(open_browser: OpenBrowser) -> None:
    async with open_browser("tap") as browser:
        screen = await open_it(browser)
        assert "159 packets" in browser.line(0)
        text = browser.screen_text()
        assert "▾ eth" in text
        assert "100 %" in text
        assert names(screen)[:4] == ["eth", "eth:ip", "eth:ip:tcp", "eth:ip:tcp:http"]
        await browser.press("q")
        assert browser.app.screen is browser.main


async def test_the_tree_opens_and_closes(open_browser: OpenBrowser) -> None:
    async with open_browser("tap") as browser:
        screen = await open_it(browser)
        everything = names(screen)
        await browser.press("minus")
        assert names(screen) == ["eth"]
        await browser.press("right")
        assert "eth:ip" in names(screen)
        assert "eth:ip:tcp" not in names(screen)
        await browser.press("right")
        assert screen.tree_list.selected is not None
        assert screen.tree_list.selected.name == "ip"
        await browser.press("space")
        assert "eth:ip:tcp" in names(screen)
        await browser.press("plus")
        assert names(screen) == everything
        await browser.press("down", "left", "left")
        assert screen.tree_list.cursor == 0
        assert "eth:ip:tcp" not in names(screen)


async def test_enter_displays_the_protocol(open_browser: OpenBrowser) -> None:
    async with open_browser("tap", language=DisplayFilters()) as browser:
        screen = await open_it(browser)
        place = names(screen).index("eth:ip:udp:dns")
        screen.tree_list.move_to(place)
        await browser.press("enter")
        assert browser.app.screen is browser.main
        await browser.until(lambda: browser.table.row_count == 19)
        assert browser.main.filter_bar is not None
        assert browser.main.filter_bar.in_force == "eth and ip and udp and dns"


async def test_the_filter_counts_until_f_is_pressed(open_browser: OpenBrowser) -> None:
    async with open_browser("tap", language=DisplayFilters(), display_filter="arp") as browser:
        await browser.until(lambda: browser.table.row_count == 4)
        screen = await open_it(browser)
        assert "4 packets" in browser.line(0)
        assert names(screen) == ["eth", "eth:arp"]
        await browser.press("f")
        await browser.until(lambda: screen.is_settled and "159 packets" in browser.line(0))


async def test_y_copies_it_as_csv(open_browser: OpenBrowser) -> None:
    async with open_browser("tap") as browser:
        await open_it(browser)
        await browser.press("y")
        rows = list(csv.reader(io.StringIO(browser.app.clipboard)))
        assert rows[1] == ["eth", "159", "12426", "0"]


async def test_it_grows_live(open_browser: OpenBrowser) -> None:
    async with open_browser("tap", packets=10, live=True) as browser:
        await browser.press("H")
        await browser.until(lambda: "10 packets" in browser.line(0))
        await browser.grow(50)
        await browser.until(lambda: "60 packets" in browser.line(0))


async def test_a_click_on_the_sign_closes(open_browser: OpenBrowser) -> None:
    async with open_browser("tap") as browser:
        screen = await open_it(browser)
        await browser.pilot.click(screen.tree_list, offset=(1, 1))
        await browser.settle()
        assert screen.tree_list.row_count == 1
