"""Wireshark's filter language in the filter bar: tshark says which packets must be displayed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from browser_driver import DATA, Browser, OpenBrowser
from textual.widgets import Input

from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.seen_values import SeenValues

TUN = DATA / "browser_tun.pcapng"


def numbers_of_tshark(path: Path, display_filter: str) -> list[int]:
    done = subprocess.run(
        ["tshark", "-n", "-r", path, "-Y", display_filter, "-T", "fields", "-e", "frame.number"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [int(line) for line in done.stdout.split()]


def displayed(browser: Browser) -> list[int]:
    view = browser.table.view
    return [view.number(row) for row in range(browser.table.row_count)]


@pytest.mark.parametrize(
    "display_filter",
    ["tcp.port == 80", "tcp.flags.syn == 1", "!(ip.addr == 10.9.0.1) or icmp"],
)
async def test_the_list_shows_what_tshark_shows(
    open_browser: OpenBrowser, display_filter: str
) -> None:
    wanted = numbers_of_tshark(TUN, display_filter)
    async with open_browser(language=DisplayFilters()) as browser:
        await browser.press("slash")
        browser.main.query_one("FilterBar Input", Input).value = display_filter
        await browser.press("enter")
        await browser.until(lambda: displayed(browser) == wanted)
        assert f"✔ {len(wanted)} of 155" in browser.line(1)


async def test_a_filter_given_at_the_start_is_in_force_and_can_be_switched_off(
    open_browser: OpenBrowser,
) -> None:
    wanted = numbers_of_tshark(TUN, "icmp")
    async with open_browser(language=DisplayFilters(), display_filter="icmp") as browser:
        await browser.until(lambda: displayed(browser) == wanted)
        assert "/ icmp" in browser.line(1)
        await browser.press("exclamation_mark")
        await browser.until(lambda: browser.table.row_count == 155)


async def test_a_mistake_shows_its_column_and_what_was_probably_meant(
    open_browser: OpenBrowser,
) -> None:
    async with open_browser(language=DisplayFilters(), size=(160, 40)) as browser:
        await browser.press("slash")
        browser.main.query_one("FilterBar Input", Input).value = "ip and tcp.prt == 80"
        await browser.settle()
        assert '✘ column 8: "tcp.prt" is neither a field nor a protocol' in browser.line(1)
        assert "did you mean tcp.port?" in browser.line(1)


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("tc", "tcp"),
        ("tcp.po", "tcp.port"),
        ("ip.src == 10.9.0.1 and ud", "ip.src == 10.9.0.1 and udp"),
        ("arp.opcode == req", "arp.opcode == request"),
        ("dns.qry.type == MX", 'dns.qry.type == "MX (Mail eXchange)"'),
        ("tcp.port == 80", None),
        ('http.host contains "tc', None),
        ("nonsense.fi", None),
        ("", None),
    ],
)
def test_completion(typed: str, completed: str | None) -> None:
    language = DisplayFilters()
    found = language.completions(typed)
    assert (found[0] if found else None) == completed
    if completed and "==" in completed.rpartition("and")[2]:
        assert language.mistake(completed) is None


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ip.addr == ", "ip.addr == 10.9.0."),
        ("ip.addr == 10.9.0.250", ""),
        ("icmp or tcp.dstport == ", "icmp or tcp.dstport == 80"),
        ("tcp.port==4", "tcp.port==4"),
        ("ipv6.src == fd", "ipv6.src == fd"),
    ],
)
def test_values_seen_are_proposed_the_most_frequent_first(typed: str, expected: str) -> None:
    index = CaptureIndex(FileSource(DATA / "browser_tun.pcapng"))
    index.start()
    assert index.wait(10)
    language, seen = DisplayFilters(), SeenValues(index)
    found = language.completions(typed, seen)
    assert all(language.mistake(text) is None for text in found)
    passing = [int(language.predicate(text)(index, 0, index.count).sum()) for text in found]
    assert all(passing)
    assert (found[0] if found else "").startswith(expected)
    index.stop()
