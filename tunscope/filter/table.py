"""The field table: every field a filter can name, with its type and what it is.

`fields.tsv` and `names.tsv` beside this module are the data; names and types are Wireshark
4.0's, which is the language people know. `own_fields.tsv` has what Wireshark does not.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Final

from tunscope.filter.fieldtypes import FieldType

#: Display bases: how numbers are printed.
HEXADECIMAL_BASES: Final = frozenset({"HEX", "HEX_DEC"})

#: Names that Wireshark itself still accepts, and others people use.
_RENAMED: Final = {"bootp": "dhcp", "ssl": "tls", "wireguard": "wg"}


@dataclass(frozen=True, slots=True)
class Field:
    """A field, or a protocol (`type` PROTOCOL).

    `protocol` owns it, `base` tells how numbers are shown (DEC, HEX, HEX_DEC, DEC_HEX, NONE, for
    times LOCAL or UTC), `names` is the key of its value names, if values have names.
    """

    name: str
    type: FieldType
    protocol: str
    base: str
    names: str
    description: str


class _FieldTable(Mapping[str, Field]):
    """Fields by name, made of their lines when they are asked for: most never are."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines: Final = {line[: line.index("\t")]: line for line in lines}
        self._made: Final[dict[str, Field]] = {}

    def __getitem__(self, name: str) -> Field:
        made = self._made.get(name)
        if made is None:
            _, kind, protocol, base, names, description = self._lines[name].split("\t")
            made = self._made[name] = Field(
                name, FieldType(kind), protocol or name, base or "NONE", names, description
            )
        return made

    def __contains__(self, name: object) -> bool:
        return name in self._lines

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


@cache
def all_fields() -> Mapping[str, Field]:
    """Return every field by name: Wireshark's in alphabetical order, then those of our own."""
    return _FieldTable(chain(_lines("fields.tsv"), _lines("own_fields.tsv")))


def lookup(name: str) -> Field | None:
    """Return the field called `name`, also by a name it had in earlier Wireshark versions."""
    table = all_fields()
    if name in table:
        return table[name]
    head, dot, tail = name.partition(".")
    return table.get(f"{_RENAMED[head]}{dot}{tail}") if head in _RENAMED else None


def search(word: str) -> Iterator[Field]:
    """Yield the fields whose name or description contains `word`, whatever its case."""
    wanted = word.casefold()
    for field in all_fields().values():
        if wanted in field.name or wanted in field.description.casefold():
            yield field


def suggest(name: str) -> str:
    """Return the field that was probably meant by `name`, or an empty string."""
    import difflib

    table = all_fields()
    lowered = name.lower()
    if lowered in table:
        return lowered
    head = lowered.partition(".")[0]
    family = [known for known in table if known.partition(".")[0] == head]
    for candidates in (family, list(table)):
        found = difflib.get_close_matches(lowered, candidates, n=1, cutoff=0.7)
        if found:
            return found[0]
    tail = lowered.rpartition(".")[2]
    same_tail = [known for known in family if known.rpartition(".")[2] == tail]
    return same_tail[0] if same_tail else ""


@cache
def _names() -> Mapping[str, Mapping[int, str]]:
    sets: dict[str, dict[int, str]] = {}
    current: dict[int, str] = {}
    for line in _lines("names.tsv"):
        number, tab, name = line.partition("\t")
        if not tab:
            current = sets[line] = {}
        else:
            current.setdefault(int(number), name)
    return sets


def value_names(field: Field) -> Mapping[int, str]:
    """Return what the field's values are called, in the order in which they are looked up."""
    if not field.names:
        return _TRUTH if field.type is FieldType.BOOLEAN else {}
    return _names()[field.names]


_TRUTH: Final = {1: "True", 0: "False"}


def _lines(name: str) -> Iterator[str]:
    # Not importlib.resources, which loads more than everything else here together.
    data = pkgutil.get_data("tunscope.filter", name)
    assert data is not None, "the package comes with its tables"
    return (line for line in data.decode().splitlines() if line and line[0] != "#")
