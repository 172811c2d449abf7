"""The interfaces of a capture across its sections, as the walk looks them up by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tunscope.capfile.packet_limits import max_caplen
from tunscope.capfile.timestamps import Clock
from tunscope.columns.timestamps import nanoseconds

if TYPE_CHECKING:
    from tunscope.capfile.blocks import InterfaceDescription
    from tunscope.capfile.options import ByteOrder
    from tunscope.columns.timestamps import Nanoseconds, Ticks

#: What the column `interface` can number.
MAX_INTERFACES: Final = 1 << 16


class InterfaceTable:
    """Interface descriptions in file order, with their link types, limits and clocks."""

    def __init__(self, descriptions: list[InterfaceDescription]) -> None:
        """Keep `descriptions`, an empty list, up to date."""
        self.descriptions: Final = descriptions
        #: Byte order of the section that describes each interface.
        self.orders: Final[list[ByteOrder]] = []
        #: Number of each interface within its section (frame.interface_id).
        self.numbers: Final[list[int]] = []
        self._linktypes = np.zeros(8, np.uint16)
        self._longest = np.zeros(8, np.int64)
        self._clocks = np.zeros(8, np.uint16)
        self._known_clocks: Final[dict[Clock, int]] = {}

    def __len__(self) -> int:
        return len(self.descriptions)

    def add(
        self, description: InterfaceDescription, order: ByteOrder, number_in_section: int = 0
    ) -> None:
        """Append one interface; ValueError if there are too many to number."""
        number = len(self.descriptions)
        if number == MAX_INTERFACES:
            raise ValueError(f"more than {MAX_INTERFACES} interfaces")
        if number == len(self._linktypes):
            self._linktypes = np.resize(self._linktypes, 2 * number)
            self._longest = np.resize(self._longest, 2 * number)
            self._clocks = np.resize(self._clocks, 2 * number)
        clock = Clock(description.tsresol, description.tsoffset)
        self._linktypes[number] = description.linktype & 0xFFFF
        self._longest[number] = max_caplen(description.linktype)
        self._clocks[number] = self._known_clocks.setdefault(clock, len(self._known_clocks))
        self.orders.append(order)
        self.numbers.append(number_in_section)
        self.descriptions.append(description)

    def describes(self, number: int, description: InterfaceDescription, order: ByteOrder) -> bool:
        """Whether interface `number` is this one, in this byte order."""
        if number >= len(self.descriptions):
            return False
        return self.descriptions[number] == description and self.orders[number] == order

    def truncate(self, count: int) -> None:
        """Forget all interfaces but the first `count`."""
        del self.descriptions[count:], self.orders[count:], self.numbers[count:]

    def linktypes(self, interfaces: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
        """Return the link type of every packet."""
        return self._linktypes.take(interfaces)

    def longest(self, interfaces: npt.NDArray[np.uint16]) -> npt.NDArray[np.int64]:
        """Return how many bytes of every packet a capture may hold."""
        return self._longest.take(interfaces)

    def times(self, ticks: Ticks, interfaces: npt.NDArray[np.uint16]) -> Nanoseconds:
        """Return the time of every packet from its interface's clock."""
        clocks = list(self._known_clocks)
        if not clocks:
            return np.zeros(len(ticks), np.int64)
        if len(clocks) == 1:
            return nanoseconds(clocks[0], ticks)
        times = np.zeros(len(ticks), np.int64)
        used = self._clocks.take(interfaces)
        for number in sorted(set(used.tolist())):
            rows = np.flatnonzero(used == number)
            times[rows] = nanoseconds(clocks[number], ticks[rows])
        return times
