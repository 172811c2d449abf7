"""The table of fields the decoders of this package know: labels, types, masks, value names.

`fields.tsv` and `names.tsv` beside this module are the data, in the words of Wireshark 4.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

#: Bytes that a number of this type fills by nature; its hexadecimal digits are twice as many.
_WIDTHS: Final = {"UINT8": 1, "UINT16": 2, "UINT24": 3, "UINT32": 4, "UINT56": 7, "UINT64": 8}


@dataclass(frozen=True, slots=True)
class Field:
    """A field: `kind` is Wireshark's type without ``FT_``, `base` how its numbers are shown.

    `mask` selects the bits of the container, 0 for all of them; `names` gives values their
    names; `unit` follows the number, as singular and plural.
    """

    name: str
    label: str
    kind: str
    base: str
    mask: int
    names: Names
    unit: tuple[str, str]

    @property
    def width(self) -> int:
        """Bytes that a number of this type fills by nature."""
        return _WIDTHS.get(self.kind, 4)

    @property
    def container_bits(self) -> int:
        """Bits shown in the text of the mask."""
        if self.kind == "BOOLEAN":
            return int(self.base) if self.base.isdigit() else 8
        return self.width * 8


class Names:
    """The names of a field's values, single ones and ranges."""

    __slots__ = ("_ranges", "_single")

    def __init__(self) -> None:
        self._single: dict[int, str] = {}
        self._ranges: list[tuple[int, int, str]] = []

    def __bool__(self) -> bool:
        return bool(self._single or self._ranges)

    def add(self, values: str, name: str) -> None:
        """Take in a line of the table: a number or ``first-last``, and its name."""
        first, dash, last = values.partition("-") if values[:1] != "-" else (values, "", "")
        if dash:
            self._ranges.append((int(first), int(last), name))
        else:
            self._single.setdefault(int(first), name)

    def get(self, value: int) -> str | None:
        """Return the name of `value`, or None."""
        name = self._single.get(value)
        if name is None:
            for first, last, text in self._ranges:
                if first <= value <= last:
                    return text
        return name


_NO_NAMES: Final = Names()


def _lines(name: str) -> Iterator[str]:
    text = (files("tunscope.dissect") / name).read_text(encoding="utf-8")
    return (line for line in text.splitlines() if line and not line.startswith("#"))


@cache
def name_sets() -> Mapping[str, Names]:
    """Return every set of value names by its key."""
    sets: dict[str, Names] = {}
    present = _NO_NAMES
    for line in _lines("names.tsv"):
        values, tab, name = line.partition("\t")
        if tab:
            present.add(values, name)
        else:
            present = sets[line] = Names()
    return sets


@cache
def all_fields() -> Mapping[str, Field]:
    """Return every field by name."""
    table = {}
    sets = name_sets()
    for line in _lines("fields.tsv"):
        columns = [*line.split("\t"), *[""] * 8]
        name, label, kind, base, mask, names = columns[:6]
        unit = columns[6], columns[7] or columns[6]
        table[name] = Field(
            name, label, kind, base, int(mask or "0", 0), sets[names] if names else _NO_NAMES, unit
        )
    return table


def value_name(field: str, value: int, otherwise: str | None = None) -> str:
    """Return the name that `value` has in `field`; ``Unknown (value)`` or `otherwise` if none."""
    name = all_fields()[field].names.get(value)
    if name is None:
        return f"Unknown ({value})" if otherwise is None else otherwise
    return name
