"""``--pcap``, ``--print`` and ``--no-tui``: choose where packets go, and what is printed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tunscope.capfile.rotation import Rotation
from tunscope.cli.capture import Invocation
from tunscope.cli.headless import Job, capture_headless, open_engine
from tunscope.cli.outputs import Outputs, RotatedFiles, SingleFile, SpooledOutput, StandardOutput
from tunscope.errors import ExitCode, TunscopeError, UsageError

if TYPE_CHECKING:
    import io

    from tunscope.packet.record import PacketRecord

#: A spool that is only printed goes on in a new segment after this many bytes.
_SEGMENT_SIZE: Final = 64_000_000


def record(invocation: Invocation) -> ExitCode:
    """Capture without a screen; return the exit status."""
    if invocation.replay is None:
        return _record(invocation)
    if invocation.replay.step:
        raise UsageError(
            "--step", "a capture without a screen takes no keys",
            "tunscope replay FILE DEVICE --step, or the screen",
        )  # fmt: skip
    from tunscope.cli.replay_capture import with_replay

    return with_replay(
        invocation.replay,
        lambda replay: _record(replace(invocation, companion=replay)),
        quiet=invocation.quiet,
        to_stderr=invocation.pcap == "-" or invocation.print_lines,
    )


def _record(invocation: Invocation) -> ExitCode:
    if not invocation.print_lines:
        return capture_headless(_job(invocation, _outputs(invocation)))
    shows = _shown_by(invocation.display_filter)
    if invocation.pcap in {None, "-"}:
        return _print_spooled(invocation, shows)
    return _print_file(invocation, shows)


def _job(invocation: Invocation, outputs: Outputs) -> Job:
    options, request = invocation.options, invocation.request
    if isinstance(outputs, SpooledOutput):
        segment = min(_SEGMENT_SIZE, (invocation.keep or sys.maxsize) // 4)
        options = replace(options, rotate=Rotation(filesize=segment), rotation_patience=0.0)
    return Job(
        open=lambda fd: open_engine(
            lambda client: client.open(request, options), fd, may_sudo=invocation.may_sudo
        ),
        options=options,
        outputs=outputs,
        quiet=invocation.quiet,
        companion=invocation.companion,
    )


def _outputs(invocation: Invocation) -> Outputs:
    if invocation.pcap == "-":
        return StandardOutput()
    if invocation.pcap is None:
        raise UsageError("--no-tui", "says nothing about the packets", "add --pcap FILE or --print")
    path = Path(invocation.pcap)
    if invocation.options.rotate.rotates:
        return RotatedFiles(path, invocation.options.rotate)
    return SingleFile(path)


def _print_spooled(invocation: Invocation, shows: Callable[[PacketRecord], bool]) -> ExitCode:
    """Print from a spool that is removed as it is read, and copy it to stdout if asked to."""
    from tunscope.cli.following import FollowedCapture, GrowingSegments

    to_stdout = invocation.pcap == "-"
    if to_stdout:
        StandardOutput().open()  # refuses a terminal
    outputs = SpooledOutput(invocation.request.name, invocation.keep)

    def follow(end: threading.Event) -> io.RawIOBase:
        segments = GrowingSegments(outputs.segments)
        return FollowedCapture(segments, end, sys.stdout.fileno() if to_stdout else None)

    try:
        return _print(_job(invocation, outputs), follow, shows, to_stdout=to_stdout)
    finally:
        outputs.discard()


def _print_file(invocation: Invocation, shows: Callable[[PacketRecord], bool]) -> ExitCode:
    """Print from the file that is being written."""
    from tunscope.cli.following import FollowedCapture, GrowingFile

    if invocation.options.rotate.rotates:
        raise UsageError("-b", "--print follows one file", "leave one of them out")
    path = Path(invocation.pcap or "")

    def follow(end: threading.Event) -> io.RawIOBase:
        return FollowedCapture(GrowingFile(path), end)

    return _print(_job(invocation, SingleFile(path)), follow, shows, to_stdout=False)


def _print(
    job: Job,
    follow: Callable[[threading.Event], io.RawIOBase],
    shows: Callable[[PacketRecord], bool],
    *,
    to_stdout: bool,
) -> ExitCode:
    """Capture and print; the text goes to stderr when stdout carries the capture."""
    from tunscope.cli.printing import PrintedLines

    end = threading.Event()
    printed: list[PrintedLines] = []

    def started() -> bool:
        """Called again and again while the capture runs; False when it should end."""
        if not printed:
            printed.append(
                PrintedLines(follow(end), shows, sys.stderr if to_stdout else sys.stdout)
            )
        return printed[0].alive

    try:
        return capture_headless(job, follower=started)
    finally:
        end.set()
        for lines in printed:
            lines.join()
            _raise(lines.failure)


def _raise(failure: TunscopeError | None) -> None:
    if failure is not None:
        raise failure


def _shown_by(display_filter: str) -> Callable[[PacketRecord], bool]:
    if not display_filter:
        return lambda record: True
    from tunscope.filter.compiled import compile_filter

    return compile_filter(display_filter).matches
