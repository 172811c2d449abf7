"""The packet editor, driven: fields, bytes, layers, undo, injecting, saving, answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser_driver import Browser, OpenBrowser
from textual.widgets import Input

from tunscope.capfile.reader import open_capture
from tunscope.index.capture import CaptureIndex
from tunscope.tui.screens.editor import EditorScreen
from tunscope.tui.screens.inject import InjectScreen
from tunscope.tui.session import SessionState


def editor(browser: Browser) -> EditorScreen:
    screen = browser.app.screen
    assert isinstance(screen, EditorScreen)
    return screen


async def open_editor(browser: Browser, number: str = "6") -> EditorScreen:
    await browser.press(*number, "G", "e")
    await browser.until(lambda: isinstance(browser.app.screen, EditorScreen))
    screen = editor(browser)
    await browser.until(lambda: screen.form.row is not None and screen.form.row.field is not None)
    return screen


async def go_to(browser: Browser, name: str) -> None:
    screen = editor(browser)
    row = next(
        index
        for index, row in enumerate(screen.editing.rows())
        if row.field is not None and row.field.name == name
    )
    screen.form.move_to(row)
    await browser.settle()


async def put(browser: Browser, name: str, value: str) -> None:
    """Write a value as a person does, but in one go."""
    await go_to(browser, name)
    await browser.press("enter")
    browser.app.screen.query_one("#value", Input).value = value
    await browser.settle()
    await browser.press("enter")


def value(browser: Browser, name: str) -> str:
    return next(
        row.field.value
        for row in editor(browser).editing.rows()
        if row.field is not None and row.field.name == name
    )


async def test_a_field_is_edited_in_its_place_and_the_bytes_follow(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(live=True) as browser:
        screen = await open_editor(browser)
        await go_to(browser, "ttl")
        await browser.press("enter")
        await browser.type("3")
        assert screen.bytes.data[8] == 3  # before it is taken
        assert screen.editing.data[8] == 64
        await browser.press("enter")
        assert screen.editing.data[8] == 3
        assert "1 change" in browser.line(0)
        assert [str(change) for change in screen.editing.changes()] == ["ip.ttl 64 -> 3"]
        assert "✎ ttl              3" in browser.screen_text()


async def test_a_wide_terminal_shows_long_values_and_names(open_browser: OpenBrowser) -> None:
    async with open_browser(size=(250, 50)) as browser:
        await open_editor(browser)
        text = browser.screen_text()
        assert "GET /index.html HTTP/1.1\\r\\nHost: " in text
        assert "request.version  " in text


async def test_what_does_not_fit_is_said_and_stays_typed(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        screen = await open_editor(browser)
        await go_to(browser, "ttl")
        await browser.press("enter")
        await browser.type("256")
        assert screen.note.tone == "error"
        await browser.press("enter")
        assert screen.is_typing
        assert screen.query_one("#value", Input).value == "256"
        assert not screen.editing.edited
        await browser.press("backspace", "enter")
        assert value(browser, "ttl") == "25"
        await browser.press("enter", "9", "escape")
        assert value(browser, "ttl") == "25"
        assert isinstance(browser.app.screen, EditorScreen)


async def test_tab_completes_the_names_of_a_value(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        screen = await open_editor(browser)
        await go_to(browser, "proto")
        await browser.press("enter")
        await browser.type("ud")
        await browser.press("tab")
        assert screen.query_one("#value", Input).value.startswith("udp")
        screen.query_one("#value", Input).value = "udp"
        await browser.press("enter")
        assert screen.editing.data[9] == 17


async def test_a_value_stays_over_its_field_whatever_size_the_terminal_gets(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(size=(80, 24)) as browser:
        screen = await open_editor(browser)
        await go_to(browser, "dport")
        await browser.press("enter")
        await browser.type("12")
        for size in ((120, 30), (50, 16), (80, 24)):
            await browser.pilot.resize_terminal(*size)
            await browser.settle()
            (line,) = (line for line in browser.screen_text().split("\n") if "▌  dport" in line)
            assert line.split()[2] == "12"
        screen.form.scroll_lines(-1)
        await browser.settle()
        (line,) = (line for line in browser.screen_text().split("\n") if "▌  dport" in line)
        assert line.split()[2] == "12"
        await browser.press("enter")
        assert value(browser, "dport") == "12"


@pytest.mark.parametrize("way", ["wheel", "click", "bytes"])
async def test_a_mouse_that_goes_elsewhere_leaves_every_value_as_it_was(
    open_browser: OpenBrowser, way: str
) -> None:
    async with open_browser(size=(80, 24)) as browser:
        screen = await open_editor(browser)
        await go_to(browser, "ttl")
        await browser.press("enter")
        await browser.type("12")
        if way == "wheel":
            screen.form.scroll_lines(30)
        elif way == "click":
            await browser.pilot.click(screen.form, offset=(4, screen.form.value_place()[1] + 1))
        else:
            await browser.pilot.click(screen.bytes, offset=(10, 2))
        await browser.settle()
        assert not screen.is_typing
        assert screen.bytes.has_focus == (way == "bytes")
        await browser.press("enter", "escape")
        assert not screen.editing.edited
        assert not screen.is_typing


async def test_undo_while_a_value_is_typed_takes_that_back_alone(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        screen = await open_editor(browser)
        await put(browser, "ttl", "9")
        await go_to(browser, "id")
        await browser.press("enter")
        await browser.type("77")
        await browser.press("ctrl+z")
        assert not screen.is_typing
        assert value(browser, "ttl") == "9"
        assert screen.bytes.has_focus is False
        await browser.press("ctrl+z")
        assert not screen.editing.edited


async def test_bytes_are_typed_over_and_the_form_follows(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        screen = await open_editor(browser)
        await go_to(browser, "ttl")
        await browser.press("tab", "0", "5")
        assert value(browser, "ttl") == "5"
        assert screen.bytes.byte_offset == 9
        row = screen.form.row
        assert row is not None
        assert row.field is not None
        assert row.field.name == "proto"
        await browser.press("plus")
        assert len(screen.editing.data) == 102
        await browser.press("minus")
        assert len(screen.editing.data) == 101


async def test_undo_redo_and_the_original(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        screen = await open_editor(browser)
        await put(browser, "ttl", "3")
        await put(browser, "dport", "8080")
        await browser.press("ctrl+z")
        assert (value(browser, "ttl"), value(browser, "dport")) == ("3", "80")
        await browser.press("ctrl+y")
        assert value(browser, "dport") == "8080"
        await browser.press("V")
        assert not screen.editing.edited
        await browser.press("ctrl+z")
        assert value(browser, "dport") == "8080"


async def test_the_switch_of_a_layer_keeps_its_checksum_as_typed(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(live=True) as browser:
        screen = await open_editor(browser)
        await go_to(browser, "ttl")
        await browser.press("space")
        assert "checksums as typed: IP" in browser.line(0)
        before = value(browser, "chksum")
        await put(browser, "ttl", "3")
        assert value(browser, "chksum") == before
        await browser.press("space")
        assert value(browser, "chksum") != before
        assert screen.editing.packet.layers()[0].automatic


async def test_layers_are_put_in_and_taken_out(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        screen = await open_editor(browser)
        await browser.press("plus", "enter")
        assert [layer.protocol for layer in screen.editing.packet.layers()][:3] == [
            "IP", "IP", "TCP",
        ]  # fmt: skip
        await browser.press("minus")
        assert screen.editing.data == screen.editing.original


async def test_the_diff_shows_fields_and_bytes(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        await open_editor(browser)
        await put(browser, "ttl", "3")
        await browser.press("v")
        text = browser.screen_text()
        assert "ip.ttl" in text
        assert "64 → 3" in text
        assert "- 0000  45" in text
        assert "03*" in text


async def test_an_edit_is_injected_with_a_note_of_its_origin(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        await open_editor(browser)
        await put(browser, "ttl", "3")
        await browser.press("ctrl+s")
        screen = browser.app.screen
        assert isinstance(screen, InjectScreen)
        assert screen.query_one("#side", Input).value == "wire"  # where packet 6 was going
        await browser.press("tab")
        screen.query_one("#count", Input).value = "3"
        screen.query_one("#increments", Input).value = "ip.idd"
        await browser.settle()
        assert "did you mean ip.id" in browser.screen_text()
        await browser.press("enter")
        assert browser.app.screen is screen
        screen.query_one("#increments", Input).value = "ip.id"
        await browser.press("enter")
        (order,) = browser.session.orders
        assert (order.side, order.count, order.increments) == ("kernel", 3, ("ip.id",))
        assert order.data[8] == 3
        assert order.comments == (
            "tunscope: injected (kernel side)", "tunscope: edited from #6: ip.ttl 64 -> 3",
        )  # fmt: skip
        assert order.packet_id is not None
        assert browser.app.capture.record(6).packet_id == order.packet_id
        await browser.press("escape")  # nothing is lost: it was injected
        assert browser.app.screen is browser.main


async def test_leaving_asks_before_changes_are_lost(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        screen = await open_editor(browser)
        await put(browser, "ttl", "3")
        await browser.press("escape")
        assert "lose 1 change?" in browser.screen_text()
        await browser.press("escape")
        assert browser.app.screen is screen
        await browser.press("escape", "y")
        assert browser.app.screen is browser.main


async def test_r_injects_the_packet_as_it_is(open_browser: OpenBrowser) -> None:
    async with open_browser(live=True) as browser:
        await browser.press("6", "G", "r", "enter")
        (order,) = browser.session.orders
        assert order.data == browser.app.capture.record(6).data
        assert order.comments[1] == "tunscope: copied from #6"
        assert order.packet_id is None


async def test_a_file_has_no_device_and_the_packet_is_saved(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    async with open_browser() as browser:
        await browser.press("6", "G", "r")
        assert "a file has no device" in browser.app.messages[-1].text
        screen = await open_editor(browser)
        await put(browser, "ttl", "3")
        await browser.press("ctrl+s")
        assert "a file has no device" in screen.note.text
        path = tmp_path / "one.pcapng"
        screen.query_one("PromptLine Input", Input).value = str(path)
        await browser.press("enter")
        with open_capture(path) as reader:
            (record,) = list(reader)
        assert record.data == screen.editing.data
        assert record.comments == ("tunscope: edited from #6: ip.ttl 64 -> 3",)
        assert record.packet_id is not None
        await browser.press("w")
        screen.query_one("PromptLine Input", Input).value = str(path)
        await browser.press("enter")
        assert "there already" in browser.app.messages[-1].text
        assert screen.query_one("PromptLine Input", Input).value == str(path)
        await browser.press("escape", "escape")
        assert browser.app.screen is browser.main
        assert not browser.session.orders


@pytest.mark.parametrize("kind", ["tun", "tap"])
async def test_every_template_opens(open_browser: OpenBrowser, kind: str) -> None:
    async with open_browser(kind, live=True) as browser:
        for index, name in enumerate(("ping", "tcp-syn", "udp", "arp", "dns")):
            await browser.press("E", *["down"] * index, "enter")
            if (kind, name) == ("tun", "arp"):
                assert "tun device carries nothing else" in browser.app.messages[-1].text
                continue
            await browser.until(lambda: isinstance(browser.app.screen, EditorScreen))
            assert f"Edit {name} →" in browser.line(0)
            screen = editor(browser)
            assert screen.editing.linktype == browser.app.capture.interfaces[0].linktype
            await browser.press("escape")
            assert browser.app.screen is browser.main


async def test_x_goes_to_the_answers(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        capture: CaptureIndex = browser.app.capture
        question = capture.record(6)
        await browser.press("6", "G", "x")
        first = browser.table.selected_number
        assert first is not None
        assert first > 6
        answer = capture.record(first)
        assert (answer.data[12:16], answer.data[16:20]) == (
            question.data[16:20], question.data[12:16],
        )  # fmt: skip
        await browser.press("x")
        assert (browser.table.selected_number or 0) > first
        assert "answers #6" in browser.app.messages[-1].text


async def test_injected_and_edited_packets_have_their_sign(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser() as browser:
        comments = browser.app.capture.annotations
        comments.set_comments(1, ("tunscope: injected (kernel side)",))
        comments.set_comments(2, ("tunscope: injected (wire side)", "tunscope: edited from #1: x"))
        browser.table.packet_changed(1)
        browser.table.packet_changed(2)
        await browser.settle()
        assert browser.line(2)[1] == "+"
        assert browser.line(3)[1] == "✎"
        assert browser.line(4)[1] == " "


async def test_a_capture_that_ended_says_why_nothing_is_injected(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(live=True) as browser:
        browser.update(state=SessionState.STOPPED)
        await browser.settle()
        await browser.press("6", "G", "r")
        assert "inject:" in browser.app.messages[-1].text
        assert not browser.session.orders
