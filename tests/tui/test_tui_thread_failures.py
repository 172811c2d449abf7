"""A thread that fails is told of on the screen, and the screen goes on."""

from __future__ import annotations

import os
import re
import threading
from typing import cast

import pytest
from browser_driver import OpenBrowser

from tunscope.index.following.octets import StreamBytes
from tunscope.tui.session import Severity
from tunscope.tui.stream_search import StreamSearch


async def test_a_thread_that_fails_is_a_message_and_no_traceback(
    open_browser: OpenBrowser, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ValueError("bytes \x1b[31m[red]of a packet")

    async with open_browser() as browser:
        threading.Thread(target=fail, name="worker").start()
        await browser.until(lambda: browser.app.messages)
        (message,) = browser.app.messages
        assert message.severity is Severity.ERROR
        assert "worker: ended by ValueError: bytes" in message.text
        assert "\x1b" not in message.text
        await browser.press("j")
        assert browser.table.cursor == 1
    assert "Traceback" not in capsys.readouterr().err


async def test_a_stream_whose_file_shrinks_is_shown_and_searched_on(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser() as browser:
        await browser.press("6", "G")
        await browser.steps("s")
        os.truncate(browser.path, 300)
        await browser.press("h")
        await browser.press("slash", *"GET", "enter")
        await browser.until(lambda: browser.app.messages)
        assert "search GET" in browser.app.messages[-1].text
        await browser.press("t", "escape", "C")
        assert browser.app.failure is None


async def test_a_search_that_cannot_read_says_why() -> None:
    class Gone:
        def __len__(self) -> int:
            return 100

        def read(self, start: int, stop: int) -> bytes:
            raise OSError(5, "Input/output error")

    search = StreamSearch(cast("StreamBytes", Gone()), re.compile(b"x"), 0, 1)
    search.start()
    search._thread.join(5)
    assert search.done
    assert search.match is None
    assert search.failure == "Input/output error"
