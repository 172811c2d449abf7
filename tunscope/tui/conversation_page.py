"""The conversation table as it is shown: a kind, its columns, an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tunscope.index.statistics.conversations import Conversations, Kind
from tunscope.index.statistics.counts import EARLIEST
from tunscope.index.statistics.endpoints import Endpoints, endpoints_of
from tunscope.tui import units
from tunscope.tui.endpoint_text import address_text, with_port

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tunscope.columns.addresses import AddressBook
    from tunscope.index.statistics.conversations import ConversationTally

_SECOND: Final = 1e9


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its id, its title, its width in cells and how soon it must give way (0 never)."""

    id: str
    title: str
    width: int
    gives_way: int = 0


CONVERSATION_HEADINGS: Final = (
    Heading("a", "Address A", 0),
    Heading("b", "Address B", 0),
    Heading("packets", "Packets", 9),
    Heading("octets", "Bytes", 13),
    Heading("packets_0", "Pkts A→B", 9, 4),
    Heading("octets_0", "Bytes A→B", 13, 3),
    Heading("packets_1", "Pkts B→A", 9, 4),
    Heading("octets_1", "Bytes B→A", 13, 3),
    Heading("start", "Start", 11, 2),
    Heading("duration", "Duration", 10, 1),
    Heading("rate", "Rate", 10, 2),
    Heading("rate_0", "Rate A→B", 10, 5),
    Heading("rate_1", "Rate B→A", 10, 5),
)
ENDPOINT_HEADINGS: Final = (
    Heading("a", "Address", 0),
    Heading("packets", "Packets", 9),
    Heading("octets", "Bytes", 13),
    Heading("packets_0", "Pkts sent", 9, 2),
    Heading("octets_0", "Bytes sent", 13, 1),
    Heading("packets_1", "Pkts recv", 9, 2),
    Heading("octets_1", "Bytes recv", 13, 1),
    Heading("start", "Start", 11, 4),
    Heading("duration", "Duration", 10, 3),
    Heading("rate", "Rate", 10, 3),
)


@dataclass(frozen=True, slots=True)
class PageChoice:
    """What of the counted is shown, and by what it is sorted."""

    kind: Kind = Kind.TCP
    endpoints: bool = False
    sort: str = "octets"
    descending: bool = True

    @property
    def headings(self) -> tuple[Heading, ...]:
        """The columns there are."""
        return ENDPOINT_HEADINGS if self.endpoints else CONVERSATION_HEADINGS


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """One table in its order; row i of the page is row `order[i]` of `table`.

    `sizes` says how many conversations of every kind there are, `most` what the largest has in
    bytes; `origin_ns` is what start times count from.
    """

    choice: PageChoice
    table: Conversations | Endpoints
    order: npt.NDArray[np.intp]
    sizes: Mapping[Kind, int]
    most: int
    origin_ns: int

    def __len__(self) -> int:
        return len(self.order)

    def octets(self, row: int) -> int:
        """Return the bytes of a row, both ways."""
        return int(self.table.octets[self.order[row]].sum())

    def text(self, row: int, column: str, book: AddressBook) -> str:
        """Return a cell."""
        place = int(self.order[row])
        if column in {"a", "b"}:
            return end_text(self.table, place, column, book)
        value = metric(self.table, column, slice(place, place + 1))[0]
        if column == "start":
            timed = int(self.table.last_ns[place]) != EARLIEST
            return f"{(int(value) - self.origin_ns) / _SECOND:.6f}" if timed else ""
        if column == "duration":
            return f"{value:.4f}"
        if column.startswith("rate"):
            return units.bit_rate(float(value)) if value > 0 else ""
        return units.count(int(value))


def page_of(
    tally: ConversationTally, choice: PageChoice, book: AddressBook, origin_ns: int
) -> ConversationPage:
    """Return the table that `choice` asks for."""
    pairs = tally.table(choice.kind)
    table = endpoints_of(pairs) if choice.endpoints else pairs
    order = ordered(table, choice, book)
    most = int(table.octets.sum(axis=1).max()) if len(table) else 0
    return ConversationPage(choice, table, order, tally.sizes(), most, origin_ns)


def ordered(
    table: Conversations | Endpoints, choice: PageChoice, book: AddressBook
) -> npt.NDArray[np.intp]:
    """Return the rows in the order of `choice`; equal ones stay in that of their first packets."""
    if choice.sort in {"a", "b"}:
        order = np.lexsort(_end_keys(table, choice.sort, book))
    else:
        values = metric(table, choice.sort)
        return np.argsort(-values if choice.descending else values, kind="stable")
    return order[::-1] if choice.descending else order


def metric(
    table: Conversations | Endpoints, column: str, rows: slice = slice(None)
) -> npt.NDArray[np.float64 | np.int64]:
    """Return the numbers in a column."""
    name, _, way = column.partition("_")
    if name in {"packets", "octets"}:
        values = (table.packets if name == "packets" else table.octets)[rows]
        return values[:, int(way)] if way else values.sum(axis=1)
    first, last = table.first_ns[rows], table.last_ns[rows]
    if name == "start":
        return first
    duration = np.where(last > first, last.astype(np.float64) - first, 0.0) / _SECOND
    if name == "duration":
        return duration
    octets = table.octets[rows]
    moved = 8.0 * (octets[:, int(way)] if way else octets.sum(axis=1))
    rate: npt.NDArray[np.float64] = np.divide(
        moved, duration, out=np.zeros(len(moved)), where=duration > 0
    )
    return rate


def end_text(table: Conversations | Endpoints, row: int, end: str, book: AddressBook) -> str:
    """Return an end of a conversation, or an endpoint."""
    if isinstance(table, Endpoints):
        address, port = table.address[row], table.port[row]
    elif end == "a":
        address, port = table.address_a[row], table.port_a[row]
    else:
        address, port = table.address_b[row], table.port_b[row]
    text = address_text(book, table.kind, int(address), ipv6=bool(table.ipv6[row]))
    return with_port(text, int(port)) if table.kind.has_ports else text


def _end_keys(
    table: Conversations | Endpoints, end: str, book: AddressBook
) -> tuple[npt.NDArray[np.uint64], ...]:
    """Return what ends are sorted by, the least important first."""
    if isinstance(table, Endpoints):
        address, port = table.address, table.port
    elif end == "a":
        address, port = table.address_a, table.port_a
    else:
        address, port = table.address_b, table.port_b
    low = address.astype(np.uint64)
    high = np.zeros(len(low), np.uint64)
    if table.kind is Kind.ETHERNET:
        low = book.macs[address]
    elif table.ipv6.any():
        words = book.ipv6
        ids = np.where(table.ipv6, address, 0)
        high = np.where(table.ipv6, words[0][ids], 0)
        low = np.where(table.ipv6, words[1][ids], low)
    return port.astype(np.uint64), low, high, table.ipv6.astype(np.uint64)
