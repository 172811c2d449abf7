"""The working state of decoding one level of headers of many packets side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.addresses import AddressBook
from tunscope.columns.batch import Column, Rows
from tunscope.columns.gather import ByteWindow, Mask, Positions
from tunscope.columns.layout import HEADER_COLUMNS, Layer, Shim

_MAX_OFFSET: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class ShimRows:
    """Shims of one kind found at once: rows of the stack, absolute positions, values."""

    rows: Rows
    kind: Shim
    at: Positions
    value: npt.NDArray[np.uint32]


class HeaderStack:
    """One level of headers. All arrays have one entry a row; positions are absolute in the buffer.

    `base` is where the packet starts, `position` where the next header to decode does. Bytes from
    `end` on were not captured or belong to no header; `wire_end` is where the packet ended on the
    device, as the headers so far tell. `following` is the EtherType of what stands at `position`,
    0 if that is nothing known. Behind the network header `protocol` takes over, for the rows in
    `transport`.

    The decoders lean on two properties of numpy: masking by multiplication is several times
    faster than a choice, and a header that is not there reads as zeros.
    """

    def __init__(
        self,
        window: ByteWindow,
        packets: Rows,
        base: Positions,
        position: Positions,
        end: Positions,
        wire_end: Positions,
        addresses: AddressBook,
    ) -> None:
        count = len(base)
        self.window: Final = window
        self.packets: Final = packets
        self.base: Final = base
        self.position = position
        self.end = end
        self.wire_end = wire_end
        self.addresses: Final = addresses
        self.following: npt.NDArray[np.uint16] = np.zeros(count, np.uint16)
        self.layers: npt.NDArray[np.uint32] = np.zeros(count, np.uint32)
        self.protocol: npt.NDArray[np.uint8] = np.zeros(count, np.uint8)
        #: Rows whose transport header stands at `position`.
        self.transport: Mask = np.zeros(count, np.bool_)
        #: Rows whose TCP or UDP header belongs to a conversation.
        self.conversing: Mask = np.zeros(count, np.bool_)
        #: Where a routing header leads to in the end, as an address id; None if there is none.
        self.destinations: npt.NDArray[np.uint32] | None = None
        #: The columns found so far; one that is nowhere set is left out.
        self.columns: Final[dict[str, Column]] = {}
        self.shims: Final[list[ShimRows]] = []

    def __len__(self) -> int:
        return len(self.base)

    def column(self, name: str) -> Column:
        """Return a column to write to, all zero before the first time."""
        column = self.columns.get(name)
        if column is None:
            column = np.zeros(len(self.base), HEADER_COLUMNS[name])
            self.columns[name] = column
        return column

    def put(self, name: str, values: Column) -> None:
        """Write a column in the rows where `values` is not 0."""
        column = self.columns.get(name)
        if column is None:
            self.columns[name] = values.astype(HEADER_COLUMNS[name], copy=False)
        else:
            column |= values.astype(column.dtype, copy=False)

    def mark(self, where: Mask, layer: Layer) -> None:
        """Set layer bits of some rows."""
        self.layers |= where * np.uint32(layer)

    def mark_rows(self, rows: Rows, layer: Layer) -> None:
        """Set layer bits of a few rows."""
        self.layers[rows] |= np.uint32(layer)

    def add_shims(
        self, rows: Rows, kind: Shim, at: Positions, value: npt.NDArray[np.uint32]
    ) -> None:
        """Note one shim in each of `rows`."""
        if len(rows):
            self.mark_rows(rows, Layer.SHIMS)
            self.shims.append(ShimRows(rows, kind, at, value))


def offsets(positions: Positions, base: Positions) -> npt.NDArray[np.uint16]:
    """Return positions as offsets in their packet; 0 for those that 16 bits cannot hold."""
    distance = positions - base
    if len(distance) and int(distance.max()) > _MAX_OFFSET:
        distance *= distance <= _MAX_OFFSET
    return distance.astype(np.uint16)
