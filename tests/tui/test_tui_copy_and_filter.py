"""Copying the packet and the field, and filtering by the field."""

from __future__ import annotations

import ast
import base64
import json
import re
from itertools import pairwise

import pytest
from browser_driver import DATA, Browser, OpenBrowser

from tunscope.dissect import FieldNode, field_tree
from tunscope.filter.compiled import compile_filter
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource
from tunscope.packet.record import PacketRecord
from tunscope.tui.copying import c_array, fields_json, plain_text, python_bytes
from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.field_expression import combinations, expression_of
from tunscope.tui.screens.choice import ChoiceScreen


@pytest.fixture
def record() -> PacketRecord:
    """The HTTP request of the capture."""
    index = CaptureIndex(FileSource(DATA / "browser_tun.pcapng"))
    index.start()
    assert index.wait(10)
    found = index.record(6)
    index.stop()
    return found


def nodes(root: FieldNode) -> list[FieldNode]:
    return [found for child in root.children for found in (child, *nodes(child))]


def test_bytes_survive_as_c_and_python(record: PacketRecord) -> None:
    text = c_array(record.data, "packet_6")
    assert text.startswith(f"static const unsigned char packet_6[{record.caplen}] = {{\n")
    assert bytes(int(octet, 16) for octet in re.findall(r"0x(\w\w)", text)) == record.data
    call = ast.parse(python_bytes(record.data), mode="eval").body
    assert isinstance(call, ast.Call)
    assert bytes.fromhex(ast.literal_eval(call.args[0])) == record.data


def test_text_keeps_its_lines_and_nothing_a_terminal_obeys() -> None:
    assert plain_text(b"GET /\r\nHost: \x1b[31mx\xff") == "GET /\nHost: \\x1b[31mx\\xff"


def test_json_has_every_field(record: PacketRecord) -> None:
    root = field_tree(record)
    flat = json.dumps(json.loads(fields_json(root)), ensure_ascii=False)
    assert all(json.dumps(node.label, ensure_ascii=False) in flat for node in nodes(root))


def test_every_field_gives_a_filter_that_its_own_packet_passes(record: PacketRecord) -> None:
    judged = 0
    for node in nodes(field_tree(record)):
        text = expression_of(node, record.data)
        if text.startswith(("ip", "tcp", "frame[")):
            assert compile_filter(text).matches(record), text
            judged += 1
        elif text:
            compile_filter(text)
    assert judged > 30


def test_combinations_are_filters() -> None:
    present, field = "tcp or udp", "ip.ttl == 64"
    found = dict(combinations(field, present))
    assert found["… and not selected"] == "(tcp or udp) and !(ip.ttl == 64)"
    for text in found.values():
        compile_filter(text)
    assert len(combinations(field, "")) == 2


async def on_time_to_live(browser: Browser) -> None:
    await browser.press("6", "G")
    await browser.until(lambda: browser.main.detail.is_decoded)
    await browser.press("enter", "home", "down", "down", "right", *["down"] * 8)
    await browser.until(lambda: getattr(browser.main.detail.field, "name", "") == "ip.ttl")


async def test_y_copies_by_osc_52(
    open_browser: OpenBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await on_time_to_live(browser)
        written: list[str] = []
        assert browser.app._driver is not None
        monkeypatch.setattr(browser.app._driver, "write", written.append)
        await browser.press("y")
        assert isinstance(browser.app.screen, ChoiceScreen)
        text = browser.screen_text()
        rows = ["field  ", "value  ", "filter  ", "packet as hex dump", "packet as JSON"]
        places = [text.index(row) for row in rows]
        assert all(a < b for a, b in pairwise(places))
        await browser.press("down", "down", "enter")
        assert browser.app.messages[-1].text == "copied filter: 12 characters"
        copied = next(re.search(r"\x1b\]52;c;([^\a]*)\a", w) for w in written if "]52;" in w)
        assert copied is not None
        assert base64.b64decode(copied[1]) == b"ip.ttl == 64"


async def test_f_filters_by_the_selected_field(open_browser: OpenBrowser) -> None:
    async with open_browser(language=DisplayFilters()) as browser:
        await on_time_to_live(browser)
        await browser.press("f", "down", "enter")
        assert "/ !(ip.ttl == 64)" in browser.line(1)
        await browser.until(lambda: 0 < browser.table.row_count < 155)
        fewer = browser.table.row_count
        await browser.press("f", "escape")
        assert browser.table.row_count == fewer
