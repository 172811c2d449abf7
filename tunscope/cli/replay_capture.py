"""``tunscope DEVICE --replay FILE``: a replay within a capture, headless or on the screen."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from tunscope.cli.privilege import as_invoking_user
from tunscope.cli.replay_order import ReplayOrder
from tunscope.cli.replay_plan import ReplayPlan, ReplaySource, made_plan
from tunscope.cli.replay_run import MOST_RECORDS, ReplayRun, count_answers
from tunscope.engine.protocol import Op
from tunscope.errors import ExitCode, TunscopeError

if TYPE_CHECKING:
    from tunscope.cli.replays import EngineReplays
    from tunscope.engine.client import EngineClient, Opening


class CaptureReplay:
    """The replay of one capture: to be entered before the device is opened."""

    def __init__(self, order: ReplayOrder) -> None:
        self._order = order
        self._held = contextlib.ExitStack()
        self._records = -1
        self._owned = False
        self._plan: ReplayPlan | None = None
        self._run: ReplayRun | None = None
        self._ended_at: float | None = None

    def __enter__(self) -> Self:
        with as_invoking_user():
            self._source = ReplaySource(self._order)
        self._held.callback(self._source.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def begin(self, client: EngineClient, opening: Opening) -> None:
        """Start it on the device that `client` captures on."""
        self._owned = opening.mode != "observed"
        plan = made_plan(
            self._source.packets(),
            self._order,
            opening.facts,
            owned=self._owned,
            resolve=lambda asked: client.request(Op.RESOLVE, **asked),
        )
        self._held.callback(plan.close)
        self._plan = plan
        self._records = os.memfd_create("tunscope-replay", os.MFD_CLOEXEC)
        self._held.callback(os.close, self._records)
        client.request(Op.COPY, {"output": self._records}, limit=MOST_RECORDS)
        self._run = ReplayRun(self._order, self._source, plan, client, opening.facts)
        self._run.begin(record=True)

    def going_on(self) -> bool:
        """Ask how far it is; False once it has ended and late answers were waited for."""
        now = time.monotonic()
        if self._ended_at is None and self._run is not None and not self._run.playing():
            self._ended_at = now
        return self._ended_at is None or now - self._ended_at < self._order.wait

    def watched_by(self, replays: EngineReplays) -> None:
        """Let the screen have it at its controls, from `begin` on."""
        if self._plan is not None and self._run is not None:
            replays.adopt(self._plan, self._run.heard)

    def broke_off(self, error: TunscopeError, *, quiet: bool, to_stderr: bool) -> None:
        """Report about a replay whose capture ended with an error, if it had begun."""
        if self._run is None:
            return
        with contextlib.suppress(TunscopeError):  # the caller has the first one to tell
            self._run.broke_off(error)
            self.finish(quiet=quiet, to_stderr=to_stderr)

    def finish(self, *, quiet: bool, to_stderr: bool) -> ExitCode:
        """Print the report; return the exit status, or raise what ended the replay."""
        if self._run is None or self._plan is None:
            return ExitCode.FAILURE
        answers = count_answers(self._records, self._plan.prepared.flows, owned=self._owned)
        return self._run.finish(answers, quiet=quiet, to_stderr=to_stderr)


def with_replay(
    order: ReplayOrder | None,
    capture: Callable[[CaptureReplay | None], ExitCode],
    *,
    quiet: bool,
    to_stderr: bool,
) -> ExitCode:
    """Run a capture, with a replay in it if there is an order, and report about that after it."""
    if order is None:
        return capture(None)
    with CaptureReplay(order) as replay:
        try:
            status = capture(replay)
        except TunscopeError as error:
            replay.broke_off(error, quiet=quiet, to_stderr=to_stderr)
            raise
        return max(status, replay.finish(quiet=quiet, to_stderr=to_stderr))
