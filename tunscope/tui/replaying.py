"""Replays as the screen sees them: what is wanted, how far it is, controls, behind one Protocol.

Nothing here blocks or raises: what was asked for comes true, or is refused, with a later poll.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from tunscope.errors import UsageError
from tunscope.packet.printable import printable

if TYPE_CHECKING:
    from tunscope.packet.flow import Flow
    from tunscope.packet.record import PacketRecord

SIDES: Final = ("default", "kernel", "wire", "as-recorded")
#: Speeds as they are typed; numbers may be others.
SPEEDS: Final = ("as recorded", "2 x", "100 pps", "10 mbps", "top", "step")
_SPEED_OPTIONS: Final = {"x": "--speed", "pps": "--pps", "mbps": "--mbps", "mb/s": "--mbps"}
#: What is still to come of it.
UNENDED: Final = frozenset({"preparing", "playing", "paused"})


@dataclass(frozen=True, slots=True)
class ReplayWish:
    """A replay as it is typed; `options` are those of ``tunscope replay``."""

    device: str
    side: str = SIDES[0]
    speed: str = SPEEDS[0]
    options: str = ""

    def words(self) -> list[str]:
        """Return it as options of the command line; UsageError for what is none."""
        if self.side not in SIDES:
            raise UsageError("side", f"{printable(self.side)!r} is not one of {', '.join(SIDES)}")
        side = [] if self.side == SIDES[0] else ["--side", self.side]
        try:
            more = shlex.split(self.options)
        except ValueError as error:
            raise UsageError("options", str(error).lower()) from error
        return [*side, *_speed_words(self.speed), *more]


def _speed_words(text: str) -> list[str]:
    speed = text.strip().lower()
    if speed in {"", SPEEDS[0]}:
        return []
    if speed in {"top", "step"}:
        return ["--topspeed" if speed == "top" else "--step"]
    number = speed.rstrip("abcdefghijklmnopqrstuvwxyz/ ")
    option = _SPEED_OPTIONS.get(speed[len(number) :].strip() or "x")
    try:
        float(number)
    except ValueError:
        option = None
    if option is None:
        raise UsageError(
            f"speed {printable(text)}", "is none", "2 x, 100 pps, 10 mbps, top, step, as recorded"
        )
    return [option, number]


@dataclass(frozen=True, slots=True)
class ReplayPackets:
    """Packets to send: what they are, how many, and a way to read them, on any thread."""

    name: str
    total: int
    records: Callable[[], Iterator[tuple[int, PacketRecord]]]


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """How far a replay is.

    `state` is "preparing", "playing", "paused", "done", "stopped" or "failed" (`error` says why).
    `planned` packets over all passes make sent, failed and skipped ones in the end; None: without
    end. `left_out` were skipped before it began. `passes` are this one and all (0: without end).
    `elapsed`, `position` and `duration` are seconds: played, in the schedule, and the whole of
    that if it has an end and a time. `planned_rate` is packets a second. `timing` has the
    differences between due and sent, in nanoseconds, by quantile. `a_pass` are the packets of one
    pass.
    """

    name: str
    state: str
    planned: int | None
    sent: int = 0
    octets: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    passes: tuple[int, int] = (1, 1)
    elapsed: float = 0.0
    position: float = 0.0
    duration: float | None = None
    planned_rate: float | None = None
    timing: Mapping[str, int] | None = None
    error: str = ""
    a_pass: int = 0

    @property
    def done(self) -> int:
        """Packets that something became of."""
        return self.sent + sum(self.failed.values()) + sum(self.skipped.values())

    @property
    def share(self) -> float | None:
        """How much of it is done, 0 to 1; None if it has no end."""
        return None if self.planned is None else min(1.0, self.done / max(1, self.planned))

    @property
    def rate(self) -> float:
        """Packets a second so far."""
        return self.sent / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that it will still take; None where nobody can tell."""
        if self.state not in UNENDED or self.state == "preparing":
            return None
        if self.duration is not None:
            return max(0.0, self.duration - self.position)
        if self.planned is None or not self.rate:
            return None
        return max(0, self.planned - self.done) / self.rate


class Replays(Protocol):
    """The replay on the device of one capture."""

    @property
    def refusal(self) -> str:
        """Why nothing can be replayed here, "" if it can be tried."""

    @property
    def progress(self) -> ReplayProgress | None:
        """The last one, None if there was none."""

    @property
    def flows(self) -> Collection[Flow]:
        """What its packets belong to: packets that answer these are its answers."""

    def start(self, wish: ReplayWish, packets: ReplayPackets) -> None:
        """Prepare and begin; what is wrong with it is a message of the session."""

    def control(self, action: str, by: int = 0) -> None:
        """Pause, resume, step; move by packets or "move_time" by nanoseconds; seek to a packet."""

    def stop(self) -> None:
        """End it early."""

    def forget(self) -> None:
        """Show one that has ended no more."""


class NoReplays:
    """Where there is no device; the tests' double too, whose attributes may be set.

    It remembers what it was asked for in `asked`.
    """

    def __init__(self, refusal: str = "a file has no device") -> None:
        self.refusal = refusal
        self.progress: ReplayProgress | None = None
        self.flows: Collection[Flow] = ()
        self.asked: list[tuple[object, ...]] = []

    def start(self, wish: ReplayWish, packets: ReplayPackets) -> None:
        """Remember it."""
        self.asked.append(("start", wish, packets))

    def control(self, action: str, by: int = 0) -> None:
        """Remember it."""
        self.asked.append((action, by))

    def stop(self) -> None:
        """Remember it."""
        self.asked.append(("stop",))

    def forget(self) -> None:
        """Have none."""
        self.asked.append(("forget",))
        self.progress = None
