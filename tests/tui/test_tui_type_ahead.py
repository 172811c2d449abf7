"""Keys that come faster than they are handled, as from a paste or a fast hand."""

from __future__ import annotations

import pytest
from browser_driver import Browser, OpenBrowser, key_name
from textual import events
from textual.widgets import Input

from tunscope.tui.display_filters import DisplayFilters


def type_at_once(browser: Browser, text: str) -> None:
    """Put all keys into the application's queue before it handles the first."""
    for character in text:
        name = "enter" if character == "\r" else key_name(character)
        browser.app.post_message(events.Key(name, character))


async def test_a_filter_typed_at_once_goes_whole_into_the_bar(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        bar = browser.main.filter_bar
        assert bar is not None
        time_format = browser.table.painter.time_format
        type_at_once(browser, "/tcp.port == 80\r")
        await browser.until(lambda: bar.applied == "tcp.port == 80")
        await browser.until(lambda: browser.main.focused is browser.table)
        assert browser.table.painter.time_format is time_format


async def test_keys_after_enter_go_to_the_list_again(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        time_format = browser.table.painter.time_format
        type_at_once(browser, "/tcp\rt")
        await browser.until(lambda: browser.table.painter.time_format is not time_format)
        assert browser.main.query_one("FilterBar Input", Input).value == "tcp"


async def test_a_command_typed_at_once_is_run(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        type_at_once(browser, ":messages\r")
        await browser.until(lambda: type(browser.app.screen).__name__ == "MessagesScreen")


async def test_a_dialog_takes_what_follows_the_key_that_opened_it(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser() as browser:
        type_at_once(browser, "wxyz")
        await browser.until(
            lambda: any("xyz" in field.value for field in browser.app.screen.query(Input))
        )


async def test_a_key_that_closes_what_has_the_focus_holds_up_no_other(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser() as browser:
        await browser.press("question_mark")
        for name in ("escape", "j", "j", "j"):
            browser.app.post_message(events.Key(name, name if len(name) == 1 else None))
        await browser.until(lambda: browser.table.cursor == 3)


async def test_nobody_waits_for_the_queue_of_what_was_closed(
    open_browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunscope.tui.key_order._PATIENCE", 1e6)
    async with open_browser(language=DisplayFilters()) as browser:
        type_at_once(browser, "CqoqCq/tcp\r")
        bar = browser.main.filter_bar
        assert bar is not None
        await browser.until(lambda: bar.applied == "tcp")
        assert browser.app.screen is browser.main


async def test_a_filter_and_a_command_in_one_breath(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        bar = browser.main.filter_bar
        assert bar is not None
        type_at_once(browser, "/tcp\r:messages\r")
        await browser.until(lambda: type(browser.app.screen).__name__ == "MessagesScreen")
        assert bar.applied == "tcp"
        assert browser.main.query_one("FilterBar Input", Input).value == "tcp"


async def test_a_key_shows_that_the_terminal_has_the_focus_again(
    open_browser: OpenBrowser,
) -> None:
    """Some terminals tell that they lost it and not that they got it back."""
    async with open_browser() as browser:
        browser.app.post_message(events.AppBlur())
        await browser.settle()
        browser.table.focus()  # as a click or the end of something does
        await browser.settle()
        await browser.press("ctrl+p")
        assert isinstance(browser.app.focused, Input)
