"""How a thread that works through a capture gives way to a person who waits for the screen."""

from __future__ import annotations

import math
from typing import Final

#: A key is answered and painted in this time, if nothing is in its way.
_WAY: Final = 0.03
#: So long after a key another one is to be expected; work is done in pieces of so many bytes.
_ATTENTIVE: Final = 0.5
_PIECE: Final = 1 << 19
#: More bytes than any piece has.
ALL: Final = 1 << 62


class GivingWay:
    """Asked by one thread, obeyed by another. All times are those of `time.monotonic`, seconds.

    Work that gives way gets half of the time, and more when no one asks.
    """

    def __init__(self) -> None:
        self._asked = -math.inf
        self._fair = -math.inf

    def ask(self, now: float) -> None:
        """Have the work make way for a moment."""
        self._asked = now

    def pause(self, now: float) -> float:
        """Return for how long the work is to rest before its next piece, which it then does."""
        wait = self._asked + _WAY - now
        if wait <= 0 or now < self._fair:
            return 0.0
        self._fair = now + wait + _WAY
        return wait

    def piece(self, now: float) -> int:
        """Return how many bytes of capture the next piece may have."""
        return _PIECE if now < self._asked + _ATTENTIVE else ALL
