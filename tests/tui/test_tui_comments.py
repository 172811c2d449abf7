"""Comments on packets: written, changed, taken away, saved, and never lost unasked."""

from __future__ import annotations

import subprocess
from pathlib import Path

from browser_driver import Browser, OpenBrowser
from textual.widgets import Input

from tunscope.capfile.reader import open_capture
from tunscope.capfile.writer import open_writer
from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.screens.choice import ChoiceScreen
from tunscope.tui.screens.quit import QuitScreen
from tunscope.tui.session import Ending, Severity


async def answer(browser: Browser, text: str) -> None:
    browser.main.query_one("PromptLine Input", Input).value = text
    await browser.press("enter")


def tshark_comments(path: Path) -> dict[int, str]:
    done = subprocess.run(
        ["tshark", "-n", "-r", path, "-Y", "frame.comment", "-T", "fields",
         "-e", "frame.number", "-e", "frame.comment"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = (line.split("\t") for line in done.stdout.splitlines())
    return {int(number): text for number, text in lines}


def commented_capture(folder: Path) -> Path:
    """Return a capture of three packets, the second with two comments."""
    from browser_driver import DATA

    path = folder / "commented.pcapng"
    with (
        open_capture(DATA / "browser_tun.pcapng") as reader,
        open_writer(path, reader.interfaces) as writer,
    ):
        from dataclasses import replace

        for number, record in zip(range(1, 4), reader, strict=False):
            comments = ("first", "second \x1b[31mred") if number == 2 else ()
            writer.write(replace(record, comments=comments))
    return path


async def test_a_comment_is_shown_in_list_and_fields_and_saved(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    target = tmp_path / "kept.pcapng"
    async with open_browser(packets=9) as browser:
        await browser.press("3", "G", "semicolon")
        assert "Comment on packet 3" in browser.line(-1)
        await answer(browser, "look: [bold]here[/]")
        await browser.until(lambda: browser.main.detail.is_decoded)
        row = next(line for line in browser.screen_text().split("\n") if line.startswith("▌"))
        assert row.startswith("▌¶")
        assert "look: [bold]here[/]" in browser.screen_text()
        await browser.press("m")
        assert any(line.startswith("▌◉") for line in browser.screen_text().split("\n"))
        await browser.command(f"w {target}")
        await browser.until(lambda: browser.app.messages)
        await browser.press("q")
        assert browser.app.return_value is Ending.RELEASE
    assert tshark_comments(target) == {3: "look: [bold]here[/]"}


async def test_existing_comments_are_kept_edited_and_removed(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    source = commented_capture(tmp_path)
    async with open_browser(source=source) as browser:
        await browser.press("2", "G")
        await browser.until(lambda: browser.main.detail.is_decoded)
        assert "\x1b" not in browser.screen_text()
        await browser.press("semicolon")
        assert isinstance(browser.app.screen, ChoiceScreen)
        await browser.press("down", "enter")
        assert browser.main.query_one("PromptLine Input", Input).value.startswith("second")
        await answer(browser, "2nd\\nline \\\\n")
        await browser.steps("semicolon", "down", "down", "enter")
        await answer(browser, "third")
        assert browser.app.capture.record(2).comments == ("first", "2nd\nline \\n", "third")
        await browser.steps("semicolon", *["down"] * 4, "enter")
        assert browser.app.capture.record(2).comments == ("2nd\nline \\n", "third")
        await browser.command(f"w {tmp_path / 'kept.pcapng'}")
        await browser.until(lambda: browser.app.messages)
    with open_capture(tmp_path / "kept.pcapng") as reader:
        assert [record.comments for record in reader] == [(), ("2nd\nline \\n", "third"), ()]


async def test_a_comment_that_is_emptied_goes(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=3) as browser:
        await browser.press("1", "G", "semicolon")
        await answer(browser, "gone soon")
        await browser.steps("semicolon", "enter")
        await answer(browser, "")
        assert browser.app.capture.record(1).comments == ()


async def test_without_a_packet_there_is_nothing_to_comment_on(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=0, live=True) as browser:
        await browser.press("semicolon")
        assert "no packet yet" in browser.app.messages[-1].text


async def test_a_filter_on_comments_sees_new_ones(open_browser: OpenBrowser) -> None:
    async with open_browser(
        packets=20, language=DisplayFilters(), display_filter='frame.comment contains "odd"'
    ) as browser:
        await browser.until(lambda: browser.main.view.progress == 1)
        assert browser.table.row_count == 0
        browser.main.filter_bar.apply("")  # type: ignore[union-attr]  # there is one
        await browser.until(lambda: browser.table.row_count == 20)
        await browser.press("5", "G", "semicolon")
        await answer(browser, "odd one")
        browser.main.filter_bar.apply('frame.comment contains "odd"')  # type: ignore[union-attr]
        await browser.until(lambda: browser.table.row_count == 1)
        assert browser.table.selected_number == 5


async def test_unsaved_comments_on_a_file_are_asked_about(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    async with open_browser(packets=5) as browser:
        await browser.press("1", "G", "semicolon")
        await answer(browser, "mine")
        await browser.press("q")
        assert isinstance(browser.app.screen, QuitScreen)
        assert "The comments on 1 packet are not saved." in browser.screen_text()
        await browser.steps("escape", "q", "s")
        entry = browser.main.query_one("PromptLine Input", Input)
        assert entry.value == str(browser.path)  # the comments belong into the file
        await browser.steps("enter", "y")
        await browser.until(lambda: browser.app.return_value is not None)
        assert browser.app.return_value is Ending.RELEASE
    assert tshark_comments(browser.path) == {1: "mine"}


async def test_a_pcap_says_that_it_has_no_place_for_comments(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    async with open_browser(packets=5) as browser:
        await browser.press("1", "G", "semicolon")
        await answer(browser, "mine")
        await browser.command(f"w {tmp_path / 'x.pcap'}")
        await browser.until(lambda: browser.app.messages)
        assert browser.app.messages[-1].severity is Severity.WARNING
        assert "no place for comments, left out: 1" in browser.app.messages[-1].text
        await browser.press("q")
        assert isinstance(browser.app.screen, QuitScreen)  # they are still not saved
