"""A clock that leaps over the time in which an application only waits.

Most of what a test of the screen takes is rests: a pane follows the cursor after 22 ms, a list
looks for packets 12 times a second. While a test lets time pass, the clock of the event loop,
which is `time.monotonic` everywhere, is moved on to the next timer as soon as nothing is left to
do before it. Timers fire in their order and at their times; work, on whatever thread, takes as
long as it takes.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from threading import get_native_id

import pytest

#: Other threads have so long (s) to begin what the application has just asked of them.
_GLANCE = 0.001
#: Whoever takes more CPU time than this (s) meanwhile, or waits for a processor, is at work.
_WORK = 0.0002
#: What Textual leaves a key before it looks whether the application has come to rest (s).
_KEY = 0.02
_TASKS = Path("/proc/self/task")


class LeapingClock:
    """`now` is what `time.monotonic` and Textual's clock say from `wind` on."""

    def __init__(self) -> None:
        self._real = time.monotonic
        self._ahead = 0.0

    def wind(self, patch: pytest.MonkeyPatch) -> None:
        """Let the application, its event loop and Textual's pilot go by this clock."""
        patch.setattr("time.monotonic", self.now)
        patch.setattr("textual._time.get_time", self.now)
        patch.setattr("textual.app.wait_for_idle", self._key_passes)
        patch.setattr("textual.pilot.wait_for_idle", self._key_passes)

    def now(self) -> float:
        return self._real() + self._ahead

    async def pass_time(self, seconds: float) -> None:
        """Come back when the clock has gone on by `seconds` and nobody has anything to do."""
        end = self.now() + seconds
        await self._rest()
        while (now := self.now()) < end:
            self._ahead += max(0.0, min([end, *_timers()]) - now)
            await self._rest()

    async def _key_passes(self, min_sleep: float = 0, max_sleep: float = 1) -> None:
        await self.pass_time(_KEY)

    async def _rest(self) -> None:
        """Come back when neither the event loop nor another thread has anything to do."""
        loop = asyncio.get_running_loop()
        while True:
            spent = _spent_elsewhere()
            await asyncio.sleep(_GLANCE)
            if not loop._ready and _spent_elsewhere() - spent < _WORK and not _is_anybody_running():
                return


def _timers() -> list[float]:
    loop = asyncio.get_running_loop()
    return [timer.when() for timer in loop._scheduled if not timer.cancelled()]


def _spent_elsewhere() -> float:
    """Return the CPU time of the other threads of this process."""
    return time.process_time() - time.thread_time()


def _is_anybody_running() -> bool:
    """Whether another thread runs, would run on a free processor, or waits for a disk."""
    own = str(get_native_id())
    for task in _TASKS.iterdir():
        if task.name != own:
            try:
                stat = (task / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):  # it has just ended
                continue
            if stat.rpartition(")")[2].split()[0] in "RD":
                return True
    return False
