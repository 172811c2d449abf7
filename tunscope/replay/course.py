"""How often and how long a plan is played, and where that stands. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a replay is."""

    PLAYING = "playing"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


#: Something is still to come.
UNENDED: Final = frozenset({State.PLAYING, State.PAUSED})


@dataclass(frozen=True, slots=True)
class Course:
    """How often and how long: `loops` passes (0: for ever), the pause between them, and the ends.

    `period_ns` is the length of one pass without the pause. `paused` waits for the first `step`
    or `resume`.
    """

    period_ns: int
    loops: int = 1
    loop_delay_ns: int = 0
    limit: int | None = None
    duration_ns: int | None = None
    topspeed: bool = False
    paused: bool = False
