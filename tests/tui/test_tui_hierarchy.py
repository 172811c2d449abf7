"""The protocol hierarchy, driven: tree, filter, live, copy, mouse."""

from __future__ import annotations

import csv
import io

from browser_driver import Browser, OpenBrowser

from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.screens.hierarchy import HierarchyScreen
from tunscope.tui.widgets.hierarchy_tree import HierarchyTree


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


TITLES = ["Packets %", "Packets", "Bytes", "Bytes %", "End here"]


async def test_every_column_has_room_in_80_columns(open_browser: OpenBrowser) -> None:
    async with open_browser("tap", size=(80, 24)) as browser:
        screen = await open_it(browser)
        heading = browser.line(1)
        assert [title for title in TITLES if title in heading] == TITLES
        assert "›" not in heading
        place = names(screen).index("eth:ip:tcp")
        node = screen.tree_list._rows[place]
        row = browser.line(2 + place).split()
        assert row[-5:-3] == ["102", f"{node.octets:,}"]
        assert row[-1] == f"{node.ending:,}"


async def test_what_has_no_room_has_a_sign_and_is_scrolled_to(open_browser: OpenBrowser) -> None:
    async with open_browser("tap", size=(44, 24)) as browser:
        await open_it(browser)
        assert browser.line(1).split() == ["Protocol", "Packets", "%", "Packets", "›"]
        await browser.press("shift+right")
        assert browser.line(1).startswith("‹Protocol")
        seen = set(browser.line(1).split())
        for _ in range(5):
            await browser.press("shift+right")
            seen |= set(browser.line(1).split())
        assert {"Bytes", "End"} <= seen
        assert browser.line(1).endswith("End here")
        assert "eth" in browser.line(2)
        await browser.pilot.click(HierarchyTree, offset=(0, 0))
        await browser.settle()
        assert browser.line(1).endswith("›")
        await browser.press(*["shift+left"] * 5)
        assert browser.line(1).split() == ["Protocol", "Packets", "%", "Packets", "›"]
