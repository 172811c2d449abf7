"""``tunscope lab NAME --pcap``: a lab that is recorded until a signal, and not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tunscope.cli.headless import Job, capture_headless

if TYPE_CHECKING:
    from tunscope.cli.outputs import Outputs
    from tunscope.engine.options import CaptureOptions
    from tunscope.engine.protocol import StoppedEvent
    from tunscope.errors import ExitCode
    from tunscope.lab.lab import Lab


def record_lab(running: Lab, outputs: Outputs, options: CaptureOptions) -> ExitCode:
    """Record until a signal or a failure; return the exit status."""
    traffic = _Traffic(running)
    job = Job(
        open=lambda fd: running.open(fd, options),
        options=options,
        outputs=outputs,
        quiet=False,
        end_beside=traffic.end,
    )
    return capture_headless(job, follower=traffic)


def tell_news(running: Lab) -> None:
    """Say what has happened in the lab beside the capture of its first device."""
    for line in running.failures():
        click.echo(f"tunscope: {line}", err=True)


class _Traffic:
    """Starts a lab's traffic when it is first called, and tells what happens beside the capture."""

    def __init__(self, running: Lab) -> None:
        self._lab = running
        self._started = False

    def __call__(self) -> bool:
        if not self._started:
            self._started = True
            self._lab.start_traffic()
        tell_news(self._lab)
        return not self._lab.reader_gone

    def end(self) -> StoppedEvent:
        """End what is recorded beside the first device."""
        stopped = self._lab.end_recording()
        tell_news(self._lab)
        return stopped
