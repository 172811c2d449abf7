"""A list of chosen columns and what the column chooser does to it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tunscope.tui.settings.model import MOST_COLUMNS, WIDEST_COLUMN, ColumnChoice
from tunscope.tui.table_columns import BUILT_IN

_NARROWEST = 2


@dataclass(frozen=True, slots=True)
class ColumnList:
    """Columns that are shown, in their order, and behind them those that could be."""

    shown: tuple[ColumnChoice, ...]

    @property
    def offered(self) -> tuple[ColumnChoice, ...]:
        """Built-in columns that are not shown."""
        names = {choice.column for choice in self.shown}
        return tuple(ColumnChoice(name) for name in BUILT_IN if name not in names)

    @property
    def rows(self) -> tuple[ColumnChoice, ...]:
        """All lines of the chooser."""
        return self.shown + self.offered

    def toggled(self, row: int) -> ColumnList:
        """Return the list with the column of `row` hidden or shown; one always stays."""
        if row < len(self.shown):
            rest = self.shown[:row] + self.shown[row + 1 :]
            return ColumnList(rest) if rest else self
        return self.added(self.rows[row])

    def added(self, choice: ColumnChoice) -> ColumnList:
        """Return the list with another column, in front of Info if that is the last."""
        if any(choice.column == known.column for known in self.shown):
            return self
        if len(self.shown) >= MOST_COLUMNS:
            return self
        if self.shown and self.shown[-1].column == "info":
            return ColumnList((*self.shown[:-1], choice, self.shown[-1]))
        return ColumnList((*self.shown, choice))

    def moved(self, row: int, step: int) -> ColumnList:
        """Return the list with the column of `row` at another place, as far as there is one."""
        target = row + step
        if not (0 <= row < len(self.shown) and 0 <= target < len(self.shown)):
            return self
        choices = list(self.shown)
        choices.insert(target, choices.pop(row))
        return ColumnList(tuple(choices))

    def changed(self, row: int, choice: ColumnChoice) -> ColumnList:
        """Return the list with `choice` in the place of the column of `row`."""
        if row >= len(self.shown):
            return self
        return ColumnList((*self.shown[:row], choice, *self.shown[row + 1 :]))


def wider(choice: ColumnChoice, cells: int, width_now: int) -> ColumnChoice:
    """Return the column wider by `cells` than it is."""
    width = max(_NARROWEST, min(WIDEST_COLUMN, (choice.width or width_now) + cells))
    return replace(choice, width=width)


def turned(choice: ColumnChoice, right_now: bool) -> ColumnChoice:
    """Return the column aligned to the other side."""
    return replace(choice, align="left" if right_now else "right")


def as_choices(ids: Sequence[str]) -> tuple[ColumnChoice, ...]:
    """Return columns as they come."""
    return tuple(ColumnChoice(name) for name in ids)
