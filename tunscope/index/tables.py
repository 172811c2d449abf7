"""All tables of one capture's index: packets, inner levels, shims, dictionaries."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from tunscope.capfile.contents import CaptureContents
from tunscope.columns.addresses import AddressBook
from tunscope.columns.batch import ByteReader, Column, ColumnBatch, Level, Rows, Shims
from tunscope.columns.decode import decode_headers
from tunscope.columns.frames import Frames
from tunscope.columns.gather import ByteWindow
from tunscope.columns.interfaces import InterfaceTable
from tunscope.columns.layout import (
    HEADER_COLUMNS,
    INNER_COLUMNS,
    MAX_LEVELS,
    OFFSET_BITS,
    PACKET_COLUMNS,
    SHIM_COLUMNS,
)
from tunscope.index.conversations import Conversations
from tunscope.index.memory import PRIVATE
from tunscope.index.store import ColumnStore

#: Rows that a sparse table can hold.
_SPARSE_CAPACITY: Final = 1 << 30
#: Row numbers of the runs that filters ask for, made once.
_ROWS: Final = np.arange(1 << 16)
_ROWS.flags.writeable = False


class Tables:
    """What the index knows of its packets. One thread adds, any thread reads.

    `inner` grows by a table when the first packet with a deeper level is met.
    """

    def __init__(self, sharing: int = PRIVATE) -> None:
        self._sharing: Final = sharing
        self.conversations: Final = Conversations()
        late = {"flow": self.conversations.settle}
        self._late: Final = late
        self.packets: Final = ColumnStore(
            {**PACKET_COLUMNS, **HEADER_COLUMNS}, late=late, sharing=sharing
        )
        self.inner: Final[list[ColumnStore]] = []
        self._reserved: Final[deque[ColumnStore]] = deque()
        self.conversations.watch(self.packets, self.inner)
        self.shims: Final = ColumnStore(SHIM_COLUMNS, _SPARSE_CAPACITY, sharing=sharing)
        self.addresses: Final = AddressBook()
        self.flows: Final = self.conversations.flows
        #: What the capture says besides its packets.
        self.contents: Final = CaptureContents()
        self.interfaces: Final = InterfaceTable(self.contents.interfaces)

    def reserve_levels(self) -> None:
        """Reserve the memory of all inner tables there may be.

        Processes share what was reserved before one was forked from the other.
        """
        self._reserved.extend(self._inner_table() for _ in range(1, MAX_LEVELS))

    def add_level(self) -> ColumnStore:
        """Begin the next inner table."""
        table = self._reserved.popleft() if self._reserved else self._inner_table()
        self.inner.append(table)
        return table

    def add(self, frames: Frames, window: ByteWindow, segment: int, file_offset: int) -> None:
        """Decode packets and append them; `file_offset` is where the window starts in its file."""
        first = self.packets.count
        decoded = decode_headers(frames, window, self.addresses)
        routed = self.conversations.add_routes(0, decoded.levels[0], first)
        for number, level in enumerate(decoded.levels[1:]):
            if number == len(self.inner):
                self.add_level()
            table = self.inner[number]
            routed |= self.conversations.add_routes(number + 1, level, table.count)
            table.append({**level.columns, "packet": level.packets + first}, len(level.packets))
        if decoded.shims:
            packets = decoded.shims["packet"]
            self.shims.append({**decoded.shims, "packet": packets + first}, len(packets))
        rare: dict[str, Column] = {"interface": frames.interfaces, "flags": frames.flags}
        place = np.uint64(segment << OFFSET_BITS) + (frames.starts + file_offset).view(np.uint64)
        self.packets.append(
            {
                **decoded.levels[0].columns,
                "offset": place,
                "ts_ns": frames.ts_ns,
                "caplen": frames.caplens,
                "origlen": frames.origlens,
                # Mostly all zero: then no memory is taken for them.
                **{name: column for name, column in rare.items() if column.any()},
            },
            len(frames),
        )
        if routed:
            self.conversations.settle()

    def discard(self, first: int) -> None:
        """Forget the packets before row `first`."""
        # Conversations are numbered by all packets, gone ones included.
        self.conversations.settle()
        for table in (*self.inner, self.shims):
            table.discard(int(np.searchsorted(_live(table), first)) + table.first)
        self.packets.discard(first)

    def batch(self, start: int, stop: int, reader: ByteReader) -> ColumnBatch:
        """Return rows `start` to `stop`, as far as they are published."""
        stop = max(start, min(stop, self.packets.count))
        rows = _first_rows(stop - start)
        levels = [Level(rows, _Part(self.packets, start, stop))]
        for table in self.inner:
            begin, end = _span(table, start, stop)
            if begin == end:
                break
            packets = table.part("packet", begin, end)
            levels.append(Level(_relative(packets, start), _Part(table, begin, end)))
        begin, end = _span(self.shims, start, stop)
        found = {name: self.shims[name][begin:end] for name in self.shims.names}
        return ColumnBatch(
            start,
            stop - start,
            tuple(levels),
            Shims(
                _relative(found["packet"], start),
                found["level"],
                found["kind"],
                found["offset"],
                found["value"],
            ),
            self.addresses,
            self.flows,
            self.interfaces.descriptions,
            self.interfaces.numbers,
            reader,
        )

    def _inner_table(self) -> ColumnStore:
        columns = {**INNER_COLUMNS, **HEADER_COLUMNS}
        return ColumnStore(columns, _SPARSE_CAPACITY, self._late, self._sharing)


class _Part(Mapping[str, Column]):
    """A run of rows of a table; columns are looked up, and filled if need be, when asked for."""

    def __init__(self, table: ColumnStore, start: int, stop: int) -> None:
        self._table: Final = table
        self._rows: Final = slice(start, stop)

    def __getitem__(self, name: str) -> Column:
        return self._table[name][self._rows]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.names)

    def __len__(self) -> int:
        return len(self._table.names)


def _first_rows(count: int) -> Rows:
    return _ROWS[:count] if count <= len(_ROWS) else np.arange(count)


def _live(table: ColumnStore) -> Column:
    return table["packet"][table.first :]


def _span(table: ColumnStore, start: int, stop: int) -> tuple[int, int]:
    """Return the part of a sparse table that belongs to packets `start` to `stop`."""
    live = _live(table)
    begin, end = np.searchsorted(live, [start, stop]) + table.first
    return int(begin), int(end)


def _relative(packets: Column, start: int) -> Rows:
    return packets.astype(np.intp) - start
