"""The interfaces of a capture across its sections, as the walk looks them up by column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.timestamps import Resolution

if TYPE_CHECKING:
    from tunscope.capfile.blocks import InterfaceDescription
    from tunscope.capfile.options import ByteOrder
    from tunscope.columns.timestamps import Nanoseconds, Ticks

#: What the column `interface` can number.
MAX_INTERFACES: Final = 1 << 16


class InterfaceTable:
    """Interface descriptions in file order, with their link types and clocks."""

    def __init__(self) -> None:
        self.descriptions: Final[list[InterfaceDescription]] = []
        #: Byte order of the section that describes each interface.
        self.orders: Final[list[ByteOrder]] = []
        self._linktypes = np.zeros(8, np.uint16)
        self._clocks = np.zeros(8, np.uint16)
        self._resolutions: Final[dict[Resolution, int]] = {}

    def __len__(self) -> int:
        return len(self.descriptions)

    def add(self, description: InterfaceDescription, order: ByteOrder) -> None:
        """Append one interface; ValueError if there are too many to number."""
        number = len(self.descriptions)
        if number == MAX_INTERFACES:
            raise ValueError(f"more than {MAX_INTERFACES} interfaces")
        if number == len(self._linktypes):
            self._linktypes = np.resize(self._linktypes, 2 * number)
            self._clocks = np.resize(self._clocks, 2 * number)
        resolution = Resolution(description.tsresol, description.tsoffset)
        self._linktypes[number] = description.linktype & 0xFFFF
        self._clocks[number] = self._resolutions.setdefault(resolution, len(self._resolutions))
        self.orders.append(order)
        self.descriptions.append(description)

    def linktypes(self, interfaces: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
        """Return the link type of every packet."""
        return self._linktypes[interfaces]

    def times(self, ticks: Ticks, interfaces: npt.NDArray[np.uint16]) -> Nanoseconds:
        """Return the time of every packet from its interface's clock."""
        resolutions = list(self._resolutions)
        if len(resolutions) == 1:
            return resolutions[0].column(ticks)
        times = np.zeros(len(ticks), np.int64)
        clocks = self._clocks[interfaces]
        for clock in np.unique(clocks):
            rows = np.flatnonzero(clocks == clock)
            times[rows] = resolutions[clock].column(ticks[rows])
        return times
