"""How often the screen takes in what has arrived: at once after a calm, steadily in a stream.

Painting a list is what costs; nobody reads rows that are pushed on after a twenty-fifth of a
second. All times are those of `time.monotonic`, in seconds. Pure but for `Pulse`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds between looks while a file is read, while something else is under way, while packets
#: may come, and else; the last is also the time between pulls of a stream.
READING: Final = 0.01
BUSY: Final = 0.04
WATCHFUL: Final = 0.08
CALM: Final = 0.2
#: Seconds between pulls when nothing happens, and of a stream that costs much to show.
SLOW: Final = 0.5
#: What is much: this share of a core, and so many seconds of CPU time ahead for a burst.
_SHARE: Final = 0.03
_AHEAD: Final = 0.03
#: A move so long after another is a single one.
_SINGLE: Final = 0.15
#: How long the cursor rests before panes follow a single move, after a run of moves, in a flood.
_SHORT_REST: Final = 0.022
_REST: Final = 0.06
_LONG_REST: Final = 0.2
#: How long panes stay while the list moves on, by a person's keys or by itself.
_STAY: Final = 0.5
_LONG_STAY: Final = 1.0


class Pulse:
    """Calls `beat` from the event loop, again after as many seconds as it returns.

    Costs a tenth of a timer of Textual, which sends a message for every tick. What `beat` raises
    goes to `failed`, and ends the pulse.
    """

    def __init__(self, beat: Callable[[], float], failed: Callable[[Exception], object]) -> None:
        self._beat: Final = beat
        self._failed: Final = failed
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin; the first beat comes after a short pause."""
        self._wait(BUSY)

    def quicken(self) -> None:
        """Let the next beat come soon: something may have begun."""
        due = asyncio.get_running_loop().time() + BUSY
        if self._next is not None and self._next.when() > due:
            self._next.cancel()
            self._wait(BUSY)

    def stop(self) -> None:
        """End."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _wait(self, seconds: float) -> None:
        self._next = asyncio.get_running_loop().call_later(seconds, self._run)

    def _run(self) -> None:
        try:
            pause = self._beat()
        except Exception as error:  # noqa: BLE001  it belongs to the application, as a handler's
            self._next = None
            self._failed(error)
        else:
            if self._next is not None:
                self._wait(pause)


class PullPace:
    """Decides when to pull: for `news` at once, for packets of a stream in their turn.

    A packet after a calm is news too. Both are told as what there was by the last look. Turns of
    a stream come less often where they cost more: `cpu` is the CPU time that the thread has taken.
    """

    def __init__(self) -> None:
        self._news: object = None
        self._stream: object = None
        self._streamed = 0.0
        self._pull_due = 0.0
        self._credit = _AHEAD
        self._counted = (0.0, 0.0)

    def is_due(self, now: float, news: object, stream: object, cpu: float) -> bool:
        """Return whether to pull now."""
        before, spent = self._counted
        self._counted = (now, cpu)
        earned = (now - before) * _SHARE - (cpu - spent)
        self._credit = max(-_AHEAD, min(self._credit + earned, _AHEAD))
        if now >= self._pull_due or news != self._news:
            return True
        pause = CALM if self._credit >= 0 else SLOW
        return stream != self._stream and now >= self._streamed + pause

    def pulled(self, now: float, news: object, stream: object, *, pause: float) -> None:
        """Note that all was taken in; unless there is more, pull again after `pause`."""
        self._news = news
        if stream != self._stream:
            self._stream = stream
            self._streamed = now
        self._pull_due = now + pause


class PanePace:
    """Decides when the panes show another packet: what a key does to the list comes first.

    After a single move they follow shortly, after one of a run when it ends. While the list
    follows a capture they change calmly.
    """

    def __init__(self, now: float) -> None:
        self._moved = now
        self._rest = _REST
        self._due = self._held = 0.0

    def moved(self, now: float, *, flood: bool = False) -> float:
        """Note that the cursor moved, maybe in a flood; return the seconds it has to rest."""
        single = now - self._moved >= _SINGLE
        self._rest = _LONG_REST if flood else _SHORT_REST if single else _REST
        if single:
            self._due = now + _STAY
        self._moved, self._held = now, 0.0
        return self._rest

    def hold(self, until: float) -> None:
        """Show nothing before `until` unless the cursor moves."""
        self._held = until

    def is_due(self, now: float, *, following: bool) -> bool:
        """Return whether the packet under the cursor is to be shown."""
        if now < self._held:
            return False
        if following:
            return now >= self._due + _LONG_STAY - _STAY
        return now >= min(self._moved + self._rest, self._due)

    def shown(self, now: float) -> None:
        """Note that the panes show another packet."""
        self._due = now + _STAY
