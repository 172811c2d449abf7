"""The columns of the packet list and how they share the width of the terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tunscope.tui.text import width_of

if TYPE_CHECKING:
    from tunscope.tui.settings.model import ColumnChoice

#: Cells before the first column: the cursor's marker and the mark column.
GUTTER: Final = 2
_WIDE = 110
#: What stands before the name of a field of the filter language in the id of its column.
FIELD_PREFIX: Final = "field:"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, the width it may have, and when it gives way.

    The id of one that shows a field of the filter language is `FIELD_PREFIX` and the field.

    A column starts at `minimum` cells and grows to the widest text seen, up to `maximum`.
    In a narrow terminal columns go in the order of `drop` (0: never).
    """

    id: str
    title: str
    minimum: int
    maximum: int
    right: bool = False
    drop: int = 0


NUMBER: Final = Column("number", "No.", 5, 12, right=True)
TIME: Final = Column("time", "Time", 9, 18, right=True)
DELTA: Final = Column("delta", "Δ", 7, 11, right=True, drop=1)
DIRECTION: Final = Column("direction", "Dir", 3, 3, drop=4)
MAC_SOURCE: Final = Column("mac_source", "MAC source", 17, 17, drop=4)
MAC_DESTINATION: Final = Column("mac_destination", "MAC destination", 17, 17, drop=3)
ETHERTYPE: Final = Column("ethertype", "Type", 6, 6, drop=5)
SOURCE: Final = Column("source", "Source", 9, 39)
DESTINATION: Final = Column("destination", "Destination", 11, 39)
PROTOCOL: Final = Column("protocol", "Proto", 5, 10)
LENGTH: Final = Column("length", "Len", 4, 7, right=True)
INFO: Final = Column("info", "Info", 24, 10_000)
#: Not there unless it is asked for: the local program of the conversation.
PROCESS: Final = Column("process", "Process", 7, 24)

DEFAULT: Final = (
    NUMBER, TIME, DELTA, DIRECTION, SOURCE, DESTINATION, PROTOCOL, LENGTH, INFO,
)  # fmt: skip
TAP: Final = (
    NUMBER, TIME, DELTA, replace(DIRECTION, drop=2), MAC_SOURCE, MAC_DESTINATION, ETHERTYPE,
    SOURCE, DESTINATION, PROTOCOL, LENGTH, replace(INFO, minimum=20),
)  # fmt: skip

#: Every column that is no field of the filter language, by its id.
BUILT_IN: Final = {column.id: column for column in (*DEFAULT, *TAP[4:7], PROCESS)}


def is_field(column: str) -> bool:
    """Return whether the column with this id shows a field of the filter language."""
    return column.startswith(FIELD_PREFIX)


#: Columns that take the arrow in front of their text when the direction has no column.
_ARROW_COLUMNS = ("mac_source", "source")
_ARROW_CELLS = 2
#: Columns that shrink when there is too little room, in this order.
_SHRINKING = ("destination", "source")


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns with their widths, from left to right; `gap` blanks stand between two.

    `arrow_column` is the id of the column that shows the direction in front of its text, "" if
    the direction has a column of its own.
    """

    columns: tuple[tuple[Column, int], ...]
    gap: int
    arrow_column: str

    def shows(self, column: str) -> bool:
        """Return whether the column with this id has a place."""
        return any(placed.id == column for placed, _ in self.columns)

    @property
    def cells(self) -> int:
        """Cells from the left edge to the end of the last column."""
        widths = sum(width for _, width in self.columns)
        return GUTTER + widths + self.gap * max(0, len(self.columns) - 1)

    @property
    def fixed_columns(self) -> int:
        """Columns that stay where they are when the list is scrolled sideways: the number."""
        return 1 if self.columns and self.columns[0][0].id == NUMBER.id else 0

    @property
    def fixed_cells(self) -> int:
        """Cells that stay where they are: the marks and those of `fixed_columns`."""
        return GUTTER + sum(width + self.gap for _, width in self.columns[: self.fixed_columns])

    def at(self, x: int) -> Column | None:
        """Return the column that covers cell `x`, its following gap included."""
        start = GUTTER
        for column, width in self.columns:
            if start <= x < start + width + self.gap:
                return column
            start += width + self.gap
        return None


def lay_out(columns: Sequence[Column], seen: Mapping[str, int], width: int) -> Layout:
    """Share `width` cells among `columns`.

    `seen` has the widest text of each column so far. Info takes what is left. When that is too
    little, columns are dropped, then the addresses shrink. Columns that cannot be dropped may
    reach beyond `width`.
    """
    kept = list(columns)
    wanted = {c.id: min(c.maximum, max(c.minimum, seen.get(c.id, 0))) for c in kept}
    wanted.update({c.id: c.minimum for c in kept if c.id == "info"})
    arrow_column = ""

    def shortage(gap: int) -> int:
        used = GUTTER + 1 + sum(wanted[c.id] for c in kept) + gap * (len(kept) - 1)
        return used - width

    gap = 2 if width >= _WIDE and shortage(2) <= 0 else 1
    for column in sorted((c for c in columns if c.drop), key=lambda c: c.drop):
        if shortage(gap) <= 0:
            break
        kept.remove(column)
        if column.id in ("direction", arrow_column):
            arrow_column = next((c.id for c in kept if c.id in _ARROW_COLUMNS), "")
            if arrow_column:
                wanted[arrow_column] += _ARROW_CELLS
    for name in _SHRINKING:
        least = next((c.minimum for c in kept if c.id == name), None)
        if least is not None and shortage(gap) > 0:
            wanted[name] = max(least, wanted[name] - shortage(gap))
    if "info" in wanted:
        wanted["info"] = max(0, wanted["info"] - shortage(gap))
    return Layout(tuple((c, wanted[c.id]) for c in kept), gap, arrow_column)


def spread(columns: Sequence[Column], seen: Mapping[str, int], gap: int) -> Layout:
    """Give every one of `columns` all the cells it wants, however wide the list is.

    `seen` has the widest text of each column so far, Info included.
    """
    wanted = ((c, min(c.maximum, max(c.minimum, seen.get(c.id, 0)))) for c in columns)
    return Layout(tuple(wanted), gap, "")


_FIELD_MAXIMUM: Final = 40
#: Fields are there because somebody asked for them: they go after all others.
_FIELD_DROP: Final = 9


def chosen_columns(
    choices: Sequence[ColumnChoice], usual: Sequence[Column] = DEFAULT
) -> tuple[Column, ...]:
    """Return the columns that `choices` ask for, `usual` ones where there are none."""
    if not choices:
        return tuple(usual)
    known = BUILT_IN | {column.id: column for column in usual}
    return tuple(_chosen(choice, known) for choice in choices)


def _chosen(choice: ColumnChoice, known: Mapping[str, Column]) -> Column:
    column = known.get(choice.column) or _field_column(choice.column.removeprefix(FIELD_PREFIX))
    if choice.title:
        column = replace(column, title=choice.title)
        if is_field(column.id):
            column = replace(column, minimum=min(width_of(choice.title), _FIELD_MAXIMUM))
    if choice.width and column.id != INFO.id:
        column = replace(column, minimum=choice.width, maximum=choice.width)
    if choice.align:
        column = replace(column, right=choice.align == "right")
    return column


def _field_column(name: str) -> Column:
    """Return the column of a field: as wide as its name at least, numbers on the right."""
    from tunscope.filter.fieldtypes import SIGNED_BITS, UNSIGNED_BITS
    from tunscope.filter.table import lookup

    field = lookup(name)
    right = field is not None and (field.type in UNSIGNED_BITS or field.type in SIGNED_BITS)
    least = min(len(name), _FIELD_MAXIMUM)
    return Column(FIELD_PREFIX + name, name, least, _FIELD_MAXIMUM, right, _FIELD_DROP)
