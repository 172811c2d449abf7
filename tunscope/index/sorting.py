"""Sorting the rows of a view, in a thread of its own: the screen goes on with the old order."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tunscope.index.capture import CaptureIndex
    from tunscope.index.matches import Numbers
    from tunscope.index.ordering import SortKey


class SortRun:
    """Sorts `rows` by a key once. Equal keys stay in packet order, in both directions.

    `order` holds the sorted rows when the run is done, None before that and after an error.
    """

    def __init__(
        self, index: CaptureIndex, key: SortKey, rows: Numbers, *, descending: bool
    ) -> None:
        self._index = index
        self._key = key
        self._rows = rows
        self._descending = descending
        self.order: Numbers | None = None
        self.error: Exception | None = None
        #: Seconds the run took.
        self.took = 0.0
        self._thread = threading.Thread(target=self._run, name="tunscope-sort", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether the run has ended."""
        return self.order is not None or self.error is not None

    def wait(self, timeout: float) -> bool:
        """Wait for the end; False if that takes longer than `timeout` seconds."""
        self._thread.join(timeout)
        return self.done

    def _run(self) -> None:
        began = time.perf_counter()
        try:
            keys = self._key(self._index, self._rows)
            if self._descending:
                # Sorting the reverse and reading it backwards keeps equal keys in packet order.
                order = len(keys) - 1 - np.argsort(keys[::-1], kind="stable")[::-1]
            else:
                order = np.argsort(keys, kind="stable")
            self.order = self._rows[order]
        except Exception as error:  # noqa: BLE001  (shown by the view; a thread has no caller)
            self.error = error
        self.took = time.perf_counter() - began
