"""Conversations and endpoints, driven: kinds, order, filter, follow, live, copy, mouse."""

from __future__ import annotations

import csv
import io
import ipaddress
import struct
from pathlib import Path

from browser_driver import Browser, OpenBrowser

from tunscope.capfile.writer import open_writer
from tunscope.index.statistics.conversations import Kind
from tunscope.packet.record import PacketRecord
from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.screens.conversations import ConversationsScreen
from tunscope.tui.screens.stream import StreamScreen


async def open_them(browser: Browser) -> ConversationsScreen:
    await browser.press("C")
    screen = browser.app.screen
    assert isinstance(screen, ConversationsScreen)
    await settled(browser)
    return screen


async def settled(browser: Browser) -> None:
    screen = browser.app.screen
    assert isinstance(screen, ConversationsScreen)
    await browser.until(
        lambda: (
            screen.is_settled
            and screen.table.page is not None
            and screen.table.page.choice == screen.choice
        )
    )


def column(browser: Browser, name: str) -> list[str]:
    screen = browser.app.screen
    assert isinstance(screen, ConversationsScreen)
    page = screen.table.page
    assert page is not None
    return [page.text(row, name, browser.app.capture.addresses) for row in range(len(page))]


def numbers(texts: list[str]) -> list[int]:
    return [int(text.replace(",", "")) for text in texts]


async def test_c_counts_tcp_conversations_the_largest_first(open_browser: OpenBrowser) -> None:
    async with open_browser("tap") as browser:
        await open_them(browser)
        assert "Conversations 11" in browser.line(0)
        assert "Ethernet 2   IPv4 1   IPv6 1  [TCP 11]  UDP 11" in browser.line(1)
        octets = numbers(column(browser, "octets"))
        assert octets == sorted(octets, reverse=True)
        assert octets[0] == 825
        assert "10.9.0.1:40666 10.9.0.2:80" in browser.line(3)
        await browser.press("q")
        assert browser.app.screen is browser.main


async def test_tab_and_arrows_change_the_kind(open_browser: OpenBrowser) -> None:
    async with open_browser("tap") as browser:
        screen = await open_them(browser)
        for key, kind in (
            ("tab", Kind.UDP),
            ("right", Kind.ETHERNET),
            ("tab", Kind.IPV4),
            ("left", Kind.ETHERNET),
            ("shift+tab", Kind.UDP),
        ):
            await browser.press(key)
            await settled(browser)
            assert screen.choice.kind is kind
        assert "[UDP 11]" in browser.line(1)


async def test_without_tcp_the_largest_kind_is_shown(open_browser: OpenBrowser) -> None:
    async with open_browser(
        "tap", language=DisplayFilters(), display_filter="arp or icmp"
    ) as browser:
        await browser.until(lambda: browser.table.row_count == 21)
        screen = await open_them(browser)
        await browser.until(lambda: screen.choice.kind is Kind.ETHERNET)
        assert "displayed packets" in browser.line(0)


async def test_the_filter_counts_until_f_is_pressed(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters(), display_filter="tcp.port == 40122") as b:
        await b.until(lambda: b.table.row_count == 10)
        await open_them(b)
        assert "Conversations 1 " in b.line(0)
        await b.press("f")
        await settled(b)
        assert "Conversations 11" in b.line(0)
        assert "all packets" in b.line(0)


async def test_keys_and_clicks_sort(open_browser: OpenBrowser) -> None:
    async with open_browser(size=(160, 36)) as browser:
        screen = await open_them(browser)
        await browser.press("less_than_sign")
        await settled(browser)
        assert screen.choice.sort == "packets"
        await browser.press("S")
        await settled(browser)
        packets = numbers(column(browser, "packets"))
        assert packets == sorted(packets)
        assert packets[0] == 2
        await browser.press("greater_than_sign")
        await settled(browser)
        assert screen.choice.sort == "octets"
        await browser.pilot.click(screen.table, offset=(3, 0))
        await settled(browser)
        ends = column(browser, "a")
        assert screen.choice.sort == "a"
        assert ends == sorted(ends)
        await browser.pilot.click(screen.table, offset=(3, 0))
        await settled(browser)
        assert column(browser, "a") == sorted(ends, reverse=True)


async def test_in_eighty_columns_every_column_is_reached(open_browser: OpenBrowser) -> None:
    async with open_browser(size=(80, 24)) as browser:
        screen = await open_them(browser)
        headings = screen.choice.headings

        def titles() -> set[str]:
            line = browser.line(2)
            return {heading.id for heading in headings if heading.title in line}

        first = titles()
        assert {"a", "b", "packets", "octets"} <= first < {h.id for h in headings}
        assert browser.line(2).endswith("›")
        seen = set(first)
        while browser.line(2).endswith("›"):
            before = titles()
            await browser.press("shift+right")
            assert titles() != before
            assert browser.line(2).startswith("‹Address A")
            assert browser.line(3).startswith("▌10.9.0.1:40666")
            seen |= titles()
        assert seen == {heading.id for heading in headings}
        last = browser.line(2)
        assert last.rstrip().endswith("Rate B→A")
        await browser.press("shift+right")
        assert browser.line(2) == last
        for _ in headings:
            await browser.press("shift+left")
        assert titles() == first
        assert browser.line(2).startswith(" Address A")
        await browser.pilot.click(screen.table, offset=(79, 0))
        await browser.settle()
        assert browser.line(2).startswith("‹Address A")
        await browser.pilot.click(screen.table, offset=(0, 0))
        await browser.settle()
        assert titles() == first


async def test_the_column_sorted_by_is_scrolled_into_view(open_browser: OpenBrowser) -> None:
    async with open_browser(size=(80, 24)) as browser:
        screen = await open_them(browser)
        for heading in (*screen.choice.headings, *screen.choice.headings):
            await browser.press("greater_than_sign")
            await settled(browser)
            title = next(h.title for h in screen.choice.headings if h.id == screen.choice.sort)
            assert f"{title}▾" in browser.line(2) or f"{title}▴" in browser.line(2), heading
        await browser.pilot.click(screen.table, offset=(3, 0))
        await settled(browser)
        assert screen.choice.sort == "a"


async def show_udp(browser: Browser) -> None:
    await open_them(browser)
    while "[UDP 1]" not in browser.line(1):
        await browser.press("tab")
    await settled(browser)


async def test_long_addresses_leave_room_for_the_numbers(
    open_browser: OpenBrowser, tmp_path: Path
) -> None:
    ends = "2001:db8:1234:5678:1234:5678:9abc:def0", "2001:db8:1234:5678:1234:5678:9abc:def1"
    addresses = b"".join(ipaddress.IPv6Address(end).packed for end in ends)
    packet = bytes.fromhex("60000000 0008 11 40") + addresses
    packet += struct.pack("!4H", 40122, 8443, 8, 0)
    path = tmp_path / "ipv6.pcapng"
    with open_writer(path) as writer:
        writer.write(PacketRecord(packet, 1, len(packet), 101))
    async with open_browser(source=path, size=(80, 24)) as browser:
        await show_udp(browser)
        row = browser.line(3)
        assert row.startswith("▌[2001:db8:")
        assert "…" in row
        assert ":40122 " in row
        assert ":8443 " in row
        assert f" {len(packet)}" in row
    async with open_browser(source=path, size=(160, 24)) as browser:
        await show_udp(browser)
        assert f"▌[{ends[0]}]:40122 [{ends[1]}]:8443 " in browser.line(3)


async def test_e_shows_endpoints_and_enter_displays_one(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await open_them(browser)
        await browser.press("e")
        await settled(browser)
        assert "Endpoints 13" in browser.line(0)
        assert column(browser, "a")[0] == "10.9.0.2:80"
        assert numbers(column(browser, "packets"))[0] == 100
        await browser.press("enter")
        assert browser.app.screen is browser.main
        await browser.until(lambda: browser.table.row_count == 100)


async def test_enter_displays_the_packets_of_a_conversation(open_browser: OpenBrowser) -> None:
    for kind in range(5):
        async with open_browser("tap", language=DisplayFilters()) as browser:
            screen = await open_them(browser)
            await browser.press(*["tab"] * kind)
            await settled(browser)
            wanted = numbers(column(browser, "packets"))[0]
            page = screen.table.page
            assert page is not None
            await browser.press("enter")
            await browser.until(lambda: browser.table.row_count == wanted)  # noqa: B023


async def test_s_follows_the_stream_of_the_row(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await open_them(browser)
        await browser.press("down", "s")
        assert isinstance(browser.app.screen, StreamScreen)
        await browser.until(lambda: "GET /index.html" in browser.screen_text())
        await browser.press("escape")
        assert isinstance(browser.app.screen, ConversationsScreen)
        await browser.press("tab", "tab", "tab")
        await settled(browser)
        await browser.press("s")
        assert "only TCP and UDP" in browser.app.messages[-1].text


async def test_y_copies_the_table_as_csv(open_browser: OpenBrowser) -> None:
    async with open_browser() as browser:
        await open_them(browser)
        await browser.press("y")
        rows = list(csv.reader(io.StringIO(browser.app.clipboard)))
        assert rows[0][:4] == ["Address A", "Address B", "Packets", "Bytes"]
        assert len(rows) == 12
        assert "11 rows" in browser.app.messages[-1].text


async def test_a_live_table_grows(open_browser: OpenBrowser) -> None:
    async with open_browser(packets=20, live=True) as browser:
        await browser.press("C")
        screen = browser.app.screen
        assert isinstance(screen, ConversationsScreen)
        await browser.until(lambda: screen.table.row_count == 2)
        await browser.grow(100)
        await browser.until(lambda: screen.table.row_count > 5)
        assert "● live" in browser.line(0)


async def test_the_mouse_chooses_kinds_and_rows(open_browser: OpenBrowser) -> None:
    async with open_browser("tap") as browser:
        screen = await open_them(browser)
        await browser.pilot.click(screen.tabs, offset=(2, 0))
        await settled(browser)
        assert screen.choice.kind is Kind.ETHERNET
        await browser.pilot.click(screen.table, offset=(5, 2))
        await browser.settle()
        assert screen.table.cursor == 1


async def test_brackets_step_through_the_conversation(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await browser.press("5", "G", "right_square_bracket")
        assert browser.table.selected_number == 6
        await browser.press("left_square_bracket", "left_square_bracket", "left_square_bracket")
        assert browser.table.selected_number == 3
        await browser.press("left_square_bracket")
        assert "first displayed packet" in browser.app.messages[-1].text
        await browser.command("filter tcp.len > 0 or icmp")
        await browser.until(lambda: browser.main.filter_bar.in_force)
        await browser.until(lambda: browser.table.row_count < 100)
        await browser.press("1", "G", "right_square_bracket")
        assert browser.table.selected_number == 8
        await browser.press("right_square_bracket")
        assert "last displayed packet" in browser.app.messages[-1].text


async def test_an_action_of_a_screen_that_is_not_there_is_refused(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser() as browser:
        await browser.command("conversations.endpoints")
        assert "not on the screen" in browser.app.messages[-1].text
        await browser.command("analysis.conversations")
        assert isinstance(browser.app.screen, ConversationsScreen)
