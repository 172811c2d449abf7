"""A run of packets as columns: what display filters and statistics are evaluated on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tunscope.capfile.blocks import InterfaceDescription
    from tunscope.columns.addresses import AddressBook
    from tunscope.columns.flows import FlowTable

Bytes: TypeAlias = npt.NDArray[np.uint8]
Rows: TypeAlias = npt.NDArray[np.intp]
Column: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Level:
    """Headers of one nesting level, for a run of packets.

    `rows` says for each entry which packet of the run it belongs to (0 is the run's first);
    ascending. For the outer level it is simply 0, 1, 2 ... The columns are those of
    `layout.HEADER_COLUMNS`, for the outer level also `layout.PACKET_COLUMNS`, for inner ones
    also `start`; each as long as `rows`. They are views: do not write to them.
    """

    rows: Rows
    columns: Mapping[str, Column]

    def __getitem__(self, name: str) -> Column:
        """Return one column; KeyError if this level has none of that name."""
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Shims:
    """The shim table's rows for a run of packets; see `layout.SHIM_COLUMNS`."""

    rows: Rows
    level: npt.NDArray[np.uint8]
    kind: npt.NDArray[np.uint8]
    offset: npt.NDArray[np.uint16]
    value: npt.NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class PacketBytes:
    """The captured bytes of some packets of a run.

    Packet `rows[i]` is `data[starts[i] : starts[i] + caplens[i]]`. Behind the last packet `data`
    has at least `SLACK` more bytes, so that a gather of a fixed width from any packet's start or
    inside stays in bounds; what lies beyond caplen is not the packet's and may be anything.
    """

    rows: Rows
    data: Bytes
    starts: npt.NDArray[np.int64]
    caplens: npt.NDArray[np.int64]


#: Bytes that may be read past the end of the last packet of PacketBytes.
SLACK = 256


class ByteReader(Protocol):
    """Where the bytes of a run's packets come from."""

    def read_packets(self, start: int, rows: Rows) -> Iterator[PacketBytes]:
        """Yield the bytes of packets `start + rows` (rows ascending), in pieces of bounded size.

        Packets that are no longer there (the file shrank) have caplen 0.
        """


@dataclass(frozen=True, slots=True)
class ColumnBatch:
    """A run of `count` packets, the first of which is row `start` of the packet table.

    `levels[0]` are the outer headers, one entry a packet; further levels exist only if a packet
    of the run has them. `interfaces` are those of the whole capture, `interface_numbers` their
    numbers within their sections (what tshark calls frame.interface_id).
    """

    start: int
    count: int
    levels: tuple[Level, ...]
    shims: Shims
    addresses: AddressBook
    flows: FlowTable
    interfaces: Sequence[InterfaceDescription]
    interface_numbers: Sequence[int]
    reader: ByteReader

    def __getitem__(self, name: str) -> Column:
        """Return a column of the outer level."""
        return self.levels[0].columns[name]

    def packet_bytes(self, rows: Rows | None = None) -> Iterator[PacketBytes]:
        """Yield the bytes of the run's packets, or of `rows` of them (ascending)."""
        if rows is None:
            rows = self.levels[0].rows
        return self.reader.read_packets(self.start, rows)
