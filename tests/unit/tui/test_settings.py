"""The configuration file: what it may say, what is told of a mistake, and back to TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunscope.errors import ExitCode, UsageError
from tunscope.tui.keymap import ENTRIES
from tunscope.tui.settings.keys import conflicts, default_keys, textual_key
from tunscope.tui.settings.model import ColumnChoice, PaneSizes, Settings
from tunscope.tui.settings.reading import LARGEST, load_settings, parse_settings
from tunscope.tui.settings.rule import ColouringRule
from tunscope.tui.settings.writing import template, toml


def parse(text: str) -> Settings:
    return parse_settings(text.encode(), "config.toml")


def test_an_empty_file_gives_the_defaults() -> None:
    assert parse("") == Settings()


def test_no_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "config.toml") == Settings()


def test_everything_can_be_set() -> None:
    assert parse(
        """
        theme = "tunscope-light"
        time_format = "delta"
        resolve_names = true
        colouring = false
        columns = ["number", {column = "field:ip.ttl", title = "TTL", width = 4, align = "left"}]
        [layout]
        details = 50
        bytes = 40
        [keys]
        "packet.mark" = ["f5", "^y"]
        [[colouring_rules]]
        name = "mine"
        filter = "ip.ttl < 3"
        tone = "error"
        tint = 20
        sign = "!"
        foreground = "#112233"
        """
    ) == Settings(
        theme="tunscope-light",
        time_format="delta",
        resolve_names=True,
        colouring=False,
        columns=(ColumnChoice("number"), ColumnChoice("field:ip.ttl", "TTL", 4, "left")),
        layout=PaneSizes(50, 40),
        keys={"packet.mark": "f5,ctrl+y"},
        colouring_rules=(
            ColouringRule("mine", "ip.ttl < 3", "error", 20, sign="!", foreground="#112233"),
        ),
    )


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("thme = 1", "thme", "did you mean theme?"),
        ('theme = "nrd"', "theme", "did you mean nord?"),
        ("theme = 3", "theme", "a text is wanted, not a whole number"),
        ('resolve_names = "yes"', "resolve_names", "true or false is wanted, not a text"),
        ("colouring = 1", "colouring", "true or false is wanted"),
        ("layout = 3", "layout", "a table is wanted"),
        ("[layout]\ndetails = true", "layout.details", "a whole number is wanted"),
        ("[layout]\ndetails = 99", "layout.details", "not within 10 to 85"),
        ("[layout]\nbytes = 3", "layout.bytes", "not within 10 to 85"),
        ("[layout]\nbyte = 30", "layout.byte", "did you mean bytes?"),
        ('columns = "number"', "columns", "a list is wanted"),
        ('columns = ["nmber"]', "columns[1]", "did you mean number?"),
        ('columns = ["info", "info"]', "columns[2]", "stands there already"),
        ('columns = ["ip.ttl"]', "columns[1]", "field:ip.ttl"),
        ('columns = ["field:ip.tl"]', "columns[1]", "did you mean field:ip.ttl?"),
        ('columns = [{title = "x"}]', "columns[1]", "no column is named"),
        ('columns = [{column = "info", widht = 3}]', "columns[1].widht", "did you mean width?"),
        ('columns = [{column = "info", align = "up"}]', "columns[1].align", "left"),
        ('[keys]\n"packet.marc" = "x"', "keys", "did you mean packet.mark?"),
        ('[keys]\n"packet.mark" = "hyperspace"', "keys.packet.mark", "no such key"),
        ('[keys]\n"packet.mark" = 3', "keys.packet.mark", "a text is wanted"),
        ('[keys]\n"packet.mark" = "p"', "keys", "p is wanted by packet.mark and by view.pause"),
        ('[[colouring_rules]]\nname = "x"', "colouring_rules[1]", "no filter"),
        ('[[colouring_rules]]\nfilter = "tcp.prt"', "colouring_rules[1].filter", "tcp.port"),
        ('[[colouring_rules]]\nfilter = "ip"\ntone = "eror"', "colouring_rules[1].tone", "error"),
        ('[[colouring_rules]]\nfilter = "ip"\nsign = "!!"', "colouring_rules[1].sign", "one"),
        ('[[colouring_rules]]\nfilter = "ip"\nbackground = "x"', "background", "no such colour"),
        ("time_format = [", "config.toml", "is not TOML"),
        ("theme = 'a\u202eb'", "theme", "cannot be printed"),
    ],
)
def test_a_mistake_is_one_line_with_its_place_and_exit_status_2(
    text: str, place: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    line = str(caught.value)
    assert "\n" not in line
    assert line.isprintable()
    assert place in line
    assert said in line
    assert caught.value.exit_code == ExitCode.USAGE


def test_what_is_no_text_or_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"theme = '\xff'")
    with pytest.raises(UsageError, match="UTF-8"):
        load_settings(path)
    path.write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(UsageError, match="larger than"):
        load_settings(path)
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings(tmp_path)


def test_what_is_shown_can_be_read_again() -> None:
    shown = toml(Settings(), default_keys())
    assert parse(shown) == Settings()
    assert set(tomllib.loads(shown)["keys"]) == set(ENTRIES)


def test_the_template_changes_nothing_until_it_is_edited() -> None:
    assert parse(template(Settings(), default_keys())) == Settings()


@hypothesis.settings(max_examples=40, deadline=None)
@given(
    st.builds(
        ColouringRule,
        name=st.text().filter(str.isprintable),
        filter=st.sampled_from(["ip", 'http.host == "a\\\\b"']),
        tint=st.integers(0, 100),
        bold=st.booleans(),
    ),
    st.lists(
        st.builds(
            ColumnChoice,
            st.sampled_from(["number", "info", "field:ip.ttl"]),
            st.text().filter(str.isprintable),
            st.integers(0, 200),
            st.sampled_from(["", "left", "right"]),
        ),
        max_size=3,
        unique_by=lambda choice: choice.column,
    ),
)
def test_any_settings_survive_the_way_through_toml(
    rule: ColouringRule, columns: list[ColumnChoice]
) -> None:
    settings = Settings(columns=tuple(columns), colouring_rules=(rule,))
    assert parse(toml(settings, default_keys())) == settings
    bare = Settings(columns=tuple(columns), colouring_rules=())
    assert parse(toml(bare, default_keys())) == bare


def test_keys_may_be_swapped_and_taken_away() -> None:
    assert parse('[keys]\n"packet.mark" = "p"\n"view.pause" = "m"').keys == {
        "packet.mark": "p",
        "view.pause": "m",
    }
    assert parse('[keys]\nview.pause = ""\npacket.mark = "p"').keys["view.pause"] == "none"


def test_the_defaults_are_without_conflict() -> None:
    defaults = default_keys()
    assert [str(conflict) for conflict in conflicts(defaults)] == []


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("^g", "ctrl+g"),
        ("Ctrl+G", "ctrl+g"),
        ("/", "slash"),
        ("slash", "slash"),
        ("shift+g", "G"),
        ("+", "plus"),
        ("ctrl++", "ctrl+plus"),
        ("Esc", "escape"),
        ("F5", "f5"),
        ("shift+tab", "shift+tab"),
        ("foo", None),
        ("ctrl+ctrl+g", None),
        ("cmd+g", None),
    ],
)
def test_keys_as_people_write_them(written: str, key: str | None) -> None:
    assert textual_key(written) == key


@pytest.mark.parametrize("identity", sorted(ENTRIES))
def test_every_default_key_can_be_written_in_the_file(identity: str) -> None:
    for key in ENTRIES[identity].binding.key.split(","):
        assert textual_key(key.strip()) == key.strip()


def test_the_example_of_the_readme_is_in_order() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
    example = readme.partition("```toml\n")[2].partition("```")[0]
    assert parse(example) != Settings()
