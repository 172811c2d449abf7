"""What a walk over a piece of a capture file finds: packets, by their place in a buffer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tunscope.columns.batch import Bytes
from tunscope.columns.gather import Positions


@dataclass(frozen=True, slots=True)
class Frames:
    """Packets in `data`, in file order; every array has one entry a packet.

    Packet i is `data[starts[i] : starts[i] + caplens[i]]`; `data` ends with `batch.SLACK` spare
    bytes. The other arrays are the columns of the same name, see `layout.PACKET_COLUMNS`.
    """

    data: Bytes
    starts: Positions
    caplens: npt.NDArray[np.int64]
    origlens: npt.NDArray[np.uint32]
    ts_ns: npt.NDArray[np.int64]
    interfaces: npt.NDArray[np.uint16]
    flags: npt.NDArray[np.uint8]
    #: Link type of every packet.
    linktypes: npt.NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.starts)

    def chosen(self, rows: npt.NDArray[np.intp]) -> Frames:
        """Return some of the packets."""
        return Frames(
            self.data,
            self.starts[rows],
            self.caplens[rows],
            self.origlens[rows],
            self.ts_ns[rows],
            self.interfaces[rows],
            self.flags[rows],
            self.linktypes[rows],
        )
