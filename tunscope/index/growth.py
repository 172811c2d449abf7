"""What an indexer adds to its tables, told to a process that shares the memory of the columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from tunscope.capfile.blocks import (
        InterfaceDescription,
        InterfaceStatistics,
        SectionDescription,
    )
    from tunscope.capfile.options import ByteOrder
    from tunscope.columns.addresses import NewAddresses
    from tunscope.index.conversations import Routes
    from tunscope.index.tables import Tables

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Growth:
    """How many rows the tables have now, and what is new of all that is not in columns."""

    packets: int
    inner: tuple[int, ...]
    shims: int
    addresses: NewAddresses
    routes: Sequence[Routes]
    #: With the byte order of their section, and their number in it.
    interfaces: Sequence[tuple[InterfaceDescription, ByteOrder, int]]
    sections: Sequence[SectionDescription]
    statistics: Sequence[InterfaceStatistics]
    names: dict[str, str]
    comments: Sequence[str]
    warnings: Sequence[str]


class _News(Generic[_T]):
    """What is appended to `items`, each told once."""

    def __init__(self, items: list[_T]) -> None:
        self._items: Final = items
        self._told = 0

    def take(self) -> list[_T]:
        new = self._items[self._told :]
        self._told = len(self._items)
        return new


class GrowthReport:
    """Tells what `tables`, which were empty at first, gain.

    The thread that walks the capture asks; another one may add packets meanwhile.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables: Final = tables
        self._ipv6 = self._macs = self._names = 0
        contents, interfaces = tables.contents, tables.interfaces
        self._described: Final = _News(interfaces.descriptions)
        self._orders: Final = _News(interfaces.orders)
        self._numbers: Final = _News(interfaces.numbers)
        self._sections: Final = _News(contents.sections)
        self._statistics: Final = _News(contents.statistics)
        self._comments: Final = _News(contents.comments)
        self._warnings: Final = _News(contents.warnings)

    def take(self) -> Growth:
        """Return what is new since the last call."""
        tables, names = self._tables, self._tables.contents.names
        # Counted first: what these packets refer to is there before they are.
        packets = tables.packets.count
        inner = tuple(table.count for table in tables.inner)
        described = zip(
            self._described.take(), self._orders.take(), self._numbers.take(), strict=True
        )
        growth = Growth(
            packets,
            inner,
            tables.shims.count,
            tables.addresses.beyond(self._ipv6, self._macs),
            tables.conversations.take_routes(),
            list(described),
            self._sections.take(),
            self._statistics.take(),
            _newest(names, len(names) - self._names),
            self._comments.take(),
            self._warnings.take(),
        )
        self._ipv6 += len(growth.addresses.ipv6[0])
        self._macs += len(growth.addresses.macs)
        self._names += len(growth.names)
        return growth


def _newest(names: dict[str, str], count: int) -> dict[str, str]:
    """Return the last `count` names, in their order, without a walk over all before them."""
    found = list(islice(reversed(names.items()), count))
    return dict(reversed(found))


def grow(tables: Tables, growth: Growth) -> None:
    """Have `tables`, which share the memory of the others, show what those gained."""
    contents = tables.contents
    for description, order, number in growth.interfaces:
        tables.interfaces.add(description, order, number)
    contents.sections.extend(growth.sections)
    contents.statistics.extend(growth.statistics)
    contents.names.update(growth.names)
    contents.comments.extend(growth.comments)
    contents.warnings.extend(growth.warnings)
    tables.addresses.extend(growth.addresses)
    tables.conversations.note_routes(growth.routes)
    tables.shims.publish(growth.shims)
    for number, count in enumerate(growth.inner):
        table = tables.inner[number] if number < len(tables.inner) else tables.add_level()
        table.publish(count)
    tables.packets.publish(growth.packets)
    if growth.routes:
        tables.conversations.settle()
