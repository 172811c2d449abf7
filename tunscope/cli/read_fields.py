"""`-T fields`: one line a packet, the values of chosen fields, as tshark prints them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from tunscope.cli.read_columns import COLUMN_FIELDS, PREFIX, Columns, column_text
from tunscope.errors import UsageError
from tunscope.filter.formats import format_value
from tunscope.filter.layers.dissection import Dissection
from tunscope.filter.table import Field, lookup, suggest
from tunscope.packet.printable import printable

_QUOTES: Final = {"d": '"', "s": "'", "n": ""}
_CHARACTERS: Final = {"/t": "\t", "/s": " "}
_TRUTH: Final = {"y": True, "n": False}
_BYTE_ORDER_MARK: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class FieldsFormat:
    """The options of `-E`. `occurrence` is f (first), l (last) or a (all)."""

    header: bool = False
    bom: bool = False
    separator: str = "\t"
    aggregator: str = ","
    quote: str = ""
    occurrence: str = "a"


def parse_fields_format(words: Sequence[str]) -> FieldsFormat:
    """Read `-E NAME=VALUE` options; UsageError names the one that is wrong."""
    form = FieldsFormat()
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise UsageError(f"-E {word}", "is not an option of the form NAME=VALUE")
        match name:
            case "header" | "bom" if value.lower() in _TRUTH:
                truth = _TRUTH[value.lower()]
                form = replace(form, header=truth) if name == "header" else replace(form, bom=truth)
            case "separator" if _one_character(value):
                form = replace(form, separator=_CHARACTERS.get(value, value))
            case "aggregator" if _one_character(value):
                form = replace(form, aggregator=_CHARACTERS.get(value, value))
            case "quote" if value in _QUOTES:
                form = replace(form, quote=_QUOTES[value])
            case "occurrence" if value in {"f", "l", "a"}:
                form = replace(form, occurrence=value)
            case "header" | "bom" | "separator" | "aggregator" | "quote" | "occurrence":
                raise UsageError(f"-E {word}", f"{name} takes no such value", _EXPECTED[name])
            case _:
                raise UsageError(f"-E {word}", "no such option", ", ".join(_EXPECTED))
    return form


_EXPECTED: Final = {
    "header": "y or n",
    "bom": "y or n",
    "separator": "/t, /s or one character",
    "occurrence": "f, l or a",
    "aggregator": "/s or one character",
    "quote": "d, s or n",
}


def _one_character(value: str) -> bool:
    return len(value) == 1 or value in _CHARACTERS


ColumnOrField: TypeAlias = Field | Callable[[Columns], str]


@dataclass(frozen=True, slots=True)
class ChosenField:
    """One `-e`: the name as it was given, and the field or column that it stands for."""

    name: str
    source: ColumnOrField

    def values(self, columns: Columns | None, dissection: Dissection | None) -> list[str]:
        """Return the texts of its occurrences; a column always has one."""
        if not isinstance(self.source, Field):
            assert columns is not None, "the plan says which columns are needed"
            return [self.source(columns)]
        assert dissection is not None, "the plan says which fields are needed"
        field = self.source
        return [
            printable(format_value(field, value)) for value in dissection.values.get(field.name, ())
        ]


def choose_fields(names: Sequence[str]) -> list[ChosenField]:
    """Return what the names of `-e` stand for; UsageError for one that is no field."""
    return [ChosenField(name, _source(name)) for name in names]


def _source(name: str) -> ColumnOrField:
    if name.startswith(PREFIX):
        text = column_text(name)
        if text is None:
            raise UsageError(f"-e {name}", "no such column", ", ".join(COLUMN_FIELDS))
        return text
    field = lookup(name)
    if field is None:
        meant = suggest(name)
        hint = f"did you mean {meant}?" if meant else "tunscope fields WORD searches"
        raise UsageError(f"-e {name}", "no such field", hint)
    return field


class FieldLines:
    """Lines of `-T fields`."""

    def __init__(self, fields: Sequence[ChosenField], form: FieldsFormat) -> None:
        self._fields: Final = fields
        self._form: Final = form

    @property
    def heading(self) -> str:
        """What stands before the first line: "" or the names of the fields."""
        mark = _BYTE_ORDER_MARK if self._form.bom else ""
        if not self._form.header:
            return mark
        names = self._form.separator.join(field.name for field in self._fields)
        return f"{mark}{names}\n"

    def line(self, columns: Columns | None, dissection: Dissection | None) -> str:
        """Return one packet's line."""
        cells = (self._cell(field.values(columns, dissection)) for field in self._fields)
        return self._form.separator.join(cells) + "\n"

    def _cell(self, values: list[str]) -> str:
        if not values:
            return ""
        form = self._form
        if form.occurrence == "f":
            text = values[0]
        elif form.occurrence == "l":
            text = values[-1]
        else:
            text = form.aggregator.join(values)
        return f"{form.quote}{text}{form.quote}"
