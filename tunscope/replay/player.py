"""Plays a plan: every packet at its time, by an absolute schedule, from within a loop.

`play` is called again and again. It sleeps and spins for a packet that is due soon, and returns to
its caller while there is nothing to do for longer, so that one thread can do other work between.
"""

from __future__ import annotations

import errno
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final, Protocol

from tunscope.replay.clock import PlayClock
from tunscope.replay.course import UNENDED, Course, State
from tunscope.replay.histogram import DurationHistogram
from tunscope.replay.packets import PacketChunk, PlanReader
from tunscope.replay.refusals import BY_HAND

_SECOND_NS: Final = 1_000_000_000
#: A packet that is due within this time is waited for; `time.sleep` wakes late, so the rest spins.
_PATIENCE_NS: Final = 3_000_000
_SPIN_NS: Final = 150_000
#: After this long without a pause the caller gets its turn.
_TURN_NS: Final = 10_000_000
#: At the end of a turn a packet that is due sooner than this is still waited for.
_BREATH_NS: Final = 400_000
_LONGEST_TURN_NS: Final = 40_000_000
#: At top speed: packets at a time, and how long before what came back is looked after.
_BURST: Final = 256
_BURSTS_NS: Final = 2_000_000
#: How long a packet is tried again on a queue that stays full.
_FULL_QUEUE_NS: Final = _SECOND_NS
_RETRY_NS: Final = 100_000
_CHECK_NS: Final = 50_000_000
_FULL: Final = frozenset({errno.EAGAIN, errno.ENOBUFS})
#: The device is down or deleted: there is no use in going on.
_FATAL: Final = frozenset(
    {errno.ENETDOWN, errno.EIO, errno.EBADFD, errno.ENODEV, errno.ENXIO, errno.EBADF}
)


class Port(Protocol):
    """Where packets of one side go. Nothing blocks."""

    def check(self) -> str:
        """Return why what is sent now would get lost without a word, "" if it would not."""

    def send(self, chunk: PacketChunk, first: int, stop: int) -> tuple[int, int]:
        """Send packets `first` to `stop` of a chunk in order, until one is refused.

        Return how many were sent, and the errno of the next one, 0 if all were.
        """


class Player:
    """Plays `plan` to `ports`; a side that has none is skipped for the reason given instead.

    `refusal` words an errno. `turn_ns` is how long `play` may keep the thread while packets
    follow each other closely.
    """

    def __init__(
        self,
        plan: PlanReader,
        ports: Mapping[int, Port | str],
        course: Course,
        refusal: Callable[[int], str],
        turn_ns: int = _TURN_NS,
    ) -> None:
        self._plan = plan
        self._ports = ports
        self._course = course
        self._refusal = refusal
        self._turn_ns = turn_ns
        self._length = len(plan)
        self._index = 0
        self._pass = 0
        self._attempts = 0
        self._chunk = plan.chunk(0)
        self._clock = PlayClock()
        self._started = False
        self._steps = 0
        self._retry_at = 0
        self._full_since = 0
        self._checked = 0
        self.state = State.PAUSED if course.paused else State.PLAYING
        self.error = ""
        self.sent = 0
        self.sent_bytes = 0
        self.failed: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()
        #: Packets that come once more, because somebody went back to before them.
        self.repeated = 0
        self.timing = DurationHistogram()

    @property
    def wakes_at(self) -> int | None:
        """The time.monotonic_ns() at which `play` has something to do, None for nothing now."""
        if self.state is State.PAUSED and self._steps:
            return self._retry_at
        if self.state is not State.PLAYING:
            return None
        return max(self._due() - _PATIENCE_NS, self._retry_at)

    def presses(self) -> bool:
        """Whether the next packet is due so soon that other work had better wait."""
        if self.state is not State.PLAYING or self._course.topspeed:
            return False
        return 0 < self._due() - time.monotonic_ns() < _BREATH_NS

    def play(self) -> None:
        """Send what is due, and what is due soon."""
        began = time.monotonic_ns()
        if began < self._retry_at:
            return
        if self.state is State.PAUSED:
            self._play_steps(began)
            return
        if not self._started and self.state is State.PLAYING:
            self._started = True
            self._clock.start(began)
        while self.state is State.PLAYING:
            now = time.monotonic_ns()
            due = self._due()
            if self._ends_before(now, max(now, due)):
                self._end(State.DONE)
                return
            wait = due - now
            used = now - began
            if wait > _PATIENCE_NS or (used > self._turn_ns and wait > _BREATH_NS):
                return
            if used > max(self._turn_ns, _LONGEST_TURN_NS if wait > 0 else self._turn_ns):
                return
            if wait > 0:
                _wait_until(due)
            if not self._check(now) or not self._send(due):
                return
            if self._course.topspeed and time.monotonic_ns() - began > _BURSTS_NS:
                return

    def _play_steps(self, now: int) -> None:
        while self.state is State.PAUSED and self._steps:
            if self._ends_before(now, now):
                self._end(State.DONE)
                return
            self._clock.move(now, self._position())
            if not self._check(now) or not self._send(None):
                return
            self._steps -= 1

    # --- what somebody at the controls wants

    def pause(self) -> None:
        """Stand still, until `resume`."""
        if self.state is State.PLAYING:
            self.state = State.PAUSED
            self._clock.stand(time.monotonic_ns())

    def resume(self) -> None:
        """Go on; the next packet comes after what was left of its gap."""
        if self.state is State.PAUSED:
            self.state = State.PLAYING
            self._started, self._steps = True, 0
            self._clock.start(time.monotonic_ns())

    def step(self) -> None:
        """Send the next packet now, and stand still behind it."""
        self.pause()
        if self.state is State.PAUSED:
            self._steps += 1

    def move(self, packets: int) -> None:
        """Leave out so many packets, or go back over them; the next one is sent at once."""
        self.seek(self._index + packets)

    def move_time(self, nanoseconds: int) -> None:
        """Go on at an earlier or later time of this pass."""
        now = time.monotonic_ns()
        within = self._clock.position(now) - self._pass * self._pass_ns
        self.seek(self._plan.position_at(max(0, within + nanoseconds)))

    def seek(self, position: int) -> None:
        """Go on with packet `position` of this pass, counted from 0; it is sent at once.

        Packets that are left out so count as skipped.
        """
        if self.state not in UNENDED:
            return
        position = min(max(0, position), self._length)
        ahead = position - self._index
        if ahead < 0:
            self.repeated -= ahead
            self._index = position
            self._load()
        elif ahead:
            self.skipped[BY_HAND] += ahead
            self._advance(ahead)
        if self.state in UNENDED:
            self._retry_at = self._full_since = 0
            self._clock.move(time.monotonic_ns(), self._position())

    def stop(self) -> None:
        """End before the plan does."""
        if self.state in UNENDED:
            self._end(State.STOPPED)

    def fail(self, why: str) -> None:
        """End because nothing can be sent any more."""
        if self.state in UNENDED:
            self.error = why
            self._end(State.FAILED)

    def to_json(self) -> dict[str, Any]:
        """Return its course, and what became of it so far. Times are nanoseconds."""
        timing, now = self.timing, time.monotonic_ns()
        return asdict(self._course) | {
            "state": self.state,
            "error": self.error,
            "planned": self._length,
            "pass": self._pass + 1,
            "position": self._index,
            "sent": self.sent,
            "sent_bytes": self.sent_bytes,
            "failed": dict(self.failed),
            "skipped": dict(self.skipped),
            "repeated": self.repeated,
            "elapsed_ns": self._clock.elapsed(now),
            "position_ns": self._clock.position(now),
            "timing": {
                "median": timing.quantile(0.5),
                "p95": timing.quantile(0.95),
                "p99": timing.quantile(0.99),
                "max": timing.maximum,
            }
            if timing.count
            else None,
        }

    @property
    def _pass_ns(self) -> int:
        return self._course.period_ns + self._course.loop_delay_ns

    def _position(self) -> int:
        """Return when the next packet is due, in the schedule's time."""
        return self._pass * self._pass_ns + self._chunk.due[self._index - self._chunk.first]

    def _due(self) -> int:
        """Return when the next packet is due, by time.monotonic_ns()."""
        if not self._started:
            return time.monotonic_ns()
        return self._clock.moment(self._position())

    def _ends_before(self, now: int, moment: int) -> bool:
        course = self._course
        if course.limit is not None and self._attempts >= course.limit:
            return True
        if course.duration_ns is None:
            return False
        return self._clock.elapsed(now) + moment - now > course.duration_ns

    def _check(self, now: int) -> bool:
        """Look whether somebody is there, now and then."""
        if now - self._checked < _CHECK_NS:
            return True
        self._checked = now
        for port in self._ports.values():
            why = "" if isinstance(port, str) else port.check()
            if why:
                self.fail(why)
                return False
        return True

    def _send(self, due: int | None) -> bool:
        """Send what comes next; return False if it has to be tried again later.

        `due` is when it was due, None where it is sent by hand.
        """
        chunk = self._chunk
        first = self._index - chunk.first
        side = chunk.side[first]
        stop = first + 1
        if self._course.topspeed and due is not None:
            stop = self._burst_end(first, side)
        port = self._ports[side]
        if isinstance(port, str):
            self.skipped[port] += stop - first
            self._advance(stop - first)
            return True
        if due is not None and not self._course.topspeed:
            self.timing.add(time.monotonic_ns() - due)
        sent, code = port.send(chunk, first, stop)
        self.sent += sent
        self.sent_bytes += sum(chunk.length[first : first + sent])
        if sent:
            self._full_since = 0
            self._advance(sent)
        return not code or self._refused(code)

    def _burst_end(self, first: int, side: int) -> int:
        chunk = self._chunk
        stop = min(first + _BURST, chunk.count)
        if self._course.limit is not None:
            stop = min(stop, first + self._course.limit - self._attempts)
        for index in range(first + 1, stop):
            if chunk.side[index] != side:
                return index
        return stop

    def _refused(self, code: int) -> bool:
        if code in _FATAL:
            self.failed[self._refusal(code)] += 1
            self.fail(self._refusal(code))
            return False
        if code in _FULL:
            now = time.monotonic_ns()
            self._full_since = self._full_since or now
            if now - self._full_since < _FULL_QUEUE_NS:
                self._retry_at = now + _RETRY_NS
                return False
            self._full_since = 0
        self.failed[self._refusal(code)] += 1
        self._advance(1)
        return True

    def _advance(self, packets: int) -> None:
        self._attempts += packets
        self._index += packets
        if self._index == self._length:
            self._pass += 1
            if self._course.loops and self._pass == self._course.loops:
                self._pass -= 1
                self._end(State.DONE)
                return
            self._index = 0
        self._load()

    def _load(self) -> None:
        """Have the chunk with the next packet."""
        if not self._chunk.first <= self._index < self._chunk.first + self._chunk.count:
            try:
                self._chunk = self._plan.chunk(self._index)
            except OSError as error:
                self.fail(error.strerror or "the plan cannot be read")

    def _end(self, state: State) -> None:
        self.state = state
        self._clock.stand(time.monotonic_ns())


def _wait_until(moment: int) -> None:
    rest = moment - time.monotonic_ns() - _SPIN_NS
    if rest > 0:
        time.sleep(rest / _SECOND_NS)
    while time.monotonic_ns() < moment:
        pass
