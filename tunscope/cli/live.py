"""The screen: on a device, on a lab, or on a capture file."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tunscope.capfile.rotation import Rotation
from tunscope.capfile.spool import Spool
from tunscope.cli.capture import Invocation
from tunscope.cli.config import settings_in_force
from tunscope.cli.headless import open_engine
from tunscope.cli.outputs import SingleFile
from tunscope.cli.privilege import as_invoking_user, drop_privileges
from tunscope.cli.reachable import reachable
from tunscope.engine.options import CaptureOptions
from tunscope.engine.signals import signals_as_interrupts
from tunscope.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tunscope.engine.client import EngineClient, Opening
    from tunscope.index.capture import CaptureIndex
    from tunscope.index.source import Source
    from tunscope.lab.plan import LabPlan
    from tunscope.tui.session import Session

#: A spool goes on in a new segment after this many bytes, so that `--keep` can drop old ones.
_SEGMENT_SIZE: Final = 256_000_000
_SMALLEST_SEGMENT: Final = 1_000_000


def capture_live(invocation: Invocation) -> ExitCode:
    """Show the packets of a device as they come; return the exit status."""
    _need_terminal()
    if invocation.options.rotate.rotates:
        raise UsageError("-b", "the screen shows one capture", "use --no-tui, or --keep SIZE")
    if invocation.pcap == "-":
        raise UsageError("--pcap -", "the screen needs stdout", "name a file")
    _check_filter(invocation.display_filter)
    settings_in_force()
    request = invocation.request
    if invocation.pcap is not None:
        return _into_file(
            Path(invocation.pcap),
            lambda client: client.open(request, invocation.options),
            invocation,
        )
    options = _spooled(invocation.options, invocation.keep)
    return _into_spool(
        request.name,
        lambda client: client.open(request, options),
        options,
        keep=invocation.keep,
        may_sudo=invocation.may_sudo,
        display_filter=invocation.display_filter,
    )


def show_lab(plan: LabPlan, device: str | None) -> ExitCode:
    """Build a lab and show its packets until the person quits."""
    from tunscope.cli.lab import open_lab
    from tunscope.lab.lab import Lab

    _need_terminal()
    settings_in_force()
    options = _spooled(CaptureOptions(), None)
    with Lab(plan, device) as running:
        return _into_spool(
            running.facts.name,
            lambda client: open_lab(client, running, options),
            options,
            keep=None,
            may_sudo=False,
            started=running.start_traffic,
            news=running.failures,
        )


def browse_file(word: str, display_filter: str) -> ExitCode:
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
    _browse(index, FileSession(title), display_filter)
    return ExitCode.OK


def _into_file(
    path: Path, opener: Callable[[EngineClient], Opening], invocation: Invocation
) -> ExitCode:
    from tunscope.cli.engine_session import EngineSession, NamedFile, ping_hint

    output = SingleFile(path)
    with signals_as_interrupts(signal.SIGTERM, signal.SIGHUP):
        fd = output.open()
        try:
            client, opening = open_engine(opener, fd, may_sudo=invocation.may_sudo)
        except BaseException:
            output.undo()
            raise
    drop_privileges()
    output.ready()
    from tunscope.index.source import FileSource

    with _closing(client), reachable(client, opening.facts.name):
        client.start()
        source = FileSource(path, growing=True)
        session = EngineSession(
            client,
            opening,
            invocation.options.filter,
            NamedFile(),
            hint=ping_hint(opening.facts.addresses),
            ended=source.finish,
        )
        index = _index(source)
        index.start()
        _browse(index, session, invocation.display_filter)
    output.close()
    return ExitCode.OK


def _into_spool(
    device: str,
    opener: Callable[[EngineClient], Opening],
    options: CaptureOptions,
    *,
    keep: int | None,
    may_sudo: bool,
    display_filter: str = "",
    started: Callable[[], None] | None = None,
    news: Callable[[], Sequence[str]] | None = None,
) -> ExitCode:
    """Capture into a private spool; `started` and `news` are what a lab adds to it."""
    from tunscope.cli.engine_session import EngineSession, SpoolStorage, ping_hint

    with signals_as_interrupts(signal.SIGTERM, signal.SIGHUP):
        with as_invoking_user():
            spool = Spool.create(device)
            _, fd = spool.open_next()
        try:
            client, opening = open_engine(opener, fd, may_sudo=may_sudo)
        except BaseException:
            spool.discard()
            raise
        finally:
            os.close(fd)
    drop_privileges()
    from tunscope.index.source import SpoolSource

    with _closing(client), reachable(client, opening.facts.name):
        client.start()
        source = SpoolSource(spool.folder)
        session = EngineSession(
            client,
            opening,
            options.filter,
            SpoolStorage(spool, keep),
            hint="" if started else ping_hint(opening.facts.addresses),
            news=news or _Orphans(),
            ended=source.finish,
        )
        if started is not None:
            started()
        index = _index(source)
        index.start()
        released = _browse(index, session, display_filter)
    if released or not (index.count or session.poll().counters.captured):
        spool.discard()
    else:
        folder = spool.folder
        spool.close()
        print(f"tunscope: the capture is kept in {folder}", file=sys.stderr)
    return ExitCode.OK


class _Orphans:
    """Tells once of captures that a crash left behind, and how to look at them."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        for spool in Spool.orphans():
            when = f"{spool.started:%Y-%m-%d %H:%M:%S}"
            self._lines.append(
                f"an unsaved capture of {spool.device} from {when} is kept: tunscope {spool.folder}"
            )
            spool.close()

    def __call__(self) -> list[str]:
        lines, self._lines = self._lines, []
        return lines


def _index(source: Source) -> CaptureIndex:
    from tunscope.index.capture import CaptureIndex

    return CaptureIndex(source)


def _browse(index: CaptureIndex, session: Session, display_filter: str) -> bool:
    """Run the screen on an index at work; return whether the unnamed capture may go."""
    try:
        from tunscope.tui.app import run_browser
        from tunscope.tui.session import Ending
        from tunscope.tui.settings.locations import state_folder

        ending = run_browser(
            index,
            session,
            settings=settings_in_force(),
            state=state_folder(),
            display_filter=display_filter,
        )
        return ending is Ending.RELEASE
    finally:
        index.stop()


def _check_filter(text: str) -> None:
    """Raise FilterError for a wrong display filter, before anything is opened for it."""
    if text:
        from tunscope.filter.compiled import compile_filter

        compile_filter(text)


@contextlib.contextmanager
def _closing(client: EngineClient) -> Iterator[None]:
    try:
        yield
    finally:
        client.close()


def _spooled(options: CaptureOptions, keep: int | None) -> CaptureOptions:
    segment = _SEGMENT_SIZE
    if keep is not None:
        segment = max(_SMALLEST_SEGMENT, min(segment, keep // 4))
    return replace(options, rotate=Rotation(filesize=segment), rotation_patience=0.0)


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
