"""Help, messages, command line, palette, going to a packet, saving and quitting."""

from __future__ import annotations

import pytest
from browser_driver import OpenBrowser
from textual.command import CommandPalette

from tunscope.tui.keymap import ENTRIES, key_names
from tunscope.tui.screens.help import HelpScreen, help_lines
from tunscope.tui.screens.messages import MessagesScreen
from tunscope.tui.screens.quit import QuitScreen
from tunscope.tui.session import Ending, SessionMessage, SessionState, Severity


async def test_help_lists_every_binding_with_its_key(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.press("question_mark")
        assert isinstance(browser.app.screen, HelpScreen)
        await browser.press("q")
        assert not isinstance(browser.app.screen, HelpScreen)
    text = "\n".join("".join(t for t, _ in line.pieces) for line in help_lines({}))
    for identity, entry in ENTRIES.items():
        assert identity in text
        assert key_names(entry.binding.key) in text
        assert entry.binding.tooltip in text


def test_every_binding_has_an_id_of_its_own_and_an_explanation() -> None:
    assert len(ENTRIES) > 30
    for entry in ENTRIES.values():
        assert entry.identity.count(".") == 1
        assert entry.group
        assert entry.binding.tooltip
        assert entry.binding.description


async def test_a_key_map_changes_keys_and_the_help(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True, keymap={"view.pause": "ctrl+s"}) as browser:
        await browser.press("p")
        assert not browser.table.paused
        await browser.press("ctrl+s")
        assert browser.table.paused
        assert "^s Pause" in browser.line(-1)
        await browser.press("question_mark")
        await browser.press("end")
        lines = "\n".join(
            "".join(t for t, _ in line.pieces) for line in help_lines(browser.app.key_overrides)
        )
        assert "^s" in lines


async def test_messages_are_toasts_and_stay_in_the_log(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        browser.say(
            SessionMessage("device tun0 went away", Severity.ERROR),
            SessionMessage("a [red]\x1b[31mname", Severity.WARNING),
        )
        await browser.until(lambda: len(browser.app.messages) == 2)
        assert "device tun0 went away" in browser.screen_text()
        await browser.type(":messages")
        await browser.press("enter")
        assert isinstance(browser.app.screen, MessagesScreen)
        text = browser.screen_text()
        assert "✖ device tun0 went away" in text
        assert "▲ a [red]\\x1b[31mname" in text
        await browser.press("escape")
        assert browser.app.screen is browser.main


async def test_go_to_a_packet_by_number(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.press("ctrl+g")
        await browser.type("77")
        await browser.press("enter")
        assert browser.table.selected_number == 77
        assert browser.main.focused is browser.table
        await browser.type(":99")
        await browser.press("enter")
        assert browser.table.selected_number == 99
        await browser.press("ctrl+g", "9", "9", "9", "9", "enter")
        assert browser.table.selected_number == 99
        assert "155 packets" in browser.app.messages[-1].text


async def test_escape_leaves_a_question(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.press("ctrl+g", "7", "escape")
        assert not browser.main.prompt.asking
        assert browser.main.focused is browser.table
        assert browser.table.selected_number == 1


async def test_an_unknown_command_is_told(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.command("nonsense")
        assert "nonsense: no such command" in browser.app.messages[-1].text


async def test_the_palette_has_every_action(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        titles = [c.title for c in browser.app.get_system_commands(browser.main)]
        for identity, entry in ENTRIES.items():
            here = entry.namespace in {"packets", "fields", "bytes", "screen", "app"}
            if here and identity != "app.palette":
                assert any(f"({identity})" in title for title in titles), identity
        gone = {"(replay.pause)", "(output.leave)"}  # of panes that are not there
        assert not [title for title in titles for name in gone if name in title]
        await browser.press("ctrl+p")
        assert isinstance(browser.app.screen, CommandPalette)
        await browser.type("view.pause")
        await browser.pause(0.3)
        await browser.press("enter")
        await browser.until(lambda: browser.table.paused)


async def test_commands_run_by_name(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        await browser.command("theme tunscope-light")
        assert browser.app.theme == "tunscope-light"
        await browser.command("view.follow")
        assert not browser.table.following
        await browser.command("theme none")
        assert "not one of" in browser.app.messages[-1].text


async def test_the_last_line_can_be_clicked(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        x = browser.line(-1).index("Pause")
        await browser.pilot.click(browser.main.key_line, offset=(x, 0))
        await browser.settle()
        assert browser.table.paused


async def test_time_formats_and_reference(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.press("3", "G")
        assert "0.003204" in browser.screen_text()
        await browser.press("t")
        assert "time of day" in browser.line(-2)
        assert " 0.003204" not in browser.line(4)
        await browser.press("t")
        assert "0.002564" in browser.line(4)
        await browser.press("T")
        assert "since the reference packet" in browser.line(-2)
        assert "-0.003204" in browser.line(2)
        assert "0.000000" in browser.line(4)
        await browser.press("T")
        assert "since the first packet" in browser.line(-2)


async def test_q_quits_a_file_without_asking(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.pilot.press("q")
        await browser.pause(0.1)
    assert browser.app.return_value is Ending.RELEASE


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_an_unsaved_capture_asks_and_cancel_goes_back(
    open_browser: OpenBrowser, key: str
) -> None:
    async with open_browser(live=True, unsaved=True) as browser:
        await browser.press(key)
        assert isinstance(browser.app.screen, QuitScreen)
        assert "155 packets is not saved" in browser.screen_text()
        await browser.press("enter")
        assert isinstance(browser.app.screen, QuitScreen)
        await browser.press("escape")
        assert browser.app.screen is browser.main
        await browser.press(key, "d")
    assert browser.app.return_value is Ending.RELEASE


async def test_the_question_counts_the_packets_that_go_on_coming(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(live=True, unsaved=True, packets=40) as browser:
        await browser.press("q")
        assert "The capture of 40 packets is not saved." in browser.screen_text()
        await browser.grow(7)
        assert isinstance(browser.app.screen, QuitScreen)
        assert "The capture of 47 packets is not saved." in browser.screen_text()


async def test_stopping_keeps_the_packets(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        await browser.press("ctrl+e")
        assert browser.session.stopped
        browser.update(state=SessionState.STOPPED)
        await browser.settle()
        assert "■ stopped" in browser.line(0)
        assert browser.table.row_count == 155


async def test_b_asks_for_another_capture_filter(open_browser: OpenBrowser) -> None:
    asked: list[str] = []
    async with open_browser(live=True) as browser:
        browser.session.capture_filter = "port 53"
        browser.session.set_capture_filter = asked.append
        await browser.press("b")
        assert browser.line(-1) == " Capture filter (BPF) port 53"
        await browser.press("ctrl+u", "t", "c", "p", "enter")
        await browser.press("b", "ctrl+u", "enter")
        await browser.press("b", "escape")
        assert asked == ["tcp", ""]
        browser.update(state=SessionState.STOPPED)
        await browser.settle()
        await browser.press("b")
        assert not browser.main.prompt.asking
        assert "nothing is being captured" in browser.app.messages[-1].text
