"""The packet list under the keyboard and the mouse."""

from __future__ import annotations

import pytest
from browser_driver import Browser, OpenBrowser
from textual import events
from textual.geometry import Size
from textual.widgets import Input

from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.widgets.packet_table import PacketTable

# (keys, row the cursor ends on) from row 50 of 155, in a list of 19 visible rows.
MOTIONS = [
    (["down"], 51),
    (["j"], 51),
    (["up"], 49),
    (["k"], 49),
    (["5", "j"], 55),
    (["1", "2", "up"], 38),
    (["pagedown"], 69),
    (["pageup"], 31),
    (["ctrl+d"], 59),
    (["ctrl+u"], 41),
    (["home"], 0),
    (["g", "g"], 0),
    (["g", "j", "g"], 51),
    (["4", "2", "g", "g"], 41),
    (["end"], 154),
    (["G"], 154),
    (["1", "2", "3", "G"], 122),
    (["9", "9", "9", "G"], 154),
    (["7", "escape", "G"], 154),
]


@pytest.mark.parametrize(("keys", "row"), MOTIONS, ids=["-".join(keys) for keys, _ in MOTIONS])
async def test_motion_keys(open_browser: OpenBrowser, keys: list[str], row: int) -> None:
    async with open_browser() as browser:
        assert browser.table.body_height == 19
        browser.table.move_to(50)
        await browser.press(*keys)
        assert browser.table.cursor == row
        assert row in browser.table.visible_rows


async def test_the_typed_count_is_shown_until_it_is_used(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.press("1", "2")
        assert "12…" in browser.line(-2)
        await browser.press("G")
        assert "12…" not in browser.line(-2)
        assert browser.table.selected_number == 12


async def test_the_cursor_row_is_marked_by_more_than_colour(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.press("2", "G")
        lines = browser.screen_text().split("\n")
        marked = [line for line in lines[2:20] if line.startswith("▌")]
        assert len(marked) == 1
        assert marked[0].split()[1] == "2"


async def test_a_click_selects_and_a_double_click_opens_the_fields(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser() as browser:
        await browser.pilot.click("#packets", offset=(30, 5))
        await browser.settle()
        assert browser.table.cursor == 4
        await browser.pilot.click("#packets", offset=(30, 7), times=2)
        await browser.settle()
        assert browser.table.cursor == 6
        assert browser.main.focused is not None
        assert browser.main.focused.id == "fields"


def wheel(table: PacketTable, kind: type[events.MouseEvent]) -> None:
    """Turn the wheel over the list, as the terminal reports it."""
    x, y = table.region.x + 30, table.region.y + 5
    table.app.post_message(kind(None, x, y, 0, 0, 0, False, False, False, x, y))


async def test_the_wheel_scrolls_and_the_cursor_stays_on_the_screen(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser() as browser:
        table = browser.table
        wheel(table, events.MouseScrollDown)
        await browser.until(lambda: (table.top, table.cursor) == (3, 3))
        wheel(table, events.MouseScrollUp)
        await browser.until(lambda: (table.top, table.cursor) == (0, 3))


async def test_the_scrollbar_can_be_dragged(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        table = browser.table
        right = table.size.width - 1
        await browser.pilot.mouse_down(table, offset=(right, 1))
        await browser.pilot.hover(table, offset=(right, 19))
        await browser.pilot.mouse_up(table, offset=(right, 19))
        await browser.settle()
        assert table.visible_rows.stop == 155
        assert browser.line(20).endswith("█")


async def test_every_column_is_reached_by_scrolling_sideways(open_browser: OpenBrowser) -> None:
    async with open_browser(size=(80, 24)) as browser:
        await browser.press("8", "G")
        before = browser.screen_text()
        assert "Δ" not in browser.line(1)
        info = browser.table.painter._rows.row(8).info
        seen, ends = "", False
        for _ in range(20):
            await browser.press("right")
            seen += browser.line(1)
            assert browser.line(1).startswith("‹   No.")
            assert browser.line(9).startswith("▌     8 ")
            ends = ends or info[-20:] in browser.line(9)
        assert all(title in seen for title in ("Δ", "Dir", "Source", "Length"[:3], "Info"))
        assert ends
        end = browser.screen_text()
        await browser.press("right")
        assert browser.screen_text() == end
        await browser.press(*["left"] * 20)
        assert browser.screen_text() == before


async def test_a_click_on_a_scrolled_heading_sorts_by_what_is_seen_there(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(size=(80, 24)) as browser:
        await browser.press(*["right"] * 4)
        x = browser.line(1).index("Proto")
        await browser.pilot.click(browser.table, offset=(x + 1, 0))
        await browser.settle()
        assert browser.table.painter.sorted_by == "protocol"
        assert "Proto▲" in browser.line(1)


async def test_a_heading_says_which_way_its_column_is_sorted(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        for column in ("protocol", "length", "source", "info"):
            for sign in "▲▼":
                browser.table.sort_by(column)
                await browser.settle()
                title = next(c.title for c in browser.table.painter.columns if c.id == column)
                assert f"{title}{sign}" in browser.line(1)


async def test_a_wheel_with_shift_scrolls_sideways(open_browser: OpenBrowser) -> None:
    async with open_browser(size=(80, 24)) as browser:
        before = browser.screen_text()
        table = browser.table
        await browser.pilot._post_mouse_events([events.MouseScrollDown], table, (5, 5), shift=True)
        await browser.settle()
        assert browser.line(1).startswith("‹")
        await browser.pilot._post_mouse_events([events.MouseScrollUp], table, (5, 5), shift=True)
        await browser.settle()
        assert browser.screen_text() == before


async def test_long_fields_are_read_by_scrolling_sideways(open_browser: OpenBrowser) -> None:
    async with open_browser(size=(80, 24)) as browser:
        await browser.press("6", "G", "enter", "home", "plus", "down", "down", "down")
        await browser.until(lambda: "Packet flags" in browser.screen_text())
        assert "Outbound (0x00000002)" not in browser.screen_text()
        await browser.press("shift+right", "shift+right", "shift+right")
        assert "Outbound (0x00000002)" in browser.screen_text()
        assert "▌‹ Fields" in browser.screen_text()


async def test_a_resize_keeps_the_cursor_in_view(open_browser: OpenBrowser) -> None:
    async with open_browser(size=(120, 50)) as browser:
        await browser.press("3", "0", "G")
        for size in ((80, 24), (250, 70), (40, 12), (100, 30)):
            await browser.pilot.resize_terminal(*size)
            await browser.settle()
            assert browser.table.cursor == 29
            assert 29 in browser.table.visible_rows
            assert len(browser.screen_text().split("\n")) == size[1]


async def test_an_event_of_another_size_does_not_resize_the_screen(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(size=(120, 36)) as browser:
        for keys in ((), ("C",), ("L",)):
            await browser.press(*keys)
            screen = browser.app.screen
            screen.post_message(events.Resize(Size(80, 25), Size(80, 25)))
            await browser.settle()
            assert screen._compositor.size == browser.app.size == Size(120, 36)
            await browser.press("escape")


async def test_columns_of_a_tap_show_macs_and_ethertype(open_browser: OpenBrowser) -> None:
    async with open_browser("tap", live=True) as browser:
        await browser.press("g", "g")
        assert "MAC source" in browser.line(1)
        assert "MAC destination" in browser.line(1)
        row = browser.line(2).split()
        assert row[:2] == ["▌", "1"]
        assert "02:00:00:00:00:01" in row
        assert "ff:ff:ff:ff:ff:ff" in row
        assert "0x0806" in row
        assert "ARP" in row


async def test_hostile_texts_are_shown_escaped(open_browser: OpenBrowser) -> None:
    async with open_browser(size=(250, 70)) as browser:
        await browser.press("G")
        text = browser.screen_text()
        assert "\\x1b[2Jevil[bold red].example" in text
        assert not set(text) & {"\x1b", "\x00", "\x07", "\x7f", "\x9b", "\u202e"}
        for number in range(145, 156):
            await browser.type(str(number))
            await browser.press("G")
            await browser.until(lambda n=number: browser.main.detail.number == n)
            assert all(c.isprintable() or c == "\n" for c in browser.screen_text())


async def test_an_empty_list_says_what_it_waits_for(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=0, live=True) as browser:
        await browser.settle()
        assert "nothing yet on tun0: try `ping 10.9.0.2` in another terminal" in (
            browser.screen_text()
        )
        await browser.press("down", "up", "G", "g", "g", "enter", "pagedown")
        assert browser.table.cursor == 0


async def test_an_empty_list_says_that_a_filter_hides_what_there_is(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(packets=60, live=True, language=DisplayFilters()) as browser:
        await display(browser, "arp")
        assert browser.line(4).strip() == "the filter hides every packet"
        assert "nothing yet" not in browser.screen_text()
        await display(browser, "")
        assert "filter hides" not in browser.screen_text()


async def test_a_hostile_device_name_is_shown_escaped(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=0, live=True, name="\x1b[31m[b]x") as browser:
        assert "\\x1b[31m[b]x" in browser.line(0)


async def display(browser: Browser, text: str) -> None:
    await browser.press("slash")
    browser.main.query_one("FilterBar Input", Input).value = text
    await browser.press("enter")
    await browser.until(lambda: browser.table.view.progress == 1)


async def following(browser: Browser) -> bool:
    await browser.settle()
    return browser.table.following


async def test_follow_is_let_go_by_an_upward_move_and_counts_what_is_new(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(packets=60, live=True) as browser:
        assert await following(browser)
        assert browser.table.cursor == 59
        assert "follow on" in browser.line(-2)
        await browser.press("up")
        assert not browser.table.following
        assert "follow off" in browser.line(-2)
        await browser.grow(28)
        assert browser.table.cursor == 58
        assert "▾ +28 new" in browser.screen_text()
        await browser.press("G")
        assert browser.table.following
        assert browser.table.cursor == 87
        assert "new" not in browser.line(20)
        await browser.grow(10)
        assert browser.table.cursor == 97


async def test_f_switches_following(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=60, live=True) as browser:
        await browser.press("F")
        await browser.grow(5)
        assert browser.table.cursor == 59
        await browser.press("F")
        assert browser.table.cursor == 64


@pytest.mark.parametrize("keys", ["up", "k", "pageup", "ctrl+u", "home", "g g", "F"])
async def test_the_only_row_that_passes_a_filter_is_held_by_an_upward_move(
    open_browser: OpenBrowser, keys: str
) -> None:
    """There is no row above, yet whoever presses the key wants to stay."""
    async with open_browser(packets=60, live=True, language=DisplayFilters()) as browser:
        await display(browser, "frame.number == 60 or frame.number > 62")
        assert (browser.table.row_count, browser.table.following) == (1, True)
        await browser.press(*keys.split())
        assert not browser.table.following
        await browser.grow(5)
        await browser.until(lambda: browser.table.row_count == 4)
        assert browser.table.selected_number == 60
        await browser.press("down", "down", "down")
        assert browser.table.following


@pytest.mark.parametrize("key", ["up", "k", "pageup", "ctrl+u", "home"])
async def test_an_upward_move_in_an_empty_list_does_not_have_it_follow(
    open_browser: OpenBrowser, key: str
) -> None:
    async with open_browser(packets=60, live=True, language=DisplayFilters()) as browser:
        await browser.press("F")
        await display(browser, "frame.number > 62")
        await browser.press(key)
        assert not browser.table.following
        await browser.grow(8)
        await browser.until(lambda: browser.table.row_count == 6)
        assert browser.table.selected_number == 63


async def test_a_leap_to_the_last_row_does_not_have_the_list_follow(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(packets=60, live=True) as browser:
        await browser.press("home", *"60G")
        assert browser.table.cursor == 59
        await browser.grow(5)
        assert browser.table.selected_number == 60
        await browser.press("pagedown")
        assert browser.table.following
        assert browser.table.cursor == 64


async def test_pause_freezes_the_list_but_not_the_counters(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=40, live=True) as browser:
        await browser.press("p")
        before = browser.screen_text().split("\n")[2:20]
        await browser.grow(15)
        assert browser.screen_text().split("\n")[2:20] == before
        assert browser.table.row_count == 40
        assert "55 packets" in browser.line(-2)
        assert "⏸ paused" in browser.line(0)
        await browser.press("p")
        assert browser.table.row_count == 55
        assert browser.table.cursor == 54


async def test_few_rows_grow_into_an_empty_screen(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=1, live=True) as browser:
        for expected in (2, 5, 9):
            await browser.grow(expected - browser.table.row_count)
            shown = [line for line in browser.screen_text().split("\n")[2:20] if "10.9.0" in line]
            assert len(shown) == expected


async def test_what_is_pressed_twice_for_the_first_row_can_be_another_key(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(keymap={"list.prefix": "f9"}) as browser:
        await browser.press("5", "G", "f9", "down", "f9")
        assert browser.table.selected_number == 6
        await browser.press("f9")
        assert browser.table.selected_number == 1
        await browser.press("7", "f9", "f9")
        assert browser.table.selected_number == 7
