"""Replays on the device of a running engine, as the screen asks for them and watches them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Final

from tunscope.cli.replay_plan import ReplayPlan
from tunscope.cli.replay_preparation import Preparation
from tunscope.cli.replay_run import plan_request
from tunscope.cli.replay_wish import order_of
from tunscope.engine.protocol import Message, Op
from tunscope.errors import TunscopeError
from tunscope.tui.replaying import UNENDED, ReplayPackets, ReplayProgress, ReplayWish

if TYPE_CHECKING:
    from tunscope.engine.client import EngineClient, Opening
    from tunscope.packet.flow import Flow

_LOOK_SECONDS: Final = 0.1

#: Told a sentence, and whether it is an error.
Say = Callable[[str, bool], None]


class EngineReplays:
    """Implements `tui.replaying.Replays`; `client` is polled elsewhere, `pull` after that."""

    refusal = ""

    def __init__(self, client: EngineClient, opening: Opening, say: Say) -> None:
        self._client = client
        self._opening = opening
        self._say = say
        self._preparing: Preparation | None = None
        self._plan: ReplayPlan | None = None
        self._left_out: Mapping[str, int] = {}
        self._heard: Callable[[Message], None] = _nobody
        self._status: Message | None = None
        self._forgotten = False
        self._ended = False
        self._unanswered = False
        self._looked = 0.0
        self._sent = 0
        self.progress: ReplayProgress | None = None
        self.flows: Collection[Flow] = frozenset()

    # --- what the screen asks for

    def start(self, wish: ReplayWish, packets: ReplayPackets) -> None:
        """Prepare the packets on a thread, then begin."""
        if self.progress is not None and self.progress.state in UNENDED:
            self._say("replay: another one is running on this device", True)
            return
        try:
            order = order_of(wish, packets.name)
        except TunscopeError as error:
            self._say(str(error), True)
            return
        self.flows = frozenset()  # until the new ones are known nothing is an answer
        self.progress = ReplayProgress(packets.name, "preparing", packets.total)
        self._preparing = Preparation(order, packets, self._opening)
        self._preparing.start()

    def control(self, action: str, by: int = 0) -> None:
        """Ask the engine."""
        if self.progress is not None and self.progress.state in UNENDED - {"preparing"}:
            self._client.ask(Op.REPLAY_CONTROL, {"action": action, "by": by}, self._answered)

    def stop(self) -> None:
        """End it, or the preparation."""
        if self._preparing is not None:
            self._preparing.cancel()
        elif self.progress is not None and self.progress.state in UNENDED:
            self._client.ask(Op.REPLAY_STOP, {}, self._answered)

    def forget(self) -> None:
        """Show one that has ended no more."""
        if self.progress is not None and self.progress.state not in UNENDED:
            self.progress, self._forgotten = None, True

    # --- what the session tells

    def adopt(self, plan: ReplayPlan, heard: Callable[[Message], None]) -> None:
        """Watch one that was begun before; `heard` is told what the engine says of it."""
        self._heard, self._left_out = heard, dict(plan.prepared.skipped)
        self.flows = frozenset(plan.prepared.flows)
        self._look()

    def note(self, replayed: int) -> None:
        """Take note of how many packets the engine has replayed: others may have begun it."""
        if replayed != self._sent:
            self._sent = replayed
            self._forgotten = False
            self._look()

    def end(self) -> None:
        """The capture is over, and with it the replay."""
        self._ended, self.refusal = True, "the capture has ended"
        if self._preparing is not None:
            self._preparing.cancel()
            self._preparing = None
            self.progress = None
        elif self._status is not None and self._status["state"] in UNENDED:
            self._take(self._status | {"state": "stopped", "error": self.refusal})
        self._close_plan()

    def pull(self) -> None:
        """Go on with what is prepared, and ask the engine now and then."""
        preparing = self._preparing
        if preparing is not None:
            self._pull_preparation(preparing)
        elif self.progress is not None and self.progress.state in UNENDED:
            self._look()

    # --- at work

    def _pull_preparation(self, preparing: Preparation) -> None:
        if not preparing.ended:
            preparing.questions.pass_on(self._client)
            name, total = preparing.packets.name, preparing.packets.total
            self.progress = ReplayProgress(name, "preparing", total, preparing.read)
            return
        self._preparing, plan = None, preparing.plan
        if plan is None:
            self.progress = None
            self._say(str(preparing.problem or "replay: cancelled"), preparing.problem is not None)
            return
        self._close_plan()
        self._plan, self._heard = plan, _nobody
        self._left_out = dict(plan.prepared.skipped)
        self._forgotten = False
        self.flows = frozenset(plan.prepared.flows)
        for text in plan.warnings:
            self._say(text, False)
        fds, arguments = plan_request(preparing.order, plan, record=True)
        self._unanswered = True
        self._client.ask(Op.REPLAY, arguments, self._begun, fds)

    def _begun(self, answer: Message | TunscopeError) -> None:
        self._unanswered = False
        self._close_plan()  # the engine has it, if it has taken it
        if isinstance(answer, TunscopeError):
            self.progress = None
            self._say(str(answer), True)
        else:
            self._look()

    def _look(self) -> None:
        now = time.monotonic()
        if self._ended or self._unanswered or now - self._looked < _LOOK_SECONDS:
            return
        self._looked, self._unanswered = now, True
        self._client.ask(Op.REPLAY_STATUS, {}, self._told)

    def _told(self, answer: Message | TunscopeError) -> None:
        self._unanswered = False
        self._answered(answer)

    def _answered(self, answer: Message | TunscopeError) -> None:
        if isinstance(answer, TunscopeError):
            if not self._ended:
                self._say(str(answer), True)
        else:
            self._take(answer)

    def _take(self, status: Message) -> None:
        before, self._status = self._status, status
        self._heard(status)
        if self._forgotten:
            return
        self.progress = progress_of(status, self._left_out)
        if status["state"] not in UNENDED and (before is None or before["state"] in UNENDED):
            self._say_end(self.progress)

    def _say_end(self, progress: ReplayProgress) -> None:
        failed = progress.state == "failed"
        why = f": {progress.error}" if progress.error else ""
        self._say(f"replay {progress.state}{why}; {progress.sent:,} packets sent", failed)

    def _close_plan(self) -> None:
        plan, self._plan = self._plan, None
        if plan is not None:
            plan.close()


def progress_of(status: Message, left_out: Mapping[str, int]) -> ReplayProgress:
    """Return what an engine says of a replay, for the screen."""
    loops, limit, length = status["loops"], status["limit"], status["planned"]
    planned = length * loops + status["repeated"] if loops else None
    if limit is not None:
        planned = limit if planned is None else min(planned, limit)
    even = not status["topspeed"] and status["period_ns"] > 0
    duration = None
    if loops and limit is None and even:
        duration = status["period_ns"] * loops + status["loop_delay_ns"] * (loops - 1)
    if status["duration_ns"] is not None:
        duration = min(duration or status["duration_ns"], status["duration_ns"])
    return ReplayProgress(
        name=status["name"],
        state=status["state"],
        planned=planned,
        sent=status["sent"],
        octets=status["sent_bytes"],
        failed=status["failed"],
        skipped=status["skipped"],
        left_out=left_out,
        passes=(status["pass"], loops),
        elapsed=status["elapsed_ns"] / 1e9,
        position=status["position_ns"] / 1e9,
        duration=None if duration is None else duration / 1e9,
        planned_rate=length * 1e9 / status["period_ns"] if even else None,
        timing=status["timing"],
        error=status["error"],
        a_pass=length,
    )


def _nobody(status: Message) -> None:
    """Nobody else is interested."""
