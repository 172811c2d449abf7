"""Marks, and the order of the packet list."""

from __future__ import annotations

from browser_driver import Browser, OpenBrowser


def shown_numbers(browser: Browser) -> list[int]:
    return [browser.table.view.number(row) for row in range(browser.table.row_count)]


async def mark(browser: Browser, *numbers: int) -> None:
    for number in numbers:
        await browser.type(str(number))
        await browser.press("G", "m")


async def test_m_marks_and_takes_the_mark_away(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await mark(browser, 3)
        assert browser.line(4).startswith("▌●")
        await browser.press("m")
        assert browser.line(4).startswith("▌ ")


async def test_marks_are_gone_to_round_the_end(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.press("full_stop")
        assert "no packet shown here is marked" in browser.app.messages[-1].text
        await mark(browser, 3, 70, 150)
        went = []
        for key in ("full_stop", "full_stop", "comma", "comma", "comma"):
            await browser.press(key)
            went.append(browser.table.selected_number)
        assert went == [3, 70, 3, 150, 70]


async def test_marked_only_and_back_keeps_the_cursor_on_its_packet(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser() as browser:
        await browser.press("M")
        assert browser.table.row_count == 155
        await mark(browser, 3, 150, 70)
        await browser.press("M")
        await browser.until(lambda: browser.table.row_count == 3)
        assert shown_numbers(browser) == [3, 70, 150]
        assert browser.table.selected_number == 70
        assert "3 of 155" in browser.line(-2)
        await browser.press("M")
        await browser.until(lambda: browser.table.row_count == 155)
        assert browser.table.selected_number == 70


async def test_sorting_by_keys(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        lengths = browser.app.capture.store["origlen"]
        await browser.press("less_than_sign", "less_than_sign")  # from the right: Info, length
        await browser.until(lambda: shown_numbers(browser) != list(range(1, 156)))
        order = [int(lengths[number - 1]) for number in shown_numbers(browser)]
        assert order == sorted(order)
        assert "Len▲" in browser.line(1)
        assert browser.table.selected_number == 1
        await browser.press("S")
        assert "Len▼" in browser.line(1)
        await browser.until(lambda: int(lengths[browser.table.view.number(0) - 1]) == order[-1])
        await browser.press("greater_than_sign", "greater_than_sign")
        await browser.until(lambda: shown_numbers(browser) == list(range(1, 156)))


async def test_sorting_by_a_click_on_a_heading(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        x = browser.line(1).index("Source")
        for sign in ("▲", "▼"):
            await browser.pilot.click(browser.table, offset=(x, 0))
            await browser.settle()
            assert f"Source{sign}" in browser.line(1)
        await browser.pilot.click(browser.table, offset=(x, 0))
        await browser.until(lambda: shown_numbers(browser) == list(range(1, 156)))
