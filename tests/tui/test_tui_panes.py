"""Fields and bytes, zoom, focus, folding."""

from __future__ import annotations

import pytest
from browser_driver import Browser, OpenBrowser

from tunscope.index.source import FileSource
from tunscope.tui.pace import WATCHFUL
from tunscope.tui.screens.main import MainScreen
from tunscope.tui.widgets.field_tree import FieldTree
from tunscope.tui.widgets.hex_view import HexView


def tree(browser: Browser) -> FieldTree:
    return browser.main.query_one(FieldTree)


def octets(browser: Browser) -> HexView:
    return browser.main.query_one(HexView)


async def on_packet(browser: Browser, number: int) -> None:
    await browser.type(str(number))
    await browser.press("G")
    await browser.until(lambda: str(number) in tree(browser).subject and tree(browser).row_count)


#: Longer (s) than a busy machine takes to open a browser.
UNDISTURBED = 60.0


async def test_tab_goes_round_the_panes(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        seen = []
        for _ in range(3):
            await browser.press("tab")
            assert browser.main.focused is not None
            seen.append(browser.main.focused.id)
        assert seen == ["fields", "bytes", "packets"]
        await browser.press("shift+tab")
        assert browser.main.focused is octets(browser)
        await browser.press("escape")
        assert browser.main.focused is browser.table


async def test_the_first_packet_waits_for_the_rest_of_the_file_or_for_a_key(
    open_browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunscope.tui.screens.main._PATIENCE", UNDISTURBED)
    async with open_browser(loading=True) as browser:
        assert browser.table.selected_number == 1
        assert (tree(browser).row_count, octets(browser).data) == (0, b"")
        await browser.press("down")
        assert "2" in tree(browser).subject
        assert tree(browser).row_count


async def test_the_first_packet_is_shown_once_the_file_is_read(
    open_browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunscope.tui.screens.main._PATIENCE", UNDISTURBED)
    async with open_browser(loading=True) as browser:
        assert tree(browser).row_count == 0
        source = browser.app.capture.source
        assert isinstance(source, FileSource)
        source.finish()
        await browser.until(lambda: browser.app.capture.complete)
        assert tree(browser).row_count


async def test_the_first_packet_does_not_wait_long(open_browser: OpenBrowser) -> None:
    async with open_browser(loading=True) as browser:
        await browser.pause(1.0)
        assert tree(browser).row_count
        assert not browser.app.capture.complete


async def test_a_pipe_that_gives_nothing_is_not_looked_at_all_the_time(
    open_browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be open for hours; of a file that is there the next packets come in a moment."""
    async with open_browser(loading=True) as browser:
        await browser.pause(1.0)
        looks = 0
        beat = type(browser.main)._beat

        def counted(screen: MainScreen) -> float:
            nonlocal looks
            looks += 1
            return beat(screen)

        monkeypatch.setattr(browser.main._pulse, "_beat", lambda: counted(browser.main))
        await browser.pause(4.0)
        assert 0 < looks <= 4.0 / WATCHFUL + 1


async def test_a_field_highlights_its_bytes(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await on_packet(browser, 3)
        await browser.press("enter", "home")
        assert tree(browser).selected is not None
        top = octets(browser).highlight
        assert top.start == 0
        await browser.press("right", "right")
        await browser.settle()
        selected = tree(browser).selected
        assert selected is not None
        assert (octets(browser).highlight.start, octets(browser).highlight.stop) == (
            selected.start,
            selected.stop,
        )
        assert len(octets(browser).highlight) < len(top)
        assert selected.name in browser.line(-2)


async def test_a_byte_selects_its_field(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await on_packet(browser, 3)
        await browser.press("shift+tab", *["l"] * 8)
        await browser.until(lambda: "ttl" in getattr(tree(browser).selected, "name", ""))
        assert octets(browser).byte_offset == 8
        assert octets(browser).highlight == range(8, 9)
        assert "Time to" in browser.screen_text()


async def test_what_is_open_stays_open_on_the_next_packet(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await on_packet(browser, 3)
        await browser.press("enter", "home", "right", "down", "down")
        name = getattr(tree(browser).selected, "name", "")
        rows = tree(browser).row_count
        assert rows > 4
        await browser.press("escape")
        await on_packet(browser, 4)
        assert tree(browser).row_count == rows
        assert getattr(tree(browser).selected, "name", "") == name


async def test_keys_open_and_close_fields(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await on_packet(browser, 3)
        await browser.press("enter", "home")
        closed = tree(browser).row_count
        for opening, closing in (
            (["space"], ["space"]),
            (["enter"], ["enter"]),
            (["l"], ["h"]),
            (["right", "right"], ["left", "left"]),
            (["plus"], ["minus"]),
        ):
            await browser.press(*opening)
            assert tree(browser).row_count > closed
            await browser.press(*closing)
            assert tree(browser).row_count == closed
            await browser.press("home")


async def test_a_click_in_the_bytes_selects_that_byte(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await on_packet(browser, 3)
        view = octets(browser)
        for byte in (0, 1, 7, 8, 15):
            x = view._hex_start() + 3 * byte + byte // 8
            await browser.pilot.click(view, offset=(x, 2))
            await browser.settle()
            assert view.byte_offset == 16 + byte
        await browser.pilot.click(view, offset=(view._text_start() + 5, 1))
        await browser.settle()
        assert view.byte_offset == 5


async def test_zoom_gives_a_pane_everything_and_back(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        before = browser.table.size
        await browser.press("backslash")
        assert browser.table.size.height > before.height
        assert not browser.main.detail.display or browser.main.detail.size.height == 0
        await browser.press("tab")
        assert tree(browser).size.width == 120
        assert tree(browser).size.height > before.height
        await browser.press("escape")
        assert browser.table.size == before


async def test_at_80_by_24_the_bytes_fold_under_the_fields(open_browser: OpenBrowser) -> None:
    async with open_browser(size=(80, 24)) as browser:
        fields, view = tree(browser).region, octets(browser).region
        assert view.y == fields.bottom
        assert fields.width == view.width == 80
        assert octets(browser).line_bytes == 16
        assert browser.table.body_height >= 7
        assert "Δ" not in browser.line(1)


async def test_at_250_by_70_everything_has_room(open_browser: OpenBrowser) -> None:
    async with open_browser(size=(250, 70)) as browser:
        fields, view = tree(browser).region, octets(browser).region
        assert view.y == fields.y
        assert "Δ" in browser.line(1)
        assert browser.table.body_height >= 35


async def test_panes_are_resized_by_keys_and_remembered(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        before = tree(browser).size, octets(browser).size
        await browser.press("ctrl+up", "ctrl+up", "ctrl+left")
        after = tree(browser).size, octets(browser).size
        assert after[0].height > before[0].height
        assert after[1].width > before[1].width
        assert browser.table.size.height + after[0].height == 36 - 3
    async with open_browser() as browser:
        assert (tree(browser).size, octets(browser).size) == after
        await browser.press("ctrl+down", "ctrl+right")
        assert tree(browser).size.height < after[0].height
        assert octets(browser).size.width < after[1].width
        await browser.press("backslash", "tab", "backslash")
        assert tree(browser).size.height < after[0].height
        await browser.press("equals_sign")
        assert (tree(browser).size, octets(browser).size) == before


async def test_panes_are_resized_by_dragging_their_edges(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        detail, view = browser.main.detail, octets(browser)
        height, width = detail.size.height, view.size.width
        await browser.pilot.mouse_down(tree(browser), offset=(20, 0))
        await browser.pilot.hover(browser.table, offset=(20, 10))
        await browser.pilot.mouse_up(browser.table, offset=(20, 10))
        await browser.settle()
        assert detail.size.height > height + 5
        await browser.pilot.mouse_down(view, offset=(0, 3))
        await browser.pilot.hover(tree(browser), offset=(20, 3))
        await browser.pilot.mouse_up(tree(browser), offset=(20, 3))
        await browser.settle()
        assert abs(view.size.width - 100) < 3
        assert view.size.width > width


async def test_folded_panes_are_resized_too(open_browser: OpenBrowser) -> None:
    async with open_browser(size=(80, 24)) as browser:
        height = octets(browser).size.height
        await browser.press("ctrl+left", "ctrl+left")
        assert octets(browser).size.height > height
        await browser.press("ctrl+up")
        await browser.pilot.resize_terminal(140, 40)
        await browser.settle()
        assert octets(browser).region.y == tree(browser).region.y


async def test_opening_and_closing_everything_keeps_the_selected_field(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser() as browser:
        await browser.press("6", "G", "enter")
        await browser.until(
            lambda: browser.main.detail.number == 6 and browser.main.detail.is_decoded
        )
        await browser.press("home", "down", "down", "right", "down", "down")
        fields = browser.main.query_one("#fields", FieldTree)
        assert fields.selected is not None
        name = fields.selected.name
        assert name.startswith("ip.")
        await browser.press("plus")
        assert fields.selected.name == name
        await browser.press("minus")
        assert fields.selected.name == "ip"


@pytest.mark.parametrize("height", [9, 12, 14, 17, 24])
@pytest.mark.parametrize("width", [80, 120])
async def test_a_low_terminal_has_packets_fields_and_keys(
    open_browser: OpenBrowser, width: int, height: int
) -> None:
    async with open_browser(size=(width, height)) as browser:
        await browser.press("home")
        around = 4  # header, filter bar, status line, key line
        assert browser.table.body_height >= 1
        assert browser.table.size.height >= (height - around) // 2
        assert browser.main.detail.size.height >= 3
        assert "Quit" in browser.line(height - 1)
        assert "packets" in browser.line(height - 2)
