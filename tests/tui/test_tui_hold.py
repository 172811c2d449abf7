"""The hold queue, driven: filter, verdicts, editing and releasing, badge, rule of an edit."""

from __future__ import annotations

import re
import time
from dataclasses import replace

from browser_driver import Browser, OpenBrowser
from test_tui_devices import ROWS
from textual.widgets import Input

from tunscope.engine.protocol import HeldPacket
from tunscope.packet.direction import Direction
from tunscope.tui.devices import ListedDevices
from tunscope.tui.holding import HoldWish, NoHolds, Waiting
from tunscope.tui.screens.editor import EditorScreen
from tunscope.tui.screens.hold import HoldScreen
from tunscope.tui.session import SessionState
from tunscope.tui.surroundings import Surroundings


def held(browser: Browser, number: int, repeats: int = 0, age: float = 4.1) -> Waiting:
    record = browser.app.capture.record(number)
    packet = HeldPacket(
        number * 10, number, record.direction, record.ts_ns, age, repeats, 0, record.data, False, ""
    )
    return Waiting(packet, time.monotonic() - age)


def holding(browser: Browser, *numbers: int) -> NoHolds:
    """Let these packets wait."""
    holds = NoHolds("")
    holds.wish = HoldWish("http.request", Direction.OUT, 30.0)
    holds.waiting = [held(browser, number, 3 if number == 6 else 0) for number in numbers]
    browser.session.holds = holds
    return holds


async def test_a_file_holds_nothing(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.press("i")
        assert "a file has no device" in browser.app.messages[-1].text
        await browser.press("a", "A", "X", "V")
        assert [message.text.split(":")[1] for message in browser.app.messages[1:]] == [
            " nothing is held"
        ] * 4


async def test_a_filter_is_asked_for_and_a_wrong_one_stays_typed(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(live=True) as browser:
        holds = NoHolds("")
        browser.session.holds = holds
        await browser.press("i")
        screen = browser.app.screen
        assert isinstance(screen, HoldScreen)
        entry = screen.query_one("PromptLine Input", Input)
        holds.refusal = "tcp.prot: no such field"
        entry.value = "in: tcp.prot == 80"
        await browser.press("enter")
        assert screen.note.tone == "error"
        assert entry.value == "in: tcp.prot == 80"
        holds.refusal = ""
        entry.value = "in: tcp.port == 80"
        await browser.press("enter")
        assert holds.wish == HoldWish("tcp.port == 80", Direction.IN)
        await browser.until(lambda: "Hold in: tcp.port == 80 · 0 held" in browser.line(0))
        await browser.press("I")
        assert holds.wish is None
        await browser.press("I")
        assert holds.wish == HoldWish("tcp.port == 80", Direction.IN)


async def test_the_queue_shows_age_packet_and_repetitions(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        holding(browser, 6, 8)
        await browser.until(lambda: "⏸ held 2" in browser.line(0))
        await browser.press("i")
        text = browser.screen_text()
        assert re.search(r"2 held · oldest [4-9]\.", text)  # by and by
        assert "each released after 30 s" in text
        assert "GET /index.html HTTP/1.1" in text
        assert "+3 retransmissions" in text
        await browser.press("escape", "o")
        await browser.until(lambda: "⏸ held 2" in browser.line(0))  # on every screen


async def test_verdicts_are_given_on_the_packet_under_the_cursor(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(live=True) as browser:
        holds = holding(browser, 4, 6, 8)
        await browser.press("i", "down", "V", "D", "X")
        assert holds.asked == [("revert", (60,)), ("duplicate", (60,)), ("drop", (60,))]
        await browser.until(lambda: "2 held" in browser.line(0))
        await browser.press("home", "a")
        assert holds.asked[-1] == ("release", (40,))
        await browser.press("A")
        assert holds.asked[-1] == ("release", None)
        await browser.until(lambda: "0 held" in browser.line(0))


async def test_verdicts_work_from_the_packet_list_too(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        holds = holding(browser, 4, 6, 8)
        await browser.press("6", "G", "X")
        assert holds.asked == [("drop", (60,))]
        await browser.press("X")  # packet 6 waits no more, and two others do
        assert len(holds.asked) == 1
        assert "does not wait" in browser.app.messages[-1].text
        await browser.press("a")
        assert holds.asked[-1] == ("release", (40,))
        await browser.press("8", "G", "V")
        assert holds.asked[-1] == ("revert", (80,))
        await browser.press("A")
        assert holds.asked[-1] == ("release", None)


async def test_a_held_packet_is_edited_and_released(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        holds = holding(browser, 6, 8)
        await browser.press("6", "G", "e")
        await browser.until(lambda: isinstance(browser.app.screen, EditorScreen))
        screen = browser.app.screen
        assert isinstance(screen, EditorScreen)
        assert "release on tun0" in browser.line(0)
        screen.editing.apply(lambda p: p.with_field(2, "http.request.uri", "/edited.html"))
        screen.show_packet()
        assert "TCP length +1" in screen.note.text
        await browser.press("home", *["down"] * 8, "enter", "7", "ctrl+r")
        assert browser.app.screen is screen  # the value first
        assert not holds.asked
        await browser.press("ctrl+r")
        assert browser.app.screen is browser.main
        kind, identity, data = holds.asked[-1]
        assert (kind, identity) == ("edit", 60)
        assert isinstance(data, bytes)
        assert b"GET /edited.html HTTP/1.1" in data
        assert data[8] == 7


async def test_the_editor_tells_what_becomes_of_the_capture(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        holds = holding(browser, 6)
        await browser.press("6", "G", "e")
        await browser.until(lambda: "⏸ held 1 ● live" in browser.line(0))
        holds.waiting.append(held(browser, 8))
        await browser.until(lambda: "⏸ held 2 ● live" in browser.line(0))
        holds.waiting, holds.refusal = [], "the capture has ended"
        browser.update(state=SessionState.STOPPED)
        await browser.until(lambda: "live" not in browser.line(0))
        assert "held" not in browser.line(0)
        assert "→ a file" in browser.line(0)


async def test_after_the_capture_nothing_is_said_to_be_held(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        holds = holding(browser, 6)
        await browser.press("i")
        holds.waiting, holds.wish, holds.refusal = [], None, "the capture has ended"
        await browser.until(lambda: "Hold off · 0 held" in browser.line(0))
        assert browser.line(3).strip() == "the capture has ended"
        await browser.press("i", "I")
        assert "hold: the capture has ended" in browser.screen_text()
        assert not holds.asked


async def test_a_packet_that_left_meanwhile_stays_in_the_editor(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(live=True) as browser:
        holds = holding(browser, 6)
        await browser.press("6", "G", "e")
        await browser.until(lambda: isinstance(browser.app.screen, EditorScreen))
        screen = browser.app.screen
        assert isinstance(screen, EditorScreen)
        screen.editing.apply(lambda p: p.with_field(0, "ttl", "3"))
        holds.waiting = [held(browser, 8)]
        await browser.until(lambda: "→ it waits no more" in browser.line(0))
        await browser.press("ctrl+r")
        assert browser.app.screen is screen
        assert "no such packet waits" in screen.note.text
        assert screen.editing.edited


async def test_an_edit_that_waits_is_shown_against_its_original(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(live=True) as browser:
        holds = holding(browser, 6)
        first = holds.waiting[0]
        data = first.packet.data.replace(b"index", b"other")
        holds.waiting = [replace(first, packet=replace(first.packet, data=data, edited=True))]
        await browser.press("i")
        assert "✎ 10.9.0.1 → 10.9.0.2" in browser.screen_text()
        await browser.press("e")
        await browser.until(lambda: isinstance(browser.app.screen, EditorScreen))
        assert "1 change" in browser.line(0)
        screen = browser.app.screen
        assert isinstance(screen, EditorScreen)
        await browser.press("V")
        assert not screen.editing.edited


async def test_an_edit_becomes_a_rule(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        holds = holding(browser)
        await browser.press("6", "G", "e")
        await browser.until(lambda: isinstance(browser.app.screen, EditorScreen))
        screen = browser.app.screen
        assert isinstance(screen, EditorScreen)
        await browser.press("R")
        assert "nothing was changed" in screen.note.text
        screen.editing.apply(lambda p: p.with_field(0, "ttl", "3"))
        await browser.press("R")
        entry = screen.query_one("PromptLine Input", Input)
        assert entry.value == "ip.dst == 10.9.0.2 and tcp.dstport == 80 => set ip.ttl=3"
        entry.value = "no rule"
        await browser.press("enter")
        assert "is not FILTER => ACTION" in screen.note.text
        assert entry.value == "no rule"
        entry.value = "tcp => set ip.ttl=3"
        await browser.press("enter")
        assert holds.asked[-1] == ("rule", "tcp => set ip.ttl=3")
        assert "FILTER" not in screen.note.text  # what was wrong before


async def test_rules_are_shown_and_taken_away(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        holds = holding(browser, 6)
        await browser.press("i", "R")
        assert "there are no rules" in browser.screen_text()
        holds.rules = ["icmp => drop", "tcp => set ip.ttl=3"]
        await browser.press("R")
        text = browser.screen_text()
        assert "1  icmp => drop" in text
        assert "2  tcp => set ip.ttl=3" in text
        await browser.press("escape", "R", "down", "enter")
        assert holds.rules == ["icmp => drop"]
        assert isinstance(browser.app.screen, HoldScreen)


async def test_what_leaves_several_times_says_so(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        holds = holding(browser, 6)
        await browser.press("i")
        assert "×" not in browser.screen_text()
        packet = replace(holds.waiting[0].packet, copies=1)
        holds.waiting = [replace(holds.waiting[0], packet=packet)]
        await browser.until(lambda: "×2 10.9.0.1" in browser.screen_text())


async def test_a_packet_that_is_not_held_cannot_be_released(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        holding(browser, 8)
        await browser.press("6", "G", "e")
        await browser.until(lambda: isinstance(browser.app.screen, EditorScreen))
        await browser.press("ctrl+r")
        assert "this packet is not held" in browser.screen_text()


async def test_the_list_of_devices_tells_of_held_packets_too(open_browser: OpenBrowser) -> None:
    surroundings = Surroundings(ListedDevices(ROWS))
    async with open_browser(live=True, surroundings=surroundings) as browser:
        holding(browser, 6, 12)
        await browser.press("d")
        await browser.until(lambda: f"Devices {len(ROWS)}" in browser.line(0))
        assert browser.line(0).endswith(" ⏸ held 2 ● live")
