"""The screen: on a device, on a lab, or on the list of devices."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tunscope.cli.browse import check_filter, need_terminal
from tunscope.cli.capture import Invocation
from tunscope.cli.config import settings_in_force
from tunscope.cli.live_captures import LiveCaptures
from tunscope.cli.spools import spooled
from tunscope.engine.options import CaptureOptions
from tunscope.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from tunscope.cli.replay_capture import CaptureReplay
    from tunscope.lab.lab import Lab


@click.command("start", hidden=True)
def start() -> int:
    """Show the devices and capture on the one that is chosen: `tunscope` without words."""
    need_terminal()
    settings_in_force()
    with LiveCaptures() as captures:
        captures.keep_rights()
        captures.pick()
        captures.run_wishes()
    return ExitCode.OK


def capture_live(invocation: Invocation) -> ExitCode:
    """Show the packets of a device as they come; return the exit status."""
    need_terminal()
    if invocation.options.rotate.rotates:
        raise UsageError("-b", "the screen shows one capture", "use --no-tui, or --keep SIZE")
    if invocation.pcap == "-":
        raise UsageError("--pcap -", "the screen needs stdout", "name a file")
    check_filter(invocation.display_filter)
    settings_in_force()
    if invocation.replay is None:
        return _show(invocation, None)
    from tunscope.cli.replay_capture import with_replay

    return with_replay(
        invocation.replay,
        lambda replay: _show(invocation, replay),
        quiet=invocation.quiet,
        to_stderr=False,
    )


def _show(invocation: Invocation, replay: CaptureReplay | None) -> ExitCode:
    request, options = invocation.request, invocation.options
    with LiveCaptures(
        may_sudo=invocation.may_sudo,
        display_filter=invocation.display_filter,
        names=invocation.names,
        replay=replay,
    ) as captures:
        if invocation.pcap is not None:
            captures.into_file(Path(invocation.pcap), request, options)
        else:
            captures.into_spool(request, spooled(options, invocation.keep), keep=invocation.keep)
        captures.run_wishes()
    return ExitCode.OK


def show_lab(
    build: Callable[[], Lab], wanted: CaptureOptions, ended: Callable[[Lab], None]
) -> ExitCode:
    """Build a lab and show its packets until the person quits; then `ended` is called."""
    need_terminal()
    settings_in_force()
    with LiveCaptures() as captures:
        with contextlib.ExitStack() as ends:
            with captures.undone_by_signals():
                running = ends.enter_context(build())
                residents = ends.enter_context(running.residents())
            # What is woven from several devices is written by a process that knows one file.
            options = spooled(wanted, None) if len(running.places) == 1 else wanted
            captures.of_lab(
                running.device_name,
                options,
                lambda fd: running.open(fd, options),
                running.start_traffic,
                running.failures,
                residents.programs,
                "These are the machine's: capturing on one ends the lab. Its own are shown by "
                f"--device: {', '.join(running.plan.places)}",
            )
            ended(running)
        captures.run_wishes()
    return ExitCode.OK
