"""The pane with a command's output: harmless, scrolled, typed into."""

from __future__ import annotations

from browser_driver import Browser, OpenBrowser

from tunscope.tui.running_command import RecordedCommand
from tunscope.tui.surroundings import Surroundings
from tunscope.tui.widgets.command_pane import CommandPane

LINES = b"".join(b"line %d\r\n" % number for number in range(1, 41))


def pane(browser: Browser) -> CommandPane:
    assert browser.main.output is not None
    return browser.main.output


async def test_output_is_shown_from_its_end_and_scrolls(open_browser: OpenBrowser) -> None:
    command = RecordedCommand("make", LINES, running=True)
    async with open_browser(live=True, surroundings=Surroundings(command=command)) as browser:
        await browser.until(lambda: "line 40" in browser.screen_text())
        assert "Output  make: running" in browser.screen_text()
        await browser.press("shift+tab")
        assert browser.main.focused is pane(browser)
        await browser.press("home")
        assert "line 1 " in browser.screen_text()
        command.prints(b"more\r\n")  # what is looked at stays
        await browser.settle()
        assert "line 1 " in browser.screen_text()
        await browser.press("end")
        assert "more" in browser.screen_text()
        command.prints(b"and the newest\r\n")
        await browser.until(lambda: "and the newest" in browser.screen_text())


async def test_escape_sequences_and_control_characters_do_not_reach_the_terminal(
    open_browser: OpenBrowser,
) -> None:
    hostile = b"\x1b]52;c;ZXZpbA==\x07\x1b[31mred\x1b[0m\x07\x9b31m\xe2\x80\xaereversed\x1b[?1049h"
    command = RecordedCommand("curl\x1b[2J", hostile)
    async with open_browser(surroundings=Surroundings(command=command)) as browser:
        await browser.until(lambda: "reversed" in browser.screen_text())
        text = browser.screen_text()
        assert text.replace("\n", "").isprintable()
        assert "ZXZpbA" not in text
        assert "curl\\x1b[2J: ended with status 0" in text


async def test_after_enter_every_key_is_the_commands_until_the_one_that_leaves(
    open_browser: OpenBrowser,
) -> None:
    command = RecordedCommand("bash", b"$ ", running=True)
    async with open_browser(live=True, surroundings=Surroundings(command=command)) as browser:
        await browser.press("shift+tab", "q")
        assert browser.main.focused is browser.table  # not typing: a key of the screen
        await browser.press("shift+tab", "enter")
        assert "typing to it, ^] ends that" in browser.screen_text()
        await browser.press("q", "tab", "escape", "up", "ctrl+c", "1", "colon", "enter")
        assert command.typed == b"q\t\x1b\x1b[A\x031:\r"
        await browser.press("ctrl+right_square_bracket")
        assert "Enter types to it" in browser.screen_text()
        await browser.press("tab")
        assert browser.main.focused is browser.table
        assert command.typed.endswith(b":\r")


async def test_the_key_that_leaves_is_the_configurations(open_browser: OpenBrowser) -> None:
    command = RecordedCommand("bash", b"$ ", running=True)
    async with open_browser(
        live=True, surroundings=Surroundings(command=command), keymap={"output.leave": "f12"}
    ) as browser:
        await browser.press("shift+tab", "enter")
        assert "typing to it, f12 ends that" in browser.screen_text()
        await browser.press("ctrl+right_square_bracket", "x", "f12")
        assert command.typed == b"\x1dx"
        assert "Enter types to it" in browser.screen_text()


async def test_without_a_command_its_actions_are_refused(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.command("output.leave")
        assert "not on the screen" in browser.app.messages[-1].text


async def test_the_key_that_quits_from_anywhere_is_the_commands_while_it_is_typed_to(
    open_browser: OpenBrowser,
) -> None:
    command = RecordedCommand("bash", b"$ ", running=True)
    async with open_browser(live=True, surroundings=Surroundings(command=command)) as browser:
        await browser.press("shift+tab", "enter", "ctrl+s", "ctrl+q", "f1")
        assert command.typed == b"\x13\x11\x1bOP"
        assert browser.app.return_value is None
        await browser.press("ctrl+right_square_bracket", "ctrl+q")
        assert browser.app.return_value is not None  # with no packet to lose it does not ask


async def test_a_command_that_paints_in_every_colour_does_not_fill_the_memory(
    open_browser: OpenBrowser,
) -> None:
    command = RecordedCommand("film", b"$ ", running=True)
    async with open_browser(live=True, surroundings=Surroundings(command=command)) as browser:
        for red in range(256):
            cells = [b"\x1b[38;2;%d;0;%dmx" % (red, blue) for blue in range(20)]
            command.prints(b"".join(cells) + b"\r\n")
        painted = pane(browser)
        painted.pull()
        for row in range(0, painted.row_count, painted.body_height):
            painted.top = row
            painted.refresh(painted.extent.region)
            await browser.settle()
        assert 0 < len(painted._styles) <= 1024


async def test_a_command_that_ended_is_not_typed_to(open_browser: OpenBrowser) -> None:
    command = RecordedCommand("true")
    async with open_browser(surroundings=Surroundings(command=command)) as browser:
        await browser.press("shift+tab", "enter", "x")
        assert command.typed == b""


async def test_the_pane_is_zoomed_and_its_size_told(open_browser: OpenBrowser) -> None:
    command = RecordedCommand("make", LINES, running=True)
    async with open_browser(live=True, surroundings=Surroundings(command=command)) as browser:
        await browser.until(lambda: bool(command.sizes))
        width, height = pane(browser).extent
        assert command.sizes[-1] == (width - 1, height - 1)
        await browser.press("shift+tab", "backslash")
        await browser.until(lambda: command.sizes[-1][1] > 25)
        text = browser.screen_text()
        assert "line 20" in text
        assert "Fields" not in text
        await browser.press("escape")
        assert "Fields" in browser.screen_text()


async def test_without_a_command_there_is_no_pane(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        assert browser.main.output is None
        await browser.press("shift+tab")
        assert browser.main.focused is browser.main.query_one("#bytes")
