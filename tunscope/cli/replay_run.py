"""A replay while it runs: asked of an engine, watched, and summed up."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any, BinaryIO, Final, Protocol

import click

from tunscope.cli.replay_keys import pressed_keys
from tunscope.cli.replay_order import ReplayOrder
from tunscope.cli.replay_plan import ReplayPlan, ReplaySource
from tunscope.device.facts import DeviceFacts
from tunscope.engine.protocol import Message, Op
from tunscope.errors import ExitCode, TunscopeError
from tunscope.packet.flow import Flow, is_answer
from tunscope.packet.printable import printable
from tunscope.replay.report import Report

#: Bytes of records that are kept to look for answers in.
MOST_RECORDS: Final = 64_000_000


class Engine(Protocol):
    """An engine of our own, or one reached through its control socket."""

    def request(self, op: Op, fds: Mapping[str, int] | None = None, **arguments: Any) -> Message:
        """Ask it."""


class ReplayRun:
    """One replay by `engine`, which has the device open and captures."""

    def __init__(
        self,
        order: ReplayOrder,
        source: ReplaySource,
        plan: ReplayPlan,
        engine: Engine,
        facts: DeviceFacts,
    ) -> None:
        self._order = order
        self._source = source
        self._plan = plan
        self._engine = engine
        self._facts = facts
        self._status: Message = {}

    def begin(self, *, record: bool) -> None:
        """Start it; `record` puts what the device itself does not show into the capture."""
        fds, arguments = plan_request(self._order, self._plan, record=record)
        self._engine.request(Op.REPLAY, fds, **arguments)

    def playing(self) -> bool:
        """Ask how far it is; whether it goes on."""
        self._status = self._engine.request(Op.REPLAY_STATUS)
        return self._status["state"] in {"playing", "paused"}

    def heard(self, status: Message) -> None:
        """Take in what somebody else asked the engine."""
        self._status = status

    def control(self, action: str) -> None:
        """Have the engine do what somebody at the controls wants: "step" or "resume"."""
        self._status = self._engine.request(Op.REPLAY_CONTROL, action=action, by=0)

    def stop(self) -> None:
        """End it early."""
        self._status = self._engine.request(Op.REPLAY_STOP)

    def broke_off(self, error: TunscopeError) -> None:
        """Take note that nothing more can be asked; raise `error` if nothing was answered yet."""
        if not self._status:
            raise error
        self._status |= {"state": "failed", "error": error.why}

    def progress(self) -> str:
        """Return how far it was when last asked, in one line."""
        status = self._status
        total = self._plan.planned * self._order.loops
        if self._order.limit is not None:
            total = min(total or self._order.limit, self._order.limit)
        sent = status.get("sent", 0)
        seconds = status.get("elapsed_ns", 0) / 1e9
        share = f" of {total:,} ({100 * sent / total:.0f} %)" if total else ""
        rate = sent / seconds if seconds else 0.0
        return f"{sent:,}{share} packets sent  {rate:,.0f}/s  {seconds:.1f} s"

    def report(self, answers: int | None) -> Report:
        """Return what came of it, as far as was asked last."""
        order, plan, status = self._order, self._plan, self._status
        loops = max(1, order.loops)
        skipped = plan.prepared.skipped.copy()
        skipped.update(status["skipped"])
        state = status["state"]
        planned_ns = plan.period_ns * loops + order.loop_delay_ns * (loops - 1)
        return Report(
            file=printable(order.file),
            device=self._facts.name,
            read=self._source.read,
            selected=plan.prepared.selected,
            planned=plan.planned * loops + status["repeated"]
            if order.limit is None
            else order.limit,
            sent=status["sent"],
            sent_bytes=status["sent_bytes"],
            failed=status["failed"],
            skipped=dict(skipped),
            changed=dict(plan.prepared.changed),
            duration_ns=status["elapsed_ns"],
            planned_ns=planned_ns if order.duration_ns is None else order.duration_ns,
            timing=status["timing"],
            answers=answers,
            end=state if state not in {"playing", "paused"} else "stopped",
            error=status["error"],
        )

    def finish(self, answers: int | None, *, quiet: bool, to_stderr: bool) -> ExitCode:
        """Print the report; return the exit status, or raise what ended the replay."""
        report = self.report(answers)
        if self._order.as_json:
            click.echo(json.dumps(report.to_json()), err=to_stderr)
        elif not quiet:
            click.echo("\n".join(report.lines()), err=to_stderr)
        if report.end == "failed":
            raise TunscopeError(printable(self._facts.name), report.error, "the replay ended early")
        return ExitCode.FAILURE if report.failed or not report.sent else ExitCode.OK


def plan_request(
    order: ReplayOrder, plan: ReplayPlan, *, record: bool
) -> tuple[Mapping[str, int], Mapping[str, Any]]:
    """Return the descriptors and the arguments with which an engine plays a plan."""
    fds = {"entries": plan.entries.fileno(), "packets": plan.packets.fileno()}
    return fds, {
        "period_ns": plan.period_ns,
        "loops": order.loops,
        "loop_delay_ns": order.loop_delay_ns,
        "limit": order.limit,
        "duration_ns": order.duration_ns,
        "topspeed": order.timing.topspeed,
        "paused": order.step,
        "record": record,
        "name": printable(order.file),
    }


def watch(run: ReplayRun, wait: float, *, quiet: bool, step: bool) -> None:
    """Show how far it is until it has ended, and wait for late answers; Ctrl-C ends it early.

    With `step`, keys of the terminal have it send packet by packet.
    """
    shows = not quiet and sys.stderr.isatty()
    try:
        with pressed_keys(step) as keys:
            while run.playing():
                if shows:
                    click.echo(f"\r\x1b[K{run.progress()}", err=True, nl=False)
                for key in keys(0.1):
                    _obey(run, key)
        time.sleep(wait)
    except TunscopeError as error:
        run.broke_off(error)
    except KeyboardInterrupt:
        with contextlib.suppress(TunscopeError):
            run.stop()
    if shows:
        click.echo("\r\x1b[K", err=True, nl=False)


def _obey(run: ReplayRun, key: str) -> None:
    match key:
        case " " | "\n" | "\r" | "s":
            run.control("step")
        case "c":
            run.control("resume")
        case "q":
            run.stop()


def count_answers(records: int, flows: set[Flow], *, owned: bool) -> int:
    """Return how many packets in the capture behind a descriptor answer one of `flows`."""
    from tunscope.capfile.reader import open_capture

    os.lseek(records, 0, os.SEEK_SET)
    stream: BinaryIO
    with (
        open(records, "rb", buffering=0, closefd=False) as stream,
        open_capture(stream) as reader,
    ):
        return sum(is_answer(record, flows, owned=owned) for record in reader)
