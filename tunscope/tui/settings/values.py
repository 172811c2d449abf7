"""Values of the configuration file: each checked, each mistake told in one line."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from tunscope.errors import UsageError
from tunscope.packet.printable import printable
from tunscope.tui.settings.model import (
    LARGEST_PANE,
    MOST_COLUMNS,
    SMALLEST_PANE,
    WIDEST_COLUMN,
    ColumnChoice,
    PaneSizes,
)
from tunscope.tui.settings.rule import TONES, ColouringRule

_KINDS: Final = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a table",
}
#: Rules at most, and characters of the longest text.
_MOST_RULES: Final = 200
_LONGEST_TEXT: Final = 4000


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the file, for what is wrong there."""

    file: str
    path: str = ""

    def inside(self, name: str) -> Place:
        """Return the place of the setting `name` within this one."""
        shown = printable(name)
        return Place(self.file, f"{self.path}.{shown}" if self.path else shown)

    def at(self, index: int) -> Place:
        """Return the place of a list's item, counted from 1."""
        return Place(self.file, f"{self.path}[{index + 1}]")

    def fail(self, why: str, hint: str = "") -> NoReturn:
        """Raise UsageError."""
        raise UsageError(f"{self.file}: {self.path}", why, hint)

    def wrong_kind(self, wanted: type, value: object) -> NoReturn:
        """Raise UsageError for a value of another type."""
        kind = _KINDS.get(type(value), "a date or time")
        self.fail(f"{_KINDS[wanted]} is wanted, not {kind}")

    def check_names(self, table: Mapping[str, object], known: Collection[str]) -> None:
        """Raise UsageError for a name in `table` that is not `known`."""
        for key in table:
            if key not in known:
                self.inside(key).fail("no such setting", _meant(key, known))

    def choice(self, text: str, known: Collection[str], what: str) -> str:
        """Return `text` if it is one of `known`; UsageError with what was probably meant."""
        if text not in known:
            self.fail(f"{printable(text)}: no such {what}", _meant(text, known))
        return text


def _meant(text: str, known: Collection[str]) -> str:
    """Return a hint: what was probably meant, or what there is if that is not too much."""
    meant = difflib.get_close_matches(text, known, n=1, cutoff=0.5)
    if meant:
        return f"did you mean {meant[0]}?"
    return f"known: {', '.join(known)}" if len(known) <= 20 else ""


def truth(place: Place, value: object) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        place.wrong_kind(bool, value)
    return value


def number(place: Place, value: object, low: int, high: int) -> int:
    """Return a whole number from `low` to `high`."""
    if not isinstance(value, int) or isinstance(value, bool):
        place.wrong_kind(int, value)
    if not low <= value <= high:
        place.fail(f"{value} is not within {low} to {high}")
    return value


def text(place: Place, value: object) -> str:
    """Return a text of one line."""
    if not isinstance(value, str):
        place.wrong_kind(str, value)
    if len(value) > _LONGEST_TEXT:
        place.fail(f"longer than {_LONGEST_TEXT} characters")
    if not value.isprintable():
        place.fail("holds a character that cannot be printed")
    return value


def _items(place: Place, value: object, most: int) -> list[Any]:
    if not isinstance(value, list):
        place.wrong_kind(list, value)
    if len(value) > most:
        place.fail(f"more than {most} entries")
    return value


def _table(place: Place, value: object, known: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        place.wrong_kind(dict, value)
    place.check_names(value, known)
    return value


def theme(place: Place, value: object) -> str:
    """Return the name of a theme."""
    from textual.theme import BUILTIN_THEMES

    from tunscope.tui.themes import THEMES

    return place.choice(text(place, value), [*(t.name for t in THEMES), *BUILTIN_THEMES], "theme")


def time_format(place: Place, value: object) -> str:
    """Return the name of a time format; a reference needs a packet, so it is none of them."""
    return place.choice(text(place, value), ("start", "absolute", "delta"), "time format")


def layout(place: Place, value: object) -> PaneSizes:
    """Return the sizes of the panes."""
    table = _table(place, value, ("details", "bytes"))
    sizes = PaneSizes()
    details = table.get("details", sizes.details)
    octets = table.get("bytes", sizes.bytes)
    return PaneSizes(
        number(place.inside("details"), details, SMALLEST_PANE, LARGEST_PANE),
        octets
        if octets == 0 and isinstance(octets, int)
        else number(place.inside("bytes"), octets, SMALLEST_PANE, LARGEST_PANE),
    )


def columns(place: Place, value: object) -> tuple[ColumnChoice, ...]:
    """Return columns; each stands once."""
    chosen = [
        _column(place.at(index), item)
        for index, item in enumerate(_items(place, value, MOST_COLUMNS))
    ]
    names = [choice.column for choice in chosen]
    for index, name in enumerate(names):
        if name in names[:index]:
            place.at(index).fail(f"{name} stands there already")
    return tuple(chosen)


def _column(place: Place, value: object) -> ColumnChoice:
    if isinstance(value, str):
        return ColumnChoice(column_id(place, value))
    table = _table(place, value, ("column", "title", "width", "align"))
    if "column" not in table:
        place.fail("no column is named", 'as in {column = "field:ip.ttl"}')
    align = table.get("align", "")
    return ColumnChoice(
        column_id(place.inside("column"), table["column"]),
        text(place.inside("title"), table.get("title", "")),
        number(place.inside("width"), table.get("width", 0), 0, WIDEST_COLUMN),
        place.inside("align").choice(
            text(place.inside("align"), align), ("left", "right"), "alignment"
        )
        if align != ""
        else "",
    )


def column_id(place: Place, value: object) -> str:
    """Return the id of a column that there is."""
    from tunscope.tui.table_columns import BUILT_IN, FIELD_PREFIX

    name = text(place, value)
    if not name.startswith(FIELD_PREFIX):
        if name not in BUILT_IN and "." in name:
            place.fail(f"{name}: no such column", f"a field is written {FIELD_PREFIX}{name}")
        return place.choice(name, [*BUILT_IN], "column")
    from tunscope.filter.table import lookup, suggest

    field = name.removeprefix(FIELD_PREFIX)
    if lookup(field) is None:
        meant = suggest(field)
        hint = f"did you mean {FIELD_PREFIX}{meant}?" if meant else "tunscope fields WORD searches"
        place.fail(f"{name}: no such field", hint)
    return name


def keys(place: Place, value: object) -> Mapping[str, str]:
    """Return keys by the ids of their actions, without conflicts."""
    from tunscope.tui.keymap import ENTRIES
    from tunscope.tui.settings.keys import conflicts

    if not isinstance(value, dict):
        place.wrong_kind(dict, value)
    found = {}
    for identity, given in _flat(value).items():
        inside = place.inside(identity)
        if identity not in ENTRIES:
            inside_name = Place(place.file, place.path)
            inside_name.choice(identity, ENTRIES, "action")
        found[identity] = _key_list(inside, given)
    for conflict in conflicts(found):
        place.fail(str(conflict), "give one of them another key")
    return {name: given for name, given in found.items() if given != ENTRIES[name].binding.key}


def _flat(table: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return a table whose dotted names may have been written without quotes."""
    flat = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{before}{name}."))
        else:
            flat[f"{before}{name}"] = value
    return flat


def _key_list(place: Place, value: object) -> str:
    from tunscope.tui.settings.keys import NO_KEY, textual_key

    wanted = value if isinstance(value, list) else [value]
    names = []
    for item in wanted:
        written = text(place, item)
        if written in ("", NO_KEY):
            continue
        key = textual_key(written)
        if key is None:
            place.fail(f"{written}: no such key", "as in ctrl+g, f5, pageup, G or /")
        names.append(key)
    return ",".join(names) or NO_KEY


_RULE_TEXTS: Final = ("name", "filter", "tone", "sign", "foreground", "background")


def rules(place: Place, value: object) -> tuple[ColouringRule, ...]:
    """Return colouring rules."""
    return tuple(
        _rule(place.at(index), item) for index, item in enumerate(_items(place, value, _MOST_RULES))
    )


def _rule(place: Place, value: object) -> ColouringRule:
    table = _table(place, value, (*_RULE_TEXTS, "tint", "bold"))
    texts = {n: text(place.inside(n), table[n]) for n in _RULE_TEXTS if n in table}
    if not texts.get("filter"):
        place.fail("no filter", "every rule has a display filter")
    _check_filter(place.inside("filter"), texts["filter"])
    place.inside("tone").choice(texts.get("tone", "text"), TONES, "tone")
    if len(texts.get("sign", "")) > 1 or not texts.get("sign", "").isascii():
        place.inside("sign").fail("one ASCII character at most")
    for name in ("foreground", "background"):
        _check_colour(place.inside(name), texts.get(name, ""))
    texts.setdefault("name", texts["filter"])
    return ColouringRule(
        **texts,
        tint=number(place.inside("tint"), table.get("tint", 10), 0, 100),
        bold=truth(place.inside("bold"), table.get("bold", False)),
    )


def _check_filter(place: Place, written: str) -> None:
    from tunscope.filter.compiled import compile_filter
    from tunscope.filter.errors import FilterError

    try:
        compile_filter(written)
    except FilterError as error:
        place.fail(f"{error.message}, column {error.column}", error.hint)


def _check_colour(place: Place, written: str) -> None:
    if not written:
        return
    from textual.color import Color, ColorParseError

    try:
        Color.parse(written)
    except ColorParseError:
        place.fail(f"{printable(written)}: no such colour", "as in #5fa8e8 or darkred")
