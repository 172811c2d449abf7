"""How columns, texts and colours fit the terminal."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style
from textual.color import Color

from tunscope.packet.printable import printable
from tunscope.tui.command_line import Command, GoTo, parse_command
from tunscope.tui.palette import Palette, contrast, palette
from tunscope.tui.table_columns import DEFAULT, GUTTER, TAP, lay_out
from tunscope.tui.text import LineBuilder, fit
from tunscope.tui.themes import THEMES

PRINTABLE = st.text().map(printable)
IPV4 = {"source": 15, "destination": 15}


def ids(width: int, columns=DEFAULT, seen=IPV4) -> list[str]:
    return [column.id for column, _ in lay_out(columns, seen, width).columns]


def test_at_120_every_column_has_a_place() -> None:
    assert ids(120) == [column.id for column in DEFAULT]


def test_at_80_delta_goes_first_and_then_the_direction_joins_the_source() -> None:
    assert "delta" not in ids(80)
    layout = lay_out(DEFAULT, {"source": 30, "destination": 30}, 80)
    assert layout.arrow_column == "source"
    assert not layout.shows("direction")


def test_a_tap_keeps_macs_and_ethertype_at_120() -> None:
    shown = ids(120, TAP, {"source": 9, "destination": 9})
    assert {"mac_source", "mac_destination", "ethertype", "info"} <= set(shown)


@given(
    st.sampled_from([DEFAULT, TAP]),
    st.integers(1, 400),
    st.dictionaries(st.sampled_from([c.id for c in TAP]), st.integers(0, 60)),
)
def test_columns_never_take_more_than_there_is(columns, width, seen) -> None:
    layout = lay_out(columns, seen, width)
    used = GUTTER + sum(cells + layout.gap for _, cells in layout.columns)
    shown = {column.id for column, _ in layout.columns}
    assert {"number", "time", "source", "destination", "protocol", "info"} <= shown
    if width >= 80:
        assert used - layout.gap <= width
        assert {c.id: w for c, w in layout.columns}["info"] >= 1


def test_a_click_finds_its_column() -> None:
    layout = lay_out(DEFAULT, IPV4, 120)
    assert layout.at(0) is None
    first = layout.at(GUTTER)
    assert first is not None
    assert first.id == "number"
    last = layout.at(118)
    assert last is not None
    assert last.id == "info"


@given(PRINTABLE, st.integers(0, 40), st.booleans())
def test_fitted_text_has_exactly_the_width(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(text, width, right=right)) == width


@given(st.lists(PRINTABLE), st.integers(1, 60))
def test_a_line_has_exactly_the_width(texts: list[str], width: int) -> None:
    line = LineBuilder(width)
    for text in texts:
        line.add(text, Style.null())
    strip = line.strip(Style.null())
    assert sum(cell_len(segment.text) for segment in strip) == width


_TEXT_STYLES = sorted(set(Palette.__slots__) - {"faint", "rule", "thumb", "track"})


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("name", _TEXT_STYLES)
def test_text_can_be_read_in_both_themes(theme, name: str) -> None:
    styles = palette(theme.to_color_system().generate())
    style: Style = getattr(styles, name)
    assert style.color is not None
    assert style.bgcolor is not None
    front, back = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
    assert contrast(front, back) >= 4.5


def test_every_textual_theme_gives_a_palette() -> None:
    from textual.theme import BUILTIN_THEMES

    for theme in BUILTIN_THEMES.values():
        assert palette(theme.to_color_system().generate()).text.color is not None


def test_commands_are_understood() -> None:
    assert parse_command("123") == GoTo(123)
    assert parse_command(" w  /tmp/x y.pcap ") == Command("capture.save", "/tmp/x y.pcap")
    assert parse_command("view.follow") == Command("view.follow")
    assert parse_command("²") == Command("²")


def test_textual_sees_the_settings_whoever_imports_it_first() -> None:
    code = "import tunscope.tui.app, textual.constants as c; print(c.MAX_FPS, c.TEXTUAL_ANIMATIONS)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1000", "none"]
