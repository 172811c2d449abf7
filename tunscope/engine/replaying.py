"""The replay requests: a plan to play on the device of a capture, how far it is, and its end."""

from __future__ import annotations

import ctypes
import gc
import os
from typing import TYPE_CHECKING, Any, Final

from tunscope.engine.protocol import Message
from tunscope.engine.source import Side
from tunscope.engine.tun_port import refusal
from tunscope.errors import UsageError

if TYPE_CHECKING:
    from tunscope.engine.capture import Capture
    from tunscope.replay.player import Player, Port

_PR_SET_TIMERSLACK: Final = 29
#: A relay's traffic waits while packets of a replay are sent: not for long.
_TURN_NS_RELAYING: Final = 1_000_000
_TURN_NS: Final = 10_000_000


class Replays:
    """The replay of an engine, at most one at a time."""

    def __init__(self) -> None:
        self._name = ""
        self._player: Player | None = None
        self._capture: Capture | None = None
        self._packets_fd = -1

    def start(self, capture: Capture, message: Message) -> dict[str, Any]:
        """Begin to play the plan in descriptors "entries" and "packets" (`replay.plan`).

        ``{"period_ns", "loops", "loop_delay_ns", "limit", "duration_ns", "topspeed", "paused",
        "record", "name"}``: "record" says whether packets that are sent are recorded, "name" what
        they come from.
        UsageError if one is playing already, the plan is damaged, or none of it can be sent.
        """
        from tunscope.replay.course import UNENDED, Course
        from tunscope.replay.packets import PlanReader
        from tunscope.replay.player import Player
        from tunscope.replay.sides import PlanSide

        if self._player is not None and self._player.state in UNENDED:
            raise UsageError("replay", "another one is running on this device")
        course = Course(
            period_ns=_number(message["period_ns"]),
            loops=_number(message["loops"]),
            loop_delay_ns=_number(message["loop_delay_ns"]),
            limit=None if message["limit"] is None else _number(message["limit"]),
            duration_ns=None if message["duration_ns"] is None else _number(message["duration_ns"]),
            topspeed=bool(message["topspeed"]),
            paused=bool(message["paused"]),
        )
        plan = PlanReader(message["fds"]["entries"], message["fds"]["packets"])
        record = bool(message["record"])
        ports: dict[int, Port | str] = {
            PlanSide.KERNEL: capture.source.replay_port(Side.KERNEL, record),
            PlanSide.WIRE: capture.source.replay_port(Side.WIRE, record),
        }
        refusals = [port for side in sorted(plan.sides()) if isinstance(port := ports[side], str)]
        if len(refusals) == len(plan.sides()):
            raise UsageError("replay", refusals[0], "--side says who receives the packets")
        turn = _TURN_NS_RELAYING if capture.source.relays else _TURN_NS
        packets_fd = os.dup(message["fds"]["packets"])
        self.close()
        self._packets_fd = packets_fd
        self._name = str(message["name"])
        plan.read_from(packets_fd)
        # sleeps end when they should, and no old object is looked through between two packets
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
        gc.freeze()
        self._player, self._capture = Player(plan, ports, course, refusal, turn), capture
        return {"planned": len(plan)}

    def status(self) -> dict[str, Any]:
        """Return how far the last replay is; UsageError if there was none."""
        return self._last().to_json() | {"name": self._name}

    def stop(self) -> dict[str, Any]:
        """End it, and return how far it came."""
        self._last().stop()
        return self.status()

    def control(self, message: Message) -> dict[str, Any]:
        """Do what somebody at the controls wants, and return how far it is.

        ``{"action", "by"}``: "pause", "resume", "step", "move" by so many packets, "seek" to that
        packet of the pass (from 0), "move_time" by so many nanoseconds; by is 0 where it has no
        meaning. UsageError if none was started, or for another action.
        """
        player, by = self._last(), message["by"]
        if not isinstance(by, int) or abs(by) >= 1 << 62:
            raise UsageError("replay", f"{by!r} is no number that can be meant")
        match message["action"]:
            case "pause":
                player.pause()
            case "resume":
                player.resume()
            case "step":
                player.step()
            case "move":
                player.move(by)
            case "move_time":
                player.move_time(by)
            case "seek":
                player.seek(by)
            case action:
                raise UsageError("replay", f"{action!r} is no action")
        return self.status()

    def play(self) -> None:
        """Send what is due."""
        if self._player is None or self._capture is None:
            return
        if self._capture.ended is not None:
            self._player.fail("the capture ended")
        self._player.play()
        self._capture.counters.replayed = self._player.sent

    @property
    def deadline(self) -> float | None:
        """The time.monotonic() at which `play` must be called."""
        wakes_at = None if self._player is None else self._player.wakes_at
        return None if wakes_at is None else wakes_at / 1e9

    def presses(self) -> bool:
        """Whether other work had better wait for the next packet."""
        return self._player is not None and self._player.presses()

    def close(self) -> None:
        """Forget the last replay."""
        if self._packets_fd >= 0:
            os.close(self._packets_fd)
        self._packets_fd = -1
        self._player = self._capture = None

    def _last(self) -> Player:
        if self._player is None:
            raise UsageError("replay", "none was started")
        return self._player


def _number(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < 1 << 62:
        raise UsageError("replay", f"{value!r} is no number that can be meant")
    return value
