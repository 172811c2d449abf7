"""How many packets of a growing capture answer those of a replay, counted on a thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from tunscope.errors import TunscopeError
from tunscope.packet.flow import Flow, is_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from tunscope.index.capture import CaptureIndex

_PAUSE_SECONDS: Final = 0.2
_MOST_AT_ONCE: Final = 2000


class AnswerCount:
    """Counts packets from number `first` on; `number` may be read at any time.

    `flows` is asked each time; `owned` says that what the kernel sends may answer as well.
    """

    def __init__(
        self,
        capture: CaptureIndex,
        flows: Callable[[], Collection[Flow]],
        first: int,
        *,
        owned: bool,
    ) -> None:
        self.number = 0
        self._capture: Final = capture
        self._flows: Final = flows
        self._next = first
        self._owned: Final = owned
        self._resting: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="answers", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Count no more; does not wait."""
        self._resting.set()

    def _run(self) -> None:
        while not self._resting.is_set():
            flows = self._flows()
            stop = min(self._capture.count, self._next + _MOST_AT_ONCE - 1)
            if not flows or stop < self._next:
                self._resting.wait(_PAUSE_SECONDS)
                continue
            for number in range(self._next, stop + 1):
                self._look(number, flows)
            self._next = stop + 1

    def _look(self, number: int, flows: Collection[Flow]) -> None:
        try:
            record = self._capture.record(number)
        except (KeyError, OSError, TunscopeError):  # no longer kept
            return
        self.number += is_answer(record, flows, owned=self._owned)
