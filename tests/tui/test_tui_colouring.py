"""Colouring rules: tshark says which packets pass, every theme must stay readable."""

from __future__ import annotations

import math
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from browser_driver import DATA, Browser, OpenBrowser
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from tunscope.capfile.writer import open_writer
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.tui.colouring import Colouring
from tunscope.tui.palette import contrast, palette
from tunscope.tui.rule_styles import rule_styles
from tunscope.tui.settings.default_rules import DEFAULT_RULES
from tunscope.tui.settings.model import Settings
from tunscope.tui.settings.rule import ColouringRule
from tunscope.tui.themes import THEMES


def numbers_of_tshark(path: Path, display_filter: str) -> set[int]:
    done = subprocess.run(
        ["tshark", "-n", "-r", path, "-Y", display_filter, "-T", "fields", "-e", "frame.number"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {int(line) for line in done.stdout.split()}


def index_of(path: Path) -> CaptureIndex:
    index = CaptureIndex(FileSource(path))
    index.start()
    assert index.wait(10)
    return index


@pytest.fixture(scope="module")
def odd_capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The capture of the browser, with retransmissions and packets about to expire."""
    path = tmp_path_factory.mktemp("colouring") / "odd.pcapng"
    index = index_of(DATA / "browser_tun.pcapng")
    records = [index.record(number) for number in range(1, index.count + 1)]
    last = records[-1].ts_ns
    again = [replace(record, ts_ns=last + (n + 1) * 10**9) for n, record in enumerate(records[:40])]
    low = [
        replace(record, ts_ns=last + 10**12, data=_with_ttl(record.data, 2))
        for record in records[:60]
        if record.data[0] == 0x45
    ]
    with open_writer(path, index.interfaces) as writer:
        for record in (*records, *again, *low):
            writer.write(record)
    index.stop()
    return path


def _with_ttl(data: bytes, ttl: int) -> bytes:
    return data[:8] + bytes([ttl]) + data[9:]


@pytest.mark.parametrize("name", ["tun", "tap", "odd"])
def test_the_first_rule_that_tshark_lets_pass_colours_the_row(name: str, odd_capture: Path) -> None:
    path = odd_capture if name == "odd" else DATA / f"browser_{name}.pcapng"
    index = index_of(path)
    colouring = Colouring(index, DEFAULT_RULES)
    passing = [numbers_of_tshark(path, rule.filter) for rule in DEFAULT_RULES]
    numbers = list(range(1, index.count + 1))
    while any(colouring.is_open(number) for number in numbers):
        colouring.settle(numbers, math.inf)
    for number in numbers:
        wanted = next((n for n, some in enumerate(passing) if number in some), -1)
        found = colouring.rule(number)
        names = [DEFAULT_RULES[n].name if n >= 0 else "none" for n in (found, wanted)]
        assert names[0] == names[1], f"packet {number}"
    met = {DEFAULT_RULES[colouring.rule(number)].name for number in numbers}
    assert {"tun": {"HTTP", "DNS", "ICMP"}, "tap": {"ARP"}, "odd": {"Bad TCP", "TTL low"}}[
        name
    ] <= met
    index.stop()


@pytest.mark.parametrize("theme", [*THEMES, *BUILTIN_THEMES.values()], ids=lambda t: t.name)
def test_every_rule_can_be_read_in_every_theme(theme) -> None:
    variables = theme.to_color_system().generate()
    styles = palette(variables)
    own = ColouringRule("own", "ip", foreground="#808080", background="#7f7f7f")
    for rule in (*DEFAULT_RULES, own):
        coloured = rule_styles(styles, rule)
        for style in (coloured.text, coloured.muted, coloured.tone):
            assert style.color is not None
            assert style.bgcolor is not None
            front, back = map(Color.from_rich_color, (style.color, style.bgcolor))
            assert contrast(front, back) >= 4.4, rule.name


def test_what_is_bad_is_said_without_colour_too() -> None:
    assert all(rule.sign for rule in DEFAULT_RULES if rule.tone == "error")


async def coloured(browser: Browser) -> None:
    await browser.until(lambda: browser.table.is_settled)


def backgrounds(browser: Browser, line: int) -> set[object]:
    strip = browser.app.screen._compositor.render_strips()[line]
    return {segment.style.bgcolor for segment in strip if segment.style and segment.text.strip()}


async def test_rows_are_coloured_and_ctrl_l_takes_the_colours_away(
    open_browser: OpenBrowser,
) -> None:
    rule = ColouringRule("tcp", "tcp.flags.syn == 1", "error", tint=30, sign="*")
    settings = Settings(colouring_rules=(rule,))
    async with open_browser(settings=settings) as browser:
        await browser.press("end")
        await coloured(browser)
        await browser.press("home")
        await coloured(browser)
        syn = min(numbers_of_tshark(DATA / "browser_tun.pcapng", "tcp.flags.syn == 1"))
        line = 1 + syn
        assert browser.line(line)[1] == "*"
        assert backgrounds(browser, line) != backgrounds(browser, line + 3)
        await browser.press("ctrl+l")
        assert browser.line(line)[1] == " "
        assert backgrounds(browser, line) == backgrounds(browser, line + 3)
        await browser.press("ctrl+l")
        await coloured(browser)
        assert browser.line(line)[1] == "*"


async def test_the_configuration_can_leave_the_colours_off(open_browser: OpenBrowser) -> None:
    async with open_browser(settings=Settings(colouring=False)) as browser:
        await coloured(browser)
        assert backgrounds(browser, 3) == backgrounds(browser, 9)
