"""Opens packet browsers for the tests of the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from browser_driver import DATA, Browser, OpenBrowser, blocks_of
from leaping_clock import LeapingClock

from tunscope.engine.counters import Counters
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.tui.app import TunscopeApp
from tunscope.tui.filter_language import FilterLanguage
from tunscope.tui.rate import RateMeter
from tunscope.tui.session import (
    FileSession,
    SessionMessage,
    SessionState,
    SessionStatus,
    SessionTitle,
    Severity,
)
from tunscope.tui.settings.model import Settings
from tunscope.tui.surroundings import Surroundings


class StillMeter(RateMeter):
    """The meter of a device on which nothing happens while it is looked at."""

    def add(self, now: float, packets: int, octets: int) -> bool:
        """Take nothing in."""
        return False


@pytest.fixture(autouse=True)
def still_rate(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep stored screens from depending on how fast a fixed capture happened to be loaded."""
    if request.node.path.name.endswith("_screens.py"):
        monkeypatch.setattr("tunscope.tui.screens.main.RateMeter", StillMeter)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> LeapingClock:
    """Applications of this test need not be waited for while they only wait."""
    leaping = LeapingClock()
    leaping.wind(monkeypatch)
    return leaping


@pytest.fixture
def open_browser(tmp_path: Path, clock: LeapingClock) -> OpenBrowser:
    """Open a browser: `async with open_browser("tun", packets=20, live=True) as browser`.

    A capture that is `loading` is a file of which there is more to be read.
    """

    @asynccontextmanager
    async def open_it(
        kind: str = "tun",
        *,
        packets: int | None = None,
        live: bool = False,
        loading: bool = False,
        size: tuple[int, int] = (120, 36),
        theme: str = "tunscope-dark",
        unsaved: bool = False,
        keymap: dict[str, str] | None = None,
        settings: Settings | None = None,
        source: Path | None = None,
        name: str | None = None,
        language: FilterLanguage | None = None,
        display_filter: str = "",
        tail: bytes = b"",
        surroundings: Surroundings | None = None,
        said: str = "",
    ) -> AsyncIterator[Browser]:
        head, blocks = blocks_of(source or DATA / f"browser_{kind}.pcapng")
        shown = len(blocks) if packets is None else packets
        path = tmp_path / "capture.pcapng"
        path.write_bytes(head + b"".join(blocks[:shown]) + tail)
        title = SessionTitle(
            name or (f"{kind}0" if live else "browser.pcapng"),
            kind if live else "pcapng",
            "owned" if live else "",
            ("10.9.0.1/24",) if live else (),
            1500 if live else None,
            "ping 10.9.0.2" if live else "",
        )
        if kind == "tap":
            title = SessionTitle(title.name, "tap", title.mode, title.addresses, 1500, title.hint)
        state = SessionState.LIVE if live else SessionState.FILE
        counters = Counters(received=shown, captured=shown)
        messages = (SessionMessage(said, Severity.WARNING),) if said else ()
        session = FileSession(title, SessionStatus(state, counters, messages, unsaved=unsaved))
        capture = CaptureIndex(FileSource(path, growing=live or loading))
        capture.start()
        chosen = settings or Settings(theme=theme, keys=keymap or {})
        app = TunscopeApp(
            capture,
            session,
            settings=chosen,
            language=language,
            state=tmp_path / "state",
            display_filter=display_filter,
            surroundings=surroundings,
        )
        try:
            async with app.run_test(size=size, notifications=True) as pilot:
                browser = Browser(app, pilot, session, path, clock, blocks[shown:])
                await browser.once(lambda: app.capture.count >= shown and app.is_running)
                if not display_filter:
                    await browser.once(lambda: browser.table.row_count >= shown)
                await browser.settle()
                yield browser
        finally:
            capture.stop()

    return open_it
