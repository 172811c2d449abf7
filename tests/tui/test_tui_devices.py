"""The devices screen: what it lists, where Enter leads, and that no capture is lost on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from browser_driver import Browser, OpenBrowser
from leaping_clock import LeapingClock
from textual.widgets import Input

from tunscope.tui.device_picker import DevicePicker
from tunscope.tui.devices import (
    UNKNOWN_OWNER,
    DeviceChoice,
    DeviceRow,
    ListedDevices,
    NewDevice,
)
from tunscope.tui.screens.devices import DevicesScreen
from tunscope.tui.screens.new_device import NewDeviceScreen
from tunscope.tui.screens.quit import QuitScreen
from tunscope.tui.session import Ending, SessionState
from tunscope.tui.surroundings import Surroundings

ROWS = (
    DeviceRow("lo", "loopback", "up", 65536, ("127.0.0.1/8", "::1/128")),
    DeviceRow("eth0", "ethernet", "up", 1500, ("192.0.2.7/24",), peer="br0"),
    DeviceRow("tun0", "tun", "up", 1500, ("10.8.0.1/24",), "openvpn 7748"),
    DeviceRow("tun1", "tun", "up", 1400, ("10.9.9.1/24",), UNKNOWN_OWNER),
    DeviceRow("can0", "can", "down", 16, capturable=False),
)


@asynccontextmanager
async def devices_over(
    open_browser: OpenBrowser, devices: ListedDevices, **options: object
) -> AsyncIterator[Browser]:
    async with open_browser(surroundings=Surroundings(devices), **options) as browser:
        await browser.press("d")
        assert isinstance(browser.app.screen, DevicesScreen)
        yield browser


async def test_every_device_is_listed_with_its_owner(open_browser: OpenBrowser) -> None:
    devices = ListedDevices(ROWS)
    async with devices_over(open_browser, devices) as browser:
        assert devices.watched
        lines = browser.screen_text().split("\n")[1:]
        assert [line.split()[0].strip("▌") for line in lines[1:6]] == [r.name for r in ROWS]
        assert "openvpn 7748" in lines[3]
        assert "unknown" in lines[4]
        assert "127.0.0.1/8 +1" in lines[1]
        await browser.press("escape")
        assert browser.app.screen is browser.main
        assert not devices.watched
        assert browser.app.return_value is None


async def test_the_list_is_live_and_the_cursor_stays_on_its_device(
    open_browser: OpenBrowser,
) -> None:
    devices = ListedDevices(ROWS)
    async with devices_over(open_browser, devices) as browser:
        await browser.press("down", "down")
        devices.listed = tuple(
            replace(row, packets=5000, octets=10**6)
            for row in (*ROWS[1:], DeviceRow("tap3", "tap"))
        )
        await browser.until(lambda: "tap3" in browser.screen_text())
        lines = browser.screen_text().split("\n")[2:]
        selected = next(line for line in lines if line[0:1] == "▌")
        assert selected.startswith("▌tun0")
        await browser.until(lambda: "kpps" in browser.screen_text())
        devices.listed = ()
        await browser.until(lambda: "looking" in browser.screen_text())
        await browser.press("enter")
        assert isinstance(browser.app.screen, DevicesScreen)


async def test_enter_ends_the_capture_and_asks_for_the_device(open_browser: OpenBrowser) -> None:
    async with devices_over(open_browser, ListedDevices(ROWS)) as browser:
        await browser.steps("down", "enter")
        assert browser.app.return_value is Ending.RELEASE
        assert browser.app.surroundings.wanted == DeviceChoice("eth0")


async def test_an_unsaved_capture_is_asked_about_first(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    target = tmp_path / "kept.pcapng"
    async with devices_over(
        open_browser, ListedDevices(ROWS), packets=20, live=True, unsaved=True
    ) as browser:
        await browser.press("enter")
        assert isinstance(browser.app.screen, QuitScreen)
        assert "Save and go on" in browser.screen_text()
        await browser.press("escape")
        assert browser.app.screen is browser.main
        assert browser.app.surroundings.wanted is None
        await browser.steps("d", "enter", "s")
        await browser.until(lambda: "then capture on lo" in browser.screen_text())
        browser.main.query_one("PromptLine Input", Input).value = str(target)
        await browser.press("enter")
        browser.update(state=SessionState.STOPPED)
        browser.app.capture.source.finish()  # type: ignore[attr-defined]  # a growing file
        await browser.until(lambda: browser.app.return_value is not None)
        assert browser.app.surroundings.wanted == DeviceChoice("lo")
    assert target.exists()


async def test_discarding_goes_on_at_once(open_browser: OpenBrowser) -> None:
    async with devices_over(open_browser, ListedDevices(ROWS), live=True, unsaved=True) as browser:
        await browser.steps("enter", "d")
        assert browser.app.return_value is Ending.RELEASE
        assert browser.app.surroundings.wanted == DeviceChoice("lo")


async def test_a_device_of_unknown_packets_is_refused(open_browser: OpenBrowser) -> None:
    async with devices_over(open_browser, ListedDevices(ROWS)) as browser:
        await browser.steps("end", "enter")
        assert isinstance(browser.app.screen, DevicesScreen)
        assert "not known" in browser.screen_text()


async def test_the_form_makes_a_device(open_browser: OpenBrowser) -> None:
    async with devices_over(open_browser, ListedDevices(ROWS)) as browser:
        await browser.press("n")
        assert isinstance(browser.app.screen, NewDeviceScreen)
        name = browser.app.screen.query_one("#name", Input)
        assert name.value == "tun2"  # the first that is free
        name.value = "eth0"
        await browser.settle()
        assert "already" in browser.screen_text()
        await browser.press("enter")
        assert isinstance(browser.app.screen, NewDeviceScreen)
        name.value = "tap7"
        await browser.press("down", "down")
        await browser.type("10.1.2.3/24")
        await browser.press("down")
        await browser.type("1400")
        assert browser.app.screen.query_one("#kind", Input).value == "tap"
        await browser.press("enter")
        assert browser.app.surroundings.wanted == DeviceChoice(
            "tap7", NewDevice("tap", "10.1.2.3/24", "1400")
        )


async def test_a_mistake_in_the_form_is_said_as_it_is_typed(open_browser: OpenBrowser) -> None:
    devices = ListedDevices(ROWS, mistake="--mtu 5: too small")
    async with devices_over(open_browser, devices) as browser:
        await browser.press("n", "9")
        assert "--mtu 5: too small" in browser.screen_text()
        await browser.press("enter")
        assert isinstance(browser.app.screen, NewDeviceScreen)
        await browser.press("escape")
        await browser.until(lambda: isinstance(browser.app.screen, DevicesScreen))
        await browser.press("escape")
        await browser.until(lambda: browser.app.screen is browser.main)


async def test_what_the_devices_are_is_said_above_them(open_browser: OpenBrowser) -> None:
    surroundings = Surroundings(ListedDevices(ROWS), devices_remark="These are [b]not the lab's")
    async with open_browser(surroundings=surroundings) as browser:
        await browser.press("d")
        assert "These are [b]not the lab's" in browser.line(1)
        assert "openvpn 7748" in browser.screen_text()


async def test_hostile_device_names_reach_no_terminal(open_browser: OpenBrowser) -> None:
    rows = (DeviceRow("\x1b[2J[b]x", "tun\x07", "up", owner="\x1b]0;me\x07 5", peer="\u202e"),)
    async with devices_over(open_browser, ListedDevices(rows, mistake="\x1b[5m no")) as browser:
        await browser.press("enter")
        text = browser.screen_text()
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
        assert "[b]x" in text


async def test_without_anybody_to_ask_the_key_says_so(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.press("d")
        assert "nobody to ask" in browser.app.messages[-1].text


async def test_the_picker_ends_with_the_choice(clock: LeapingClock) -> None:
    app = DevicePicker(ListedDevices(ROWS), "tun9: no such [b]device")
    async with app.run_test(size=(80, 24)) as pilot:
        await clock.pass_time(0.1)
        await pilot.press("down", "enter")
    assert app.return_value == DeviceChoice("eth0")


async def test_the_picker_can_be_left(clock: LeapingClock) -> None:
    app = DevicePicker(ListedDevices((), failure="devices: no netlink"))
    async with app.run_test(size=(80, 24)) as pilot:
        await clock.pass_time(0.1)
        await pilot.press("escape")
    assert app.return_value is None
