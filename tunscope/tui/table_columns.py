"""The columns of the packet list and how they share the width of the terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

#: Cells before the first column: the cursor's marker and the mark column.
GUTTER: Final = 2
_WIDE = 110


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, the width it may have, and when it gives way.

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

DEFAULT: Final = (
    NUMBER, TIME, DELTA, DIRECTION, SOURCE, DESTINATION, PROTOCOL, LENGTH, INFO,
)  # fmt: skip
TAP: Final = (
    NUMBER, TIME, DELTA, replace(DIRECTION, drop=2), MAC_SOURCE, MAC_DESTINATION, ETHERTYPE,
    SOURCE, DESTINATION, PROTOCOL, LENGTH, replace(INFO, minimum=20),
)  # fmt: skip

#: Every column that is no field of the filter language, by its id.
BUILT_IN: Final = {column.id: column for column in (*DEFAULT, *TAP[4:7])}

#: Columns that take the arrow in front of their text when the direction has no column.
_ARROW_COLUMNS = ("mac_source", "source")
_ARROW_CELLS = 2


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
    little, columns are dropped, then the addresses shrink.
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
    for column in (DESTINATION, SOURCE):
        if column in kept and shortage(gap) > 0:
            wanted[column.id] = max(column.minimum, wanted[column.id] - shortage(gap))
    if "info" in wanted:
        wanted["info"] = max(0, wanted["info"] - shortage(gap))
    return Layout(tuple((c, wanted[c.id]) for c in kept), gap, arrow_column)
