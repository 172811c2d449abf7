"""What goes wrong with a capture under the browser: said plainly, the rest browsable."""

from __future__ import annotations

from pathlib import Path

from browser_driver import DATA, OpenBrowser, blocks_of

from tunscope.tui.session import SessionState, Severity


async def test_a_truncated_tail_is_told_and_stays_in_the_status_line(
    open_browser: OpenBrowser,
) -> None:
    _, blocks = blocks_of(DATA / "browser_tun.pcapng")
    async with open_browser(packets=7, tail=blocks[7][:50]) as browser:
        await browser.until(lambda: browser.app.messages)
        message = browser.app.messages[-1]
        assert message.severity is Severity.WARNING
        assert "cut short" in message.text
        assert "⚠ cut short" in browser.screen_text()
        assert "7 packets" in browser.screen_text()
        assert len(browser.app.messages) == 1


async def test_damage_within_the_file_is_told_where_it_is(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=7, tail=b"\x06\0\0\0\x03\0\0\0" + bytes(60)) as browser:
        await browser.until(lambda: "✖" in browser.screen_text() or "⚠" in browser.screen_text())
        await browser.press("1", "G")
        await browser.until(lambda: browser.main.detail.is_decoded)
        assert "7 packets" in browser.screen_text()


async def test_a_file_that_shrinks_stays_browsable_and_what_is_left_is_saved(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    head, blocks = blocks_of(DATA / "browser_tun.pcapng")
    target = tmp_path / "rest.pcapng"
    async with open_browser() as browser:
        with browser.path.open("r+b") as stream:
            stream.truncate(len(head) + sum(map(len, blocks[:40])))
        await browser.press("1", "5", "0", "G")
        assert "no longer kept" in browser.screen_text()
        await browser.press("3", "0", "G")
        await browser.until(lambda: browser.main.detail.is_decoded)
        await browser.command(f"w {target}")
        await browser.until(lambda: any("saved" in m.text for m in browser.app.messages))
        assert "saved 40 packets" in browser.app.messages[-1].text
        assert "115 packets no longer kept, left out" in browser.app.messages[-1].text
    assert len(blocks_of(target)[1]) == 40


async def test_a_capture_that_fails_says_so_and_can_be_saved(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    async with open_browser(packets=20, live=True, unsaved=True) as browser:
        browser.update(state=SessionState.FAILED)
        await browser.until(lambda: "✖ failed" in browser.line(0))
        await browser.press("1", "G")
        await browser.until(lambda: browser.main.detail.is_decoded)
        await browser.command(f"w {tmp_path / 'kept.pcapng'}")
        await browser.until(lambda: any("saved 20" in m.text for m in browser.app.messages))


async def test_a_storm_of_resizes_leaves_the_screen_whole(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await browser.press("6", "G")
        for width, height in [(40, 10), (1, 1), (250, 70), (10, 3), (80, 24), (3, 60), (120, 36)]:
            await browser.pilot.resize_terminal(width, height)
        await browser.until(lambda: browser.main.detail.is_decoded)
        await browser.settle()
        assert "155 packets" in browser.screen_text()
        assert any(line.startswith("▌") for line in browser.screen_text().split("\n"))


async def test_hostile_names_of_devices_and_files_are_harmless(open_browser: OpenBrowser) -> None:
    hostile = "[red]\x1b]0;owned\x07\x1b[2J\u202egnp.exe[/]\n"
    async with open_browser(packets=5, live=True, name=hostile) as browser:
        browser.app.tell(f"{hostile}: gone")
        await browser.press("w")
        text = browser.screen_text()
        for character in ("\x1b", "\x07", "\u202e"):
            assert character not in text
            assert character not in browser.app.suggested_path()
        assert "[red]" in text
