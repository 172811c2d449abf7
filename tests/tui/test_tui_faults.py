"""What goes wrong with a capture under the browser: said plainly, the rest browsable."""

from __future__ import annotations

import struct
import threading
import warnings
from pathlib import Path

import numpy as np
from browser_driver import DATA, Browser, OpenBrowser, blocks_of
from leaping_clock import LeapingClock

from tunscope.capfile.writer import open_writer
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import SpoolSource
from tunscope.packet.record import PacketRecord
from tunscope.tui.app import TunscopeApp
from tunscope.tui.session import FileSession, SessionState, SessionStatus, SessionTitle, Severity
from tunscope.tui.settings.model import Settings


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


async def test_what_is_said_before_the_screen_is_there_is_told(open_browser: OpenBrowser) -> None:
    said = "ifb0 is down; the capture goes on when it is up"
    async with open_browser(packets=0, live=True, said=said) as browser:
        assert [message.text for message in browser.app.messages] == [said]
        assert "▲ ifb0 is down" in browser.screen_text()


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


HOSTILE = b"\x1b]0;owned\x07\x1b[2J[red]x[/red]\xe2\x80\xae"


def hostile_capture(path: Path) -> Path:
    """Write a DNS answer, an HTTP request and a TLS greeting full of terminal commands."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from scapy.layers.dns import DNS, DNSQR, DNSRR
        from scapy.layers.inet import IP, TCP, UDP
        from scapy.packet import Raw
    name = HOSTILE.replace(b".", b"")[:40] + b".example"
    sni = struct.pack("!HBH", len(HOSTILE) + 3, 0, len(HOSTILE)) + HOSTILE
    extension = struct.pack("!HH", 0, len(sni)) + sni
    body = b"\x03\x03" + bytes(32) + b"\0\0\x02\x13\x01\x01\0" + struct.pack("!H", len(extension))
    body += extension
    hello = b"\x01" + len(body).to_bytes(3, "big") + body
    tls = b"\x16\x03\x01" + struct.pack("!H", len(hello)) + hello
    http = b"GET /" + HOSTILE + b" HTTP/1.1\r\nHost: " + HOSTILE + b"\r\n\r\n"
    ends = IP(src="10.0.0.1", dst="10.0.0.2")
    answer = DNS(qr=1, qd=DNSQR(qname=name), an=DNSRR(rrname=name, rdata="10.0.0.2"))
    packets = [
        ends / UDP(sport=53, dport=4000) / answer,
        ends / TCP(sport=4001, dport=80, flags="PA") / Raw(http),
        ends / TCP(sport=4002, dport=443, flags="PA") / Raw(tls),
    ]
    with open_writer(path) as writer:
        for packet in packets:
            data = bytes(packet)
            writer.write(PacketRecord(data, 1, len(data), 101, comments=(HOSTILE.decode(),)))
    return path


async def test_hostile_packets_send_no_command_to_the_terminal(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    source = hostile_capture(tmp_path / "hostile.pcapng")
    async with open_browser(
        source=source, size=(160, 90), settings=Settings(resolve_names=True)
    ) as browser:
        for number in "123":
            await browser.press(number, "G")
            await browser.until(lambda: browser.main.detail.is_decoded)
            await browser.press("enter", "plus")
            await browser.settle()
            text = browser.screen_text()
            assert not {"\x1b", "\x07", "\u202e"} & set(text)
            assert "[red]x" in text  # shown as it is, and not as markup
            await browser.press("escape")


async def test_the_list_still_follows_when_all_its_packets_have_gone(
    tmp_path: Path, clock: LeapingClock
) -> None:
    head, blocks = blocks_of(DATA / "browser_tun.pcapng")
    first, second = (tmp_path / f"{number:08d}.pcapng" for number in (1, 2))
    first.write_bytes(head + b"".join(blocks[:40]))
    capture = CaptureIndex(SpoolSource(tmp_path))
    capture.start()
    session = FileSession(SessionTitle("tun0", "tun"), SessionStatus(SessionState.LIVE))
    app = TunscopeApp(capture, session, settings=Settings(), state=tmp_path / "state")
    try:
        async with app.run_test(size=(120, 36)) as pilot:
            browser = Browser(app, pilot, session, first, clock)
            await browser.until(lambda: app.is_running and browser.table.cursor == 39)
            second.write_bytes(head)
            first.unlink()
            await browser.until(lambda: browser.table.row_count == 0)
            with second.open("ab") as stream:
                stream.write(b"".join(blocks[40:90]))
            await browser.until(lambda: browser.table.row_count == 50)
            assert browser.table.following
            assert browser.table.selected_number == 90
    finally:
        capture.stop()


async def test_a_filter_over_a_live_capture_ends_with_its_screen(
    open_browser: OpenBrowser,
) -> None:
    def filtering() -> set[threading.Thread]:
        return {one for one in threading.enumerate() if one.name == "tunscope-filter"}

    others = filtering()
    async with open_browser(packets=7, live=True) as browser:
        browser.app.view.set_filter(lambda index, start, stop: np.ones(stop - start, np.bool_))
        await browser.until(lambda: browser.table.row_count == 7)
        (own,) = filtering() - others
    own.join(5)
    assert not own.is_alive()
