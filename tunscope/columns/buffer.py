"""The one buffer a capture file is read through, piece by piece."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.batch import SLACK, Bytes
from tunscope.columns.gather import ByteWindow

#: Bytes of a capture that are walked and decoded at a time; measured against 1, 16 and 32 MiB.
CHUNK: Final = 4 << 20
#: Where in a buffer the file's bytes start.
ORIGIN: Final = SLACK


class ChunkBuffer:
    """`size` bytes of a file from `ORIGIN` on, and the views that walk and decoders need."""

    def __init__(self, size: int = CHUNK) -> None:
        self.size: Final = size
        storage = np.zeros((size + 2 * SLACK + 7) // 8, np.uint64)
        self.data: Final[Bytes] = storage.view(np.uint8)[: size + 2 * SLACK]
        self.words: Final[npt.NDArray[np.uint32]] = storage.view(np.uint32)
        self.window: Final = ByteWindow(self.data)

    @property
    def target(self) -> memoryview:
        """Where to read to: `size` writable bytes."""
        return self.data.data[ORIGIN : ORIGIN + self.size]
