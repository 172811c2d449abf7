"""What the packet list can be ordered by: a sort key for every column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tunscope.errors import TunscopeError
from tunscope.index.ordering import SORT_KEYS, SortKey
from tunscope.tui.table_columns import FIELD_PREFIX, is_field

if TYPE_CHECKING:
    from collections.abc import Callable

    from tunscope.filter.values import Value
    from tunscope.index.capture import CaptureIndex
    from tunscope.index.matches import Numbers
    from tunscope.packet.record import PacketRecord

#: Packets that are read one by one for an order, at most: some ten thousand a second are.
MOST_READ: Final = 200_000
_OTHERS: Final = frozenset({"number", "delta", "ethertype", "protocol", "info"})
_COLUMNAR: Final = {"mac_source": "eth.src", "mac_destination": "eth.dst"}


def is_sortable(column: str) -> bool:
    """Return whether there is an order by this column."""
    return column in SORT_KEYS or column in _OTHERS or column in _COLUMNAR or is_field(column)


def reads_packets(column: str) -> bool:
    """Return whether an order by this column needs the bytes of every packet."""
    if column in ("protocol", "info"):
        return True
    if not is_field(column):
        return False
    from tunscope.tui.column_values import source_of

    return source_of(column.removeprefix(FIELD_PREFIX)) is None


def sort_key(column: str) -> SortKey:
    """Return what orders packets by the column with this id."""
    if column in SORT_KEYS:
        return SORT_KEYS[column]
    if column in ("number", "delta", "ethertype"):
        return {"number": _number, "delta": _delta, "ethertype": _ethertype}[column]
    if column in ("protocol", "info"):
        return _summary(column)
    name = _COLUMNAR.get(column) or column.removeprefix(FIELD_PREFIX)
    from tunscope.tui.column_values import first_values, source_of

    source = source_of(name)
    if source is None:
        return _field(name)
    return lambda index, rows: first_values(index, rows, source)


def _number(index: CaptureIndex, rows: Numbers) -> npt.NDArray[Any]:
    del index
    return rows


def _delta(index: CaptureIndex, rows: Numbers) -> npt.NDArray[Any]:
    times = index.store["ts_ns"][rows]
    return np.diff(times, prepend=times[:1])


def _ethertype(index: CaptureIndex, rows: Numbers) -> npt.NDArray[Any]:
    return index.store["ethertype"][rows]


def _summary(column: str) -> SortKey:
    def key(index: CaptureIndex, rows: Numbers) -> npt.NDArray[Any]:
        from tunscope.summary import summarize

        def text(number: int, record: PacketRecord) -> str:
            del number
            summary = summarize(record)
            return (summary.protocol if column == "protocol" else summary.info).casefold()

        return _ranks(index, rows, text)

    return key


def _field(name: str) -> SortKey:
    def key(index: CaptureIndex, rows: Numbers) -> npt.NDArray[Any]:
        from tunscope.filter.compiled import asks_conversations, replay_of
        from tunscope.filter.dissect import dissect
        from tunscope.filter.table import lookup
        from tunscope.filter.wanted import protocols_of
        from tunscope.tui.flow_facts import context_of

        field = lookup(name)
        wanted = protocols_of([field] if field is not None else [])
        replay = replay_of(index) if asks_conversations([name]) else None

        def value(number: int, record: PacketRecord) -> Value | None:
            said = None if replay is None else replay.of_packet(number - 1)
            found = dissect(record, wanted, context_of(index, number), said).values.get(name)
            first = found[0] if found else None
            return first if isinstance(first, int | float | str | bytes) else None

        return _ranks(index, rows, value)

    return key


def _ranks(
    index: CaptureIndex, rows: Numbers, value: Callable[[int, PacketRecord], Any]
) -> npt.NDArray[np.int64]:
    """Return for each row the place of its value among all; -1 for packets without one."""
    values = []
    for row in rows.tolist():
        try:
            values.append(value(row + 1, index.record(row + 1)))
        except (KeyError, OSError, TunscopeError):  # gone with its segment
            values.append(None)
    places = {one: place for place, one in enumerate(sorted({*values} - {None}))}
    return np.array([-1 if one is None else places[one] for one in values], np.int64)
