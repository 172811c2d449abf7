"""Replays, driven: the form, what is chosen, the pane and its controls, answers, other devices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from browser_driver import DATA, Browser, OpenBrowser
from textual.widgets import Input

from tunscope.capfile.reader import open_capture
from tunscope.errors import UsageError
from tunscope.packet.flow import Flow, flow_of
from tunscope.tui.devices import DeviceRow, ListedDevices
from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.replaying import NoReplays, ReplayPackets, ReplayProgress, ReplayWish
from tunscope.tui.screens.replay import ReplayScreen
from tunscope.tui.surroundings import ReplayChoice, Surroundings

RUNNING = ReplayProgress(
    "in.pcapng", "playing", 5000, 1234, 98_720, {}, {}, {"no IP packet": 10, "no bytes": 2},
    (1, 1), 10.4, 10.4, 42.0, 119.0,
    {"median": 4000, "p95": 52_000, "p99": 97_000, "max": 212_000}, "", 5000,
)  # fmt: skip


async def replaying(browser: Browser, progress: ReplayProgress = RUNNING) -> NoReplays:
    """Let a replay run."""
    replays = NoReplays("")
    replays.progress = progress
    replays.flows = {Flow(99, b"", b"")}
    browser.session.replays = replays
    await browser.until(lambda: browser.main.replay_pane.progress is not None)
    return replays


def form(browser: Browser) -> ReplayScreen:
    assert isinstance(browser.app.screen, ReplayScreen)
    return browser.app.screen


def put(browser: Browser, **texts: str) -> None:
    for name, text in texts.items():
        form(browser).query_one(f"#{name}", Input).value = text


def live(browser: Browser) -> NoReplays:
    replays = NoReplays("")
    browser.session.replays = replays
    return replays


def started(replays: NoReplays) -> tuple[ReplayWish, ReplayPackets]:
    kind, wish, packets = replays.asked[-1]
    assert kind == "start"
    assert isinstance(wish, ReplayWish)
    assert isinstance(packets, ReplayPackets)
    return wish, packets


def numbers(packets: ReplayPackets) -> list[int]:
    return [number for number, _ in packets.records()]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (ReplayWish("t"), []),
        (ReplayWish("t", "wire", "2 x"), ["--side", "wire", "--speed", "2"]),
        (ReplayWish("t", speed="0.5"), ["--speed", "0.5"]),
        (ReplayWish("t", speed="100pps"), ["--pps", "100"]),
        (ReplayWish("t", speed="10 Mb/s"), ["--mbps", "10"]),
        (ReplayWish("t", speed="top"), ["--topspeed"]),
        (ReplayWish("t", speed="step"), ["--step"]),
        (ReplayWish("t", options="--ttl 3 --set 'ip.id=7'"), ["--ttl", "3", "--set", "ip.id=7"]),
    ],
)
def test_what_is_typed_are_options_of_the_command_line(wish: ReplayWish, words: list[str]) -> None:
    assert wish.words() == words


@pytest.mark.parametrize(
    "wish",
    [
        ReplayWish("t", "left"), ReplayWish("t", speed="fast"), ReplayWish("t", speed="3 miles"),
        ReplayWish("t", speed="x"), ReplayWish("t", options="--set 'ip.id"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(wish: ReplayWish) -> None:
    with pytest.raises(UsageError):
        wish.words()


@pytest.mark.parametrize(
    ("keys", "choice", "expected"),
    [
        ([], "displayed", list(range(1, 22))),
        (["6", "G"], "selected", [6]),
        (["2", "G", "m", "9", "G", "m"], "marked", [2, 9]),
        ([], "all", list(range(1, 22))),
        ([], "3-5, 20-", [3, 4, 5, 20, 21]),
    ],
)
async def test_the_packets_are_those_that_were_said(
    open_browser: OpenBrowser, keys: list[str], choice: str, expected: list[int]
) -> None:
    async with open_browser(live=True, packets=21) as browser:
        replays = live(browser)
        await browser.press(*keys, "R")
        assert form(browser).answer.packets == ("marked" if "m" in keys else "displayed")
        put(browser, packets=choice)
        await browser.press("enter")
        wish, packets = started(replays)
        assert wish.device == "tun0"
        assert numbers(packets) == expected
        assert packets.total == len(expected)
        record = next(packets.records())[1]
        assert record.data == browser.app.capture.record(expected[0]).data


async def test_a_conversation_is_that_of_the_selected_packet(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        replays = live(browser)
        await browser.press("6", "G", "R")
        put(browser, packets="conversation")
        await browser.press("enter")
        found = numbers(started(replays)[1])
        with open_capture(browser.path) as capture:
            records = dict(enumerate(capture, 1))
        flow = flow_of(records[6].data, records[6].linktype)
        assert flow is not None
        assert found == [
            number
            for number, record in records.items()
            if flow_of(record.data, record.linktype) in {flow, flow.reversed()}
        ]


@pytest.mark.parametrize("way", [["s"], ["C", "tab", "enter"]], ids=["stream", "by filter"])
async def test_a_stream_is_replayed_as_what_is_displayed(
    open_browser: OpenBrowser, way: list[str]
) -> None:
    async with open_browser(live=True, language=DisplayFilters()) as browser:
        replays = live(browser)
        await browser.press("6", "G")
        await browser.steps(*way, "R")
        await browser.until(lambda: isinstance(browser.app.screen, ReplayScreen))
        await browser.until(lambda: browser.main.view.progress == 1)
        shown = browser.main.view.numbers(0, 1000)
        assert 0 < len(shown) < browser.app.capture.count
        await browser.press("enter")
        assert numbers(started(replays)[1]) == shown


async def test_a_conversation_of_the_table_is_replayed(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True, language=DisplayFilters()) as browser:
        live(browser)
        await browser.steps("C", "R")
        await browser.until(lambda: isinstance(browser.app.screen, ReplayScreen))
        assert browser.main.filter_bar is not None
        assert browser.main.filter_bar.in_force


async def test_what_is_wrong_is_said_while_it_is_typed_and_nothing_begins(
    open_browser: OpenBrowser,
) -> None:
    surroundings = Surroundings(
        replay_mistake=lambda wish: f"no {wish.options}" * bool(wish.options)
    )
    async with open_browser(live=True, surroundings=surroundings) as browser:
        replays = live(browser)
        await browser.press("R")
        for field, text, why in (
            ("packets", "marked", "there are none"),
            ("packets", "900-", "the capture has"),
            ("packets", "all", ""),
            ("device", "", "say where"),
            ("device", "eth9", "cannot be reached from here"),
            ("device", "tun0", ""),
            ("speed", "fast", "is none"),
            ("speed", "top", ""),
            ("options", "--nonsense", "no --nonsense"),
        ):
            put(browser, **{field: text})
            await browser.settle()
            assert why in browser.screen_text()
            if why:
                await browser.press("enter")
                assert isinstance(browser.app.screen, ReplayScreen)
        assert replays.asked == []
        await browser.press("escape")
        assert browser.app.screen is browser.main


async def test_tab_offers_what_there_is(open_browser: OpenBrowser) -> None:
    rows = (DeviceRow("lo"), DeviceRow("tun0"), DeviceRow("can0", capturable=False))
    surroundings = Surroundings(ListedDevices(rows))
    async with open_browser(live=True, surroundings=surroundings) as browser:
        live(browser)
        await browser.press("R", "tab")
        assert form(browser).answer.packets == "selected"
        await browser.press("shift+tab", "shift+tab")
        assert form(browser).answer.packets == "all"
        await browser.press("down", "tab")
        assert form(browser).answer.wish.device == "lo"
        await browser.press("tab")
        assert form(browser).answer.wish.device == "tun0"
        await browser.press("down", "tab", "down", "tab", "down", "tab")
        assert form(browser).answer.wish == ReplayWish("tun0", "kernel", "2 x", "")


async def test_a_file_needs_another_device_and_its_packets_are_taken_along(
    open_browser: OpenBrowser,
) -> None:
    surroundings = Surroundings(ListedDevices((DeviceRow("lo"),)))
    async with open_browser(surroundings=surroundings) as browser:
        await browser.press("6", "G", "R")
        assert "say where" in browser.screen_text()
        put(browser, device="browser.pcapng")
        await browser.settle()
        assert "a file has no device" in browser.screen_text()
        put(browser, packets="5-6", device="lo", speed="top")
        expected = [browser.app.capture.record(number).data for number in (5, 6)]
        await browser.press("enter")
        await browser.until(lambda: surroundings.wanted is not None)
    choice = surroundings.wanted
    assert isinstance(choice, ReplayChoice)
    assert (choice.name, choice.total) == ("lo", 2)
    assert choice.label == "2 packets of browser.pcapng"
    assert choice.wish.speed == "top"
    with open_capture(choice.path) as capture:
        assert [record.data for record in capture] == expected
    choice.discard()
    assert not choice.path.parent.exists()


async def test_an_unsaved_capture_is_asked_about_and_packets_taken_along_go(
    open_browser: OpenBrowser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    surroundings = Surroundings(ListedDevices((DeviceRow("lo"),)))
    async with open_browser(live=True, unsaved=True, surroundings=surroundings) as browser:
        live(browser)
        await browser.press("R")
        put(browser, packets="5-6", device="lo")
        await browser.press("enter")
        await browser.until(lambda: "is not saved" in browser.screen_text())
        assert list(tmp_path.glob("tunscope-replay-*"))
        await browser.press("escape")
        assert browser.app.screen is browser.main
        assert surroundings.wanted is None
        assert list(tmp_path.glob("tunscope-replay-*")) == []


async def test_the_pane_shows_how_far_it_is(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        await replaying(browser)
        text = browser.screen_text()
        assert "Replay of in.pcapng" in text
        assert "▶ playing" in text
        assert "25% · 31.6 s left" in text
        assert "sent 1,234 of 5,000 · failed 0 · skipped 12 (10 no IP packet, 2 no bytes)" in text
        assert "119 pps of 119 pps planned · 75.9 kb/s" in text
        assert "median 4 µs, p95 52 µs, p99 97 µs, max 212 µs" in text


async def test_controls_are_obeyed_where_they_are_shown(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        replays = await replaying(browser)
        await browser.press("n")  # in the list: find next
        assert replays.asked == []
        await browser.press("R")
        assert browser.app.focused is browser.main.replay_pane
        await browser.press("space", "s", "n", "N", "left", "right", "home")
        assert replays.asked == [
            ("pause", 0), ("step", 0), ("move", 1), ("move", -1), ("move_time", -5_000_000_000),
            ("move_time", 5_000_000_000), ("seek", 0),
        ]  # fmt: skip
        replays.progress = replace(RUNNING, state="paused")
        await browser.until(lambda: "⏸ paused" in browser.screen_text())
        await browser.press("space")
        assert replays.asked[-1] == ("resume", 0)
        for text, place in (("100", 99), ("50%", 2500), ("0", 0), ("100 %", 5000)):
            await browser.press("g")
            browser.main.query_one("PromptLine Input", Input).value = text
            await browser.press("enter")
            assert replays.asked[-1] == ("seek", place)
            assert browser.app.focused is browser.main.replay_pane
        await browser.press("x")
        assert replays.asked[-1] == ("stop",)
        await browser.press("escape")
        assert browser.app.focused is browser.table


async def test_without_a_replay_controls_say_so(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        replays = live(browser)
        await browser.command("replay.step")
        assert replays.asked == []
        await browser.until(lambda: "none is running" in browser.screen_text())


async def test_a_place_that_is_none_is_refused(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        replays = await replaying(browser)
        await browser.press("R", "g")
        browser.main.query_one("PromptLine Input", Input).value = "soon"
        await browser.press("enter")
        assert replays.asked == []
        assert "neither a packet nor a share" in browser.app.messages[-1].text


async def test_one_that_has_ended_stays_until_it_is_closed(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        ended = replace(RUNNING, state="failed", error="the device is down", failed={"down": 1})
        replays = await replaying(browser, ended)
        text = browser.screen_text()
        assert "✖ failed" in text
        assert "✖ the device is down" in text
        assert "failed 1 (1 down)" in text
        browser.main.replay_pane.focus()
        await browser.press("x")
        assert replays.asked == [("forget",)]
        await browser.until(lambda: "Replay of" not in browser.screen_text())
        assert browser.app.focused is browser.table
        await browser.press("R")  # another one
        assert isinstance(browser.app.screen, ReplayScreen)


async def test_one_that_waits_for_keys_has_them_at_once(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        await replaying(browser, replace(RUNNING, state="paused", sent=0))
        await browser.until(lambda: browser.app.focused is browser.main.replay_pane)


async def test_answers_are_counted_as_they_come(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True, packets=5) as browser:
        replays = live(browser)
        await browser.press("R", "enter")
        assert replays.asked[-1][0] == "start"
        later = browser.left
        with open_capture(DATA / "browser_tun.pcapng") as capture:
            flow = flow_of(list(capture)[7].data, 101)
        assert flow is not None
        replays.flows = {flow.reversed()}
        replays.progress = RUNNING
        await browser.settle()
        assert "answers 0" in browser.screen_text()
        await browser.grow(len(later))
        expected = sum(
            flow_of(browser.app.capture.record(n).data, 101) == flow
            for n in range(6, browser.app.capture.count + 1)
        )
        assert expected
        await browser.until(lambda: f"answers {expected}" in browser.screen_text())


async def test_tab_reaches_the_pane(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        await replaying(browser)
        await browser.press("tab", "tab", "tab")
        assert browser.app.focused is browser.main.replay_pane
        await browser.press("tab")
        assert browser.app.focused is browser.table


async def test_the_command_line_has_the_controls(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        replays = await replaying(browser)
        await browser.command("replay.step")
        assert replays.asked == [("step", 0)]
