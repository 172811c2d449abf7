"""Flat columns in reserved memory: they grow without copying and take what they use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from tunscope.columns.batch import Column
from tunscope.columns.layout import ColumnTypes
from tunscope.index.memory import PRIVATE, Region, reserve

#: Rows reserved in the address space; a power of two, so that every column starts on a page.
CAPACITY: Final = 1 << 31
_LEAST_CAPACITY: Final = 1 << 16
#: Rows whose memory is made ready at a time: many pages a call, little that may stay unused.
_READY_ROWS: Final = 1 << 14
_NOTHING: Final[Mapping[str, Callable[[], None]]] = MappingProxyType({})


class ColumnStore:
    """A table of columns that one thread appends to and any thread reads.

    Rows are numbered from 0 for ever. `count` is set after a row's columns were written, so a
    reader that looks at `count` first sees whole rows only. Rows before `first` were discarded
    and read as zero.
    """

    def __init__(
        self,
        columns: ColumnTypes,
        capacity: int = CAPACITY,
        late: Mapping[str, Callable[[], None]] = _NOTHING,
        sharing: int = PRIVATE,
    ) -> None:
        """Make room for `capacity` rows in memory of that `sharing`.

        `late` columns are appended unfinished; their function is called before they are read.
        """
        self._late: Final = late
        self._types: Final = {name: np.dtype(code) for name, code in columns.items()}
        width = sum(kind.itemsize for kind in self._types.values())
        memory, self.capacity = reserve(width, capacity, _LEAST_CAPACITY, sharing)
        self._columns: Final[dict[str, Column]] = {}
        self._regions: Final[dict[str, Region]] = {}
        place = 0
        for name, kind in self._types.items():
            self._columns[name] = np.frombuffer(memory, kind, self.capacity, place)
            self._regions[name] = Region(memory, place)
            place += kind.itemsize * self.capacity
        self.count = 0
        self.first = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(self._types)

    def __getitem__(self, name: str) -> Column:
        """Return the published rows of a column; a view, not to be written to."""
        fill = self._late.get(name)
        if fill is not None:
            fill()
        return self._columns[name][: self.count]

    def part(self, name: str, start: int, stop: int) -> Column:
        """Return published rows of a column as they are, for whoever fills it."""
        return self._columns[name][start:stop]

    def __len__(self) -> int:
        return self.count

    def append(self, columns: Mapping[str, Column], rows: int) -> None:
        """Add `rows` rows; columns that are left out are 0. BufferError when the store is full."""
        start, stop = self.count, self.count + rows
        if stop > self.capacity:
            raise BufferError(f"more than {self.capacity} rows")
        ready = -(-stop // _READY_ROWS) * _READY_ROWS
        for name, values in columns.items():
            self._regions[name].prepare(ready * self._types[name].itemsize)
            self._columns[name][start:stop] = values
        self.count = stop

    def publish(self, count: int) -> None:
        """Have `count` rows, all written by a process that shares the memory."""
        self.count = count

    def discard(self, first: int) -> None:
        """Give back the memory of the rows before `first`."""
        self.first = max(self.first, min(first, self.count))
        for name, kind in self._types.items():
            self._regions[name].discard(self.first * kind.itemsize)
