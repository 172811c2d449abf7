"""The one buffer a capture file is read through, piece by piece."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.batch import SLACK, Bytes
from tunscope.columns.gather import ByteWindow

#: Bytes of a capture that are walked and decoded at a time; measured against 1, 16 and 32 MiB.
CHUNK: Final = 4 << 20


class ChunkBuffer:
    """`size` bytes of a file, and the views of them that the walk and the decoders need."""

    def __init__(self, size: int = CHUNK) -> None:
        self.size = size
        self._storage = np.zeros((size + SLACK + 7) // 8, np.uint64)
        self.data: Bytes = self._storage.view(np.uint8)[: size + SLACK]
        self.words: npt.NDArray[np.uint32] = self._storage.view(np.uint32)
        self.window = ByteWindow(self.data)

    @property
    def target(self) -> memoryview:
        """Where to read to: `size` writable bytes."""
        return self.data.data[: self.size]
