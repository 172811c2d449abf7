"""How far a replay is in its schedule, which stands still while it is paused. Pure.

All times are nanoseconds, `now` those of time.monotonic_ns().
"""

from __future__ import annotations


class PlayClock:
    """Counts schedule time from `start` on; `elapsed` is the time that it ran."""

    def __init__(self) -> None:
        self._origin = 0
        self._stands_at: int | None = 0
        self._ran = 0
        self._since: int | None = None

    def start(self, now: int) -> None:
        """Let it run on from where it stands; nothing changes if it runs."""
        if self._stands_at is not None:
            self._origin, self._stands_at, self._since = now - self._stands_at, None, now

    def stand(self, now: int) -> None:
        """Let it stand still."""
        if self._stands_at is None:
            self._stands_at = now - self._origin
        if self._since is not None:
            self._ran, self._since = self._ran + now - self._since, None

    def move(self, now: int, position: int) -> None:
        """Set it, whether it runs or not."""
        if self._stands_at is None:
            self._origin = now - position
        else:
            self._stands_at = position

    def position(self, now: int) -> int:
        """Return the schedule's time."""
        return now - self._origin if self._stands_at is None else self._stands_at

    def moment(self, position: int) -> int:
        """Return when it will reach a schedule time, as if it had run all along."""
        return self._origin + position

    def elapsed(self, now: int) -> int:
        """Return how long it ran."""
        return self._ran + (0 if self._since is None else now - self._since)
