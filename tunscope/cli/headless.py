"""A capture without a screen: start the engine, show progress, pass signals on, sum up."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import click

from tunscope.cli.deep_edits import answer_ask
from tunscope.cli.outputs import Outputs
from tunscope.cli.privilege import drop_privileges, sudo_launcher
from tunscope.cli.reachable import reachable
from tunscope.engine.client import EngineClient, Opening
from tunscope.engine.counters import Counters
from tunscope.engine.ending import together
from tunscope.engine.protocol import (
    AskEvent,
    CountersEvent,
    NoticeEvent,
    RotatedEvent,
    StoppedEvent,
    StopReason,
)
from tunscope.engine.signals import signals_as_bytes, signals_as_interrupts
from tunscope.errors import ExitCode, TunscopeError
from tunscope.packet.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tunscope.engine.options import CaptureOptions

_POLL_SECONDS: Final = 1.0
_NO_RIGHTS: Final = "CAP_NET"


class Companion(Protocol):
    """Something that goes on beside a capture and ends it."""

    def begin(self, client: EngineClient, opening: Opening) -> None:
        """Start, once the capture has; what it raises ends the capture."""

    def going_on(self) -> bool:
        """Called ten times a second; False ends the capture."""


@dataclass(frozen=True, slots=True)
class Job:
    """One headless capture; `quiet` keeps progress and the summary off stderr.

    `open` starts an engine on an output and has it open the device. `end_beside` is called when
    that engine has ended: it ends others that record into the same output, and tells what became
    of them, as one.
    """

    open: Callable[[int], tuple[EngineClient, Opening]]
    options: CaptureOptions
    outputs: Outputs
    quiet: bool
    companion: Companion | None = None
    end_beside: Callable[[], StoppedEvent] | None = None


def open_engine(
    job_open: Callable[[EngineClient], Opening], output_fd: int, *, may_sudo: bool
) -> tuple[EngineClient, Opening]:
    """Start an engine and open its device; where rights are missing, ask for sudo if we may.

    `job_open` makes the request. Raises what the engine answered; no engine is left then.
    """
    launcher: tuple[str, ...] = ()
    while True:
        client = EngineClient(output_fd, launcher)
        try:
            return client, job_open(client)
        except TunscopeError as error:
            client.close()
            if launcher or not may_sudo or _NO_RIGHTS not in str(error):
                raise
            launcher = sudo_launcher()
            if not launcher:
                raise
        except BaseException:
            client.close()  # the engine puts the device back as it was
            raise


def capture_headless(job: Job, *, follower: Callable[[], bool] | None = None) -> ExitCode:
    """Capture until a limit, a signal or a failure; return the exit status.

    `follower` is called ten times a second while the capture runs, and ends it by returning False.
    """
    with signals_as_interrupts(signal.SIGTERM, signal.SIGHUP):
        fd = job.outputs.open()
        try:
            client, opening = job.open(fd)
        except BaseException:
            job.outputs.undo()
            raise
    drop_privileges()
    job.outputs.ready()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
    with signals_as_bytes(*numbers) as wakeup:
        try:
            with reachable(client, opening.facts.name):
                return _Run(job, client, opening, wakeup, follower).run()
        finally:
            client.close()
            job.outputs.close()


class _Run:
    """The loop of one headless capture."""

    def __init__(
        self,
        job: Job,
        client: EngineClient,
        opening: Opening,
        wakeup: int,
        follower: Callable[[], bool] | None,
    ) -> None:
        self._job = job
        self._client = client
        self._opening = opening
        self._wakeup = wakeup
        self._follower = follower
        self._interrupts = 0
        self._progress = _Progress(enabled=not job.quiet and sys.stderr.isatty())

    def run(self) -> ExitCode:
        self._client.start()
        self._say(f"{self._opening.description}; capturing to {self._job.outputs}")
        self._hand_over_next()
        companion = self._job.companion
        if companion is not None:
            companion.begin(self._client, self._opening)
        seconds = 0.1 if self._follower or companion else _POLL_SECONDS
        if self._follower:
            self._follower()
        while self._client.stopped is None:
            ready, _, _ = select.select([self._client.fileno(), self._wakeup], [], [], seconds)
            if self._wakeup in ready:
                for number in os.read(self._wakeup, 64):
                    self._take_signal(signal.Signals(number))
            self._take_events()
            if self._follower and not self._follower():
                self._client.stop()
            if companion is not None and not self._goes_on(companion):
                self._client.stop()
        return self._finish(self._client.stopped)

    def _goes_on(self, companion: Companion) -> bool:
        try:
            return self._client.stopped is not None or companion.going_on()
        except TunscopeError:
            if self._client.alive:
                raise
            self._take_events()
            return True  # the engine ended before it could answer

    def _take_signal(self, number: signal.Signals) -> None:
        if number == signal.SIGUSR1:
            counters = self._client.statistics()
            self._progress.clear()
            _echo("\n".join(summary_lines(counters, self._job.options.relay.rules)))
            return
        self._interrupts += 1
        if self._interrupts == 1:
            self._client.stop()
        else:
            self._client.abort()

    def _take_events(self) -> None:
        for event in self._client.poll():
            match event:
                case CountersEvent(counters):
                    self._progress.show(counters)
                case NoticeEvent(text):
                    self._say(text)
                case RotatedEvent():
                    self._job.outputs.rotated()
                    self._hand_over_next()
                case AskEvent():
                    answer_ask(self._client, event)
                case StoppedEvent():
                    pass  # `stopped` has it

    def _hand_over_next(self) -> None:
        if self._job.options.rotate.rotates:
            fd = self._job.outputs.next()
            if fd is not None:
                self._client.add_output(fd)

    def _finish(self, stopped: StoppedEvent) -> ExitCode:
        self._progress.clear()
        if self._job.end_beside is not None:
            stopped = together(stopped, self._job.end_beside())
        if stopped.error is None and stopped.reason is StopReason.READER_GONE:
            self._say("the reader of the capture went away")
        if not self._job.quiet:
            _echo("\n".join(summary_lines(stopped.counters, self._job.options.relay.rules)))
        if stopped.error is not None:
            raise stopped.error
        return ExitCode.OK

    def _say(self, text: str) -> None:
        if not self._job.quiet:
            self._progress.clear()
            _echo(f"tunscope: {text}")


class _Progress:
    """One line on stderr, written over itself once a second."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._before = (time.monotonic(), 0)
        self._shown = False

    def show(self, counters: Counters) -> None:
        if not self._enabled:
            return
        now, (then, packets) = time.monotonic(), self._before
        rate = (counters.captured - packets) / max(now - then, 0.001)
        self._before = (now, counters.captured)
        line = (
            f"{counters.captured:,} packets  {rate:,.0f}/s  "
            f"{counters.dropped:,} dropped  {counters.written_bytes / 1e6:,.1f} MB"
        )
        _echo(f"\r\x1b[K{line}", newline=False)
        self._shown = True

    def clear(self) -> None:
        if self._shown:
            _echo("\r\x1b[K", newline=False)
            self._shown = False


def _echo(text: str, *, newline: bool = True) -> None:
    """Write to stderr; that nobody reads it any more is no reason to end a capture."""
    with contextlib.suppress(OSError):
        click.echo(text, err=True, nl=newline)


def summary_lines(counters: Counters, rules: Sequence[str] = ()) -> list[str]:
    """Return the last lines of a capture: tcpdump's three, and what only tunscope knows."""
    lines = [
        f"{counters.captured} packets captured",
        f"{counters.received} packets received by filter",
        f"{counters.dropped_kernel} packets dropped by kernel",
        f"{counters.dropped_queue} packets dropped by device queue",
    ]
    if counters.filtered:
        lines.append(f"{counters.filtered} packets rejected by filter")
    if counters.responded:
        lines.append(f"{counters.responded} packets answered by the peer")
    if counters.dropped_peer:
        lines.append(f"{counters.dropped_peer} packets could not be passed on")
    if counters.rejected_peer:
        lines.append(f"{counters.rejected_peer} packets of unknown or broken origin refused")
    if counters.dropped_rule:
        lines.append(f"{counters.dropped_rule} packets dropped by rules")
    if counters.released or counters.dropped_hold:
        lines.append(f"{counters.released} held packets released, {counters.dropped_hold} dropped")
    if counters.unanswered:
        lines.append(f"{counters.unanswered} packets passed unedited (edit not made in time)")
    if counters.hold_overflows:
        lines.append(f"{counters.hold_overflows} times the hold queue was full (--hold-max)")
    if counters.duplicated:
        lines.append(f"{counters.duplicated} packets duplicated")
    for number, (rule, matched) in enumerate(zip(rules, counters.rules, strict=False), 1):
        lines.append(f"{matched} packets chosen by rule {number}: {printable(rule)}")
    if counters.dropped_output:
        lines.append(f"{counters.dropped_output} packets passed unrecorded (slow output)")
    return lines
