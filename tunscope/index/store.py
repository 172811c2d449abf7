"""Flat columns over one sparse memfd: they grow without copying and take what they use."""

from __future__ import annotations

import mmap
import os
from collections.abc import Mapping
from typing import Final

import numpy as np

from tunscope.columns.batch import Column
from tunscope.columns.layout import ColumnTypes

#: Rows reserved in the address space; only pages that are written to take memory.
CAPACITY: Final = 1 << 31
_LEAST_CAPACITY: Final = 1 << 20


class ColumnStore:
    """A table of columns that one thread appends to and any thread reads.

    Rows are numbered from 0 for ever. `count` is set after a row's columns were written, so a
    reader that looks at `count` first sees whole rows only. Rows before `first` were discarded
    and read as zero.
    """

    def __init__(self, columns: ColumnTypes, capacity: int = CAPACITY) -> None:
        self._types: Final = {name: np.dtype(code) for name, code in columns.items()}
        width = sum(kind.itemsize for kind in self._types.values())
        self._memory, self.capacity = reserve(width, capacity)
        self._columns: Final[dict[str, Column]] = {}
        self._places: Final[dict[str, int]] = {}
        place = 0
        for name, kind in self._types.items():
            self._columns[name] = np.frombuffer(self._memory, kind, self.capacity, place)
            self._places[name] = place
            place += kind.itemsize * self.capacity
        self.count = 0
        self.first = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(self._types)

    def __getitem__(self, name: str) -> Column:
        """Return the published rows of a column; a view, not to be written to."""
        return self._columns[name][: self.count]

    def __len__(self) -> int:
        return self.count

    def append(self, columns: Mapping[str, Column], rows: int) -> None:
        """Add `rows` rows; columns that are left out are 0. BufferError when the store is full."""
        start, stop = self.count, self.count + rows
        if stop > self.capacity:
            raise BufferError(f"more than {self.capacity} rows")
        for name, values in columns.items():
            self._columns[name][start:stop] = values
        self.count = stop

    def discard(self, first: int) -> None:
        """Give back the memory of the rows before `first`."""
        first = min(first, self.count)
        for name, kind in self._types.items():
            place = self._places[name]
            # Capacity is a power of two of at least a page: no two columns share a page.
            start = _page(place + self.first * kind.itemsize)
            stop = _page(place + first * kind.itemsize)
            if stop > start:
                self._memory.madvise(mmap.MADV_REMOVE, start, stop - start)
        self.first = first


def _page(place: int) -> int:
    return place // mmap.PAGESIZE * mmap.PAGESIZE


def reserve(width: int, rows: int) -> tuple[mmap.mmap, int]:
    """Map a sparse memfd of `rows` times `width` bytes; return it and the rows it has room for.

    Only pages that are written to take memory. Where the process may not have as much address
    space (`ulimit -v`), the room is less.
    """
    while True:
        fd = os.memfd_create("tunscope", os.MFD_CLOEXEC)
        try:
            size = width * rows
            os.ftruncate(fd, size)
            return mmap.mmap(fd, size), rows
        except OSError:
            if rows <= _LEAST_CAPACITY:
                raise
            rows //= 4
        finally:
            os.close(fd)
