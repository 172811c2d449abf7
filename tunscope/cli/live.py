"""The screen: on a device, on a lab, on a capture file, or on the list of devices."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tunscope.cli.capture import Invocation
from tunscope.cli.config import settings_in_force
from tunscope.cli.live_captures import LiveCaptures, spooled
from tunscope.engine.options import CaptureOptions
from tunscope.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from tunscope.cli.replay_capture import CaptureReplay
    from tunscope.lab.plan import LabPlan


@click.command("start", hidden=True)
def start() -> int:
    """Show the devices and capture on the one that is chosen: `tunscope` without words."""
    _need_terminal()
    settings_in_force()
    with LiveCaptures() as captures:
        captures.keep_rights()
        captures.pick()
        captures.run_wishes()
    return ExitCode.OK


def capture_live(invocation: Invocation) -> ExitCode:
    """Show the packets of a device as they come; return the exit status."""
    _need_terminal()
    if invocation.options.rotate.rotates:
        raise UsageError("-b", "the screen shows one capture", "use --no-tui, or --keep SIZE")
    if invocation.pcap == "-":
        raise UsageError("--pcap -", "the screen needs stdout", "name a file")
    _check_filter(invocation.display_filter)
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


def show_lab(plan: LabPlan, device: str | None, wanted: CaptureOptions) -> ExitCode:
    """Build a lab and show its packets until the person quits."""
    from tunscope.cli.lab import open_lab
    from tunscope.lab.lab import Lab

    _need_terminal()
    settings_in_force()
    with LiveCaptures() as captures:
        with Lab(plan, device) as running:
            options = spooled(wanted, None)
            captures.of_lab(
                running.facts.name,
                options,
                lambda client: open_lab(client, running, options),
                running.start_traffic,
                running.failures,
            )
        captures.run_wishes()
    return ExitCode.OK


def browse_file(word: str, display_filter: str, names: bool | None = None) -> ExitCode:
    """Show a capture file, a spool's folder, or with "-" the capture on stdin."""
    from tunscope.index.capture import CaptureIndex
    from tunscope.index.opening import open_source

    _check_filter(display_filter)
    settings_in_force()
    if word != "-":
        _need_terminal()
        source = open_source(word)
    else:
        source = open_source(word)
        _keys_from_terminal()
    index = CaptureIndex(source)
    index.start()
    gc.disable()  # loading leaves no garbage behind; the screen turns it on again
    # Loading the screen takes as long as indexing a million packets: both at once.
    from tunscope.tui.session import FileSession, SessionTitle

    title = SessionTitle(name="standard input" if word == "-" else word, kind="file")
    with LiveCaptures(display_filter=display_filter, names=names) as captures:
        captures.keep_rights()
        captures.browse(index, FileSession(title))
        captures.run_wishes()
    return ExitCode.OK


def _check_filter(text: str) -> None:
    """Raise FilterError for a wrong display filter, before anything is opened for it."""
    if text:
        from tunscope.filter.compiled import compile_filter

        compile_filter(text)


def _keys_from_terminal() -> None:
    """Stdin carries the capture: keys come from the terminal itself."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError("the screen", "there is no terminal for the keys", "use read -") from error
    os.dup2(terminal, 0)
    os.close(terminal)
    _need_terminal()


def _need_terminal() -> None:
    if not (sys.stdout.isatty() and sys.stdin.isatty()):
        raise UsageError(
            "the screen", "stdin or stdout is not a terminal", "use --pcap FILE or --print"
        )
