"""The settings of the screen as values. Pure; knows no file and no screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from tunscope.tui.settings.default_rules import DEFAULT_RULES
from tunscope.tui.settings.rule import ColouringRule

#: Columns of one list at most, and cells of one column.
MOST_COLUMNS: Final = 40
WIDEST_COLUMN: Final = 200
#: Share of the height that fields and bytes take, and of their width that the bytes take (per
#: cent), at least and at most.
SMALLEST_PANE: Final = 10
LARGEST_PANE: Final = 85


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A column of the packet list: an id of `table_columns`, or ``field:`` and a field.

    `title` "", `width` 0 (cells) and `align` "" leave it as it comes; `align` is "left" or
    "right" otherwise.
    """

    column: str
    title: str = ""
    width: int = 0
    align: str = ""


@dataclass(frozen=True, slots=True)
class PaneSizes:
    """`details`: per cent of the height below the filter that fields and bytes take.

    `bytes`: per cent of the width (in a narrow terminal of the height) of both that the bytes
    take; 0 gives them what a line of 8 or 16 bytes needs.
    """

    details: int = 38
    bytes: int = 0


_NO_KEYS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set.

    `keys` gives other keys to binding ids, in Textual's notation with commas between them.
    `time_format` is the name of a `TimeFormat`. No `columns` leave those that suit the device.
    """

    theme: str = "tunscope-dark"
    time_format: str = "start"
    resolve_names: bool = False
    colouring: bool = True
    columns: tuple[ColumnChoice, ...] = ()
    layout: PaneSizes = PaneSizes()
    keys: Mapping[str, str] = field(default_factory=lambda: _NO_KEYS)
    colouring_rules: tuple[ColouringRule, ...] = DEFAULT_RULES
