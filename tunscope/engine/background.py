"""One piece of work at a time, done by a thread while the engine goes on."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable


class Background:
    """Does what it is given in a thread of its own, which begins with the first piece.

    Two queues of one place each are all that the threads share.
    """

    def __init__(self) -> None:
        self._given: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Exception | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._busy = False

    def begin(self, work: Callable[[], object]) -> None:
        """Have `work` done; whatever was begun before must have been waited for."""
        assert not self._busy, "wait first"
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="write behind", daemon=True)
            self._thread.start()
        self._busy = True
        self._given.put(work)

    def wait(self) -> None:
        """Wait until what was begun is done; raise what it raised."""
        if self._busy:
            self._busy = False
            error = self._done.get()
            if error is not None:
                raise error

    def close(self) -> None:
        """End the thread; whatever was begun must have been waited for."""
        if self._thread is not None:
            self._given.put(None)
            self._thread.join()
            self._thread = None

    def _serve(self) -> None:
        while (work := self._given.get()) is not None:
            try:
                work()
            except Exception as error:  # noqa: BLE001  whoever waits raises it
                self._done.put(error)
            else:
                self._done.put(None)
