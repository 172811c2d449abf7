"""Numbering the conversations of packets that are indexed already, when somebody wants to know.

Most looks at a capture never ask; those that do ask for the column `flow` or the flow table, and
wait for what is missing. Whoever asks does the work, the indexer where it has nothing else to do.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.columns.flows import FlowTable
from tunscope.columns.streams import Headers, assign_flows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunscope.columns.batch import Column, Rows
    from tunscope.columns.decode import DecodedLevel
    from tunscope.index.store import ColumnStore

#: Packets numbered at a time; another thread may go on in between.
_PIECE: Final = 1 << 14
#: Columns that conversations are told by.
_COLUMNS: Final = (
    "layers",
    "src",
    "dst",
    "sport",
    "dport",
    "tcp_flags",
    "seq",
    "ack",
    "flow",
)


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """Rows of a level's table, ascending, and the addresses that source routes of theirs end in."""

    level: int
    rows: Rows
    addresses: Column


class Conversations:
    """Fills the column `flow` of a packet table and its inner tables."""

    def __init__(self) -> None:
        self.flows: Final = FlowTable(self.settle)
        self._packets: ColumnStore | None = None
        self._inner: Sequence[ColumnStore] = ()
        self._numbered = 0
        self._lock: Final = threading.RLock()
        #: Those of packets that are not numbered yet.
        self._routes: Final[deque[Routes]] = deque()

    def watch(self, packets: ColumnStore, inner: Sequence[ColumnStore]) -> None:
        """Take on the tables whose packets are to be numbered; `inner` may grow."""
        self._packets, self._inner = packets, inner

    def unwatch(self) -> None:
        """Number nothing: that is done elsewhere, with what `take_routes` gives."""
        self._packets = None

    def take_routes(self) -> list[Routes]:
        """Return the routes noted since the last call, for whoever numbers these packets."""
        return [self._routes.popleft() for _ in range(len(self._routes))]

    def note_routes(self, routes: Sequence[Routes]) -> None:
        """Note routes of packets that are about to be published."""
        self._routes.extend(routes)

    def add_routes(self, level: int, decoded: DecodedLevel, start: int) -> bool:
        """Note the source routes of headers about to be appended at row `start` of their table.

        Return whether there are any: so that few are kept, `settle` is to follow.
        """
        if decoded.destinations is None:
            return False
        rows = np.flatnonzero(decoded.destinations)
        self._routes.append(Routes(level, rows + start, decoded.destinations[rows]))
        return True

    def settle(self) -> None:
        """Number the conversations of all packets there are."""
        while self.advance():
            pass

    def advance(self) -> bool:
        """Number a piece; return whether there is more to do."""
        packets = self._packets
        if packets is None or self._numbered >= packets.count:
            return False
        with self._lock:
            start = max(self._numbered, packets.first)
            stop = min(start + _PIECE, packets.count)
            if start < stop:
                self._number(packets, start, stop)
                self._numbered = stop
        return self._numbered < packets.count

    def _number(self, packets: ColumnStore, start: int, stop: int) -> None:
        levels = [self._headers(packets, 0, start, stop, np.arange(stop - start))]
        for level, table in enumerate(self._inner, 1):
            numbers = table.part("packet", table.first, table.count)
            begin, end = (np.searchsorted(numbers, [start, stop]) + table.first).tolist()
            rows = table.part("packet", begin, end).astype(np.intp) - start
            levels.append(self._headers(table, level, begin, end, rows))
        assign_flows(levels, self.flows, start)

    def _headers(
        self, table: ColumnStore, level: int, begin: int, end: int, packets: Rows
    ) -> Headers:
        columns = {name: table.part(name, begin, end) for name in _COLUMNS}
        destinations: Column | None = None
        for routes in tuple(self._routes):
            if routes.level != level:
                continue
            if destinations is None:
                destinations = np.zeros(end - begin, np.uint32)
            inside = (routes.rows >= begin) & (routes.rows < end)
            destinations[routes.rows[inside] - begin] = routes.addresses[inside]
            if not len(routes.rows) or routes.rows[-1] < end:
                self._routes.remove(routes)
        return Headers(packets, columns, destinations)
