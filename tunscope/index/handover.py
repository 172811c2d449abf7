"""A second thread for the indexer: it decodes one chunk while the next is read and walked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final, TypeAlias

_Call: TypeAlias = Callable[[], None]


class Handover:
    """Runs calls on a thread of its own, one at a time, in the order they are handed over.

    At most one is outstanding, so whoever hands over needs two buffers and no more. The thread
    is started with the first call.
    """

    def __init__(self, name: str) -> None:
        self._name: Final = name
        self._calls: Final[SimpleQueue[_Call | None]] = SimpleQueue()
        self._ends: Final[SimpleQueue[BaseException | None]] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._outstanding = False

    def submit(self, call: _Call) -> None:
        """Have `call` run, once the one before has ended; raises what that one raised."""
        self.settle()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._outstanding = True
        self._calls.put(call)

    def settle(self) -> None:
        """Wait for the last call to end; raises what it raised."""
        if self._outstanding:
            self._outstanding = False
            error = self._ends.get()
            if error is not None:
                raise error

    def close(self) -> None:
        """Let the thread end with its last call; what that raises is nobody's any more."""
        if self._thread is not None:
            self._calls.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                call()
            except BaseException as error:  # noqa: BLE001 - it is raised where the call came from
                self._ends.put(error)
            else:
                self._ends.put(None)
            del call  # its buffer may be needed no longer
