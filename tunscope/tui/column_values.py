"""Values of fields out of the index's columns, for many packets at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tunscope.filter.columnar.clock import Clock
from tunscope.filter.columnar.fields import SOURCES, Source
from tunscope.filter.columnar.flow_fields import FLOW_SOURCES
from tunscope.filter.columnar.program_fields import PROGRAM_SOURCES
from tunscope.filter.columnar.run import Run
from tunscope.filter.formats import format_value
from tunscope.filter.table import Field

if TYPE_CHECKING:
    from collections import Counter

    from tunscope.columns.batch import ColumnBatch
    from tunscope.filter.columnar.run import Part
    from tunscope.filter.columnar.words import Words
    from tunscope.filter.values import Value
    from tunscope.index.capture import CaptureIndex
    from tunscope.index.matches import Numbers

_STEP: Final = 1 << 17
#: Distinct values of one piece that are told apart.
_MOST_TEXTS: Final = 200
#: The key of packets that have no such field: before all others.
_ABSENT: Final = np.iinfo(np.int64).min


def source_of(name: str) -> Source | None:
    """Return where columns hold the field `name`; None if they do not."""
    return SOURCES.get(name) or FLOW_SOURCES.get(name) or PROGRAM_SOURCES.get(name)


def first_values(index: CaptureIndex, rows: Numbers, source: Source) -> npt.NDArray[np.int64]:
    """Return a sort key for each of `rows`: the field's first occurrence in the packet."""
    keys = np.full(len(rows), _ABSENT)
    if not len(rows):
        return keys
    stop = int(rows.max()) + 1
    first_ns = index.origin_ns
    found = np.full(stop, _ABSENT)
    for start in range(int(rows.min()), stop, _STEP):
        batch = index.batch(start, min(start + _STEP, stop))
        for part in reversed(source(Run(batch, Clock(first_ns, first_ns)))):
            _put(part, batch, found)
    keys[:] = found[rows]
    return keys


def _put(part: Part, batch: ColumnBatch, found: npt.NDArray[np.int64]) -> None:
    entries = np.flatnonzero(part.present)[::-1]  # what is put last, the first one, stays
    values = part.values[entries].astype(np.int64)
    if part.words is not None:
        values = _ranks(part.words, values)
    places = entries if part.rows is None else part.rows[entries]
    found[batch.start + places] = values


def _ranks(words: Words, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return numbers that sort as the addresses with these ids do: by their first 7 bytes."""
    distinct, places = np.unique(ids, return_inverse=True)
    addresses = words.addresses(distinct.tolist())
    numbers = [int.from_bytes(_octets(address)[:7].ljust(7, b"\0")) for address in addresses]
    return np.array(numbers, np.int64)[places]


def _octets(value: Value) -> bytes:
    """Return an address as it is, a text as UTF-8."""
    return value if isinstance(value, bytes) else str(value).encode()


def count_values(
    index: CaptureIndex, field: Field, start: int, stop: int, onto: Counter[str]
) -> None:
    """Count the texts of `field` in the packets of rows `start` to `stop`, if columns hold it."""
    source = source_of(field.name)
    if source is None or start >= stop:
        return
    batch = index.batch(start, stop)
    for part in source(Run(batch, Clock(0, 0))):
        values, counts = np.unique(part.values[part.present], return_counts=True)
        order = np.argsort(counts)[::-1][:_MOST_TEXTS]
        chosen: list[Value] = values[order].tolist()
        if part.words is not None:
            chosen = list(part.words.addresses(values[order].tolist()))
        for value, count in zip(chosen, counts[order].tolist(), strict=True):
            onto[format_value(field, value)] += count
