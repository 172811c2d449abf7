"""Captures shown one after another in one terminal, by one engine as long as it has the rights.

What only captures and replays need is imported for them: a file is on the screen that much sooner.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from tunscope.capfile.spool import Spool
from tunscope.cli.config import settings_in_force
from tunscope.cli.device_watch import DeviceWatch, device_request
from tunscope.cli.inspection import Inspection
from tunscope.cli.outputs import SingleFile
from tunscope.cli.privilege import as_invoking_user, drop_privileges, invoking_user
from tunscope.cli.program_watch import Ask, ProgramWatch
from tunscope.cli.reachable import reachable
from tunscope.cli.spools import Orphans, has_packets, spooled
from tunscope.engine.signals import signals_as_interrupts, signals_noted
from tunscope.errors import TunscopeError
from tunscope.tui.devices import DeviceChoice
from tunscope.tui.surroundings import FileChoice, ReplayChoice, Surroundings, Wish

if TYPE_CHECKING:
    from tunscope.cli.replay_capture import CaptureReplay
    from tunscope.device.request import DeviceRequest
    from tunscope.engine.client import EngineClient, Opening
    from tunscope.engine.options import CaptureOptions
    from tunscope.index.capture import CaptureIndex
    from tunscope.tui.replaying import ReplayWish
    from tunscope.tui.session import Session

    #: Starts an engine on an output and has it open the device of a capture.
    Opener = Callable[[int], tuple[EngineClient, Opening]]

#: Seconds that a capture may take to end before its engine is given up.
_END_SECONDS: Final = 10.0

#: The list may lag behind a flood; neither the recording nor a key may wait for it. Niceness.
_NICE: Final = 10


class LiveCaptures:
    """The engine, the inspecting child and the wishes of one person at one terminal.

    To be made before rights are given away. Inside the with statement SIGTERM and SIGHUP end what
    is opened or shown, and then all, in order. `display_filter` is in force from the start of
    every capture, `names` says whether addresses have names there, None leaves that to the
    settings. `replay` is played in the first one.
    """

    def __init__(
        self,
        *,
        may_sudo: bool = True,
        display_filter: str = "",
        names: bool | None = None,
        replay: CaptureReplay | None = None,
    ) -> None:
        self._may_sudo = may_sudo
        self._display_filter = display_filter
        self._names = names
        self._replay = replay
        self._inspection = Inspection()
        self._devices = DeviceWatch(self._inspection.owners)
        self._client: EngineClient | None = None
        self._wished: ReplayChoice | None = None
        self._ends = contextlib.ExitStack()
        self.surroundings = Surroundings(
            devices=self._devices, opens_files=True, replay_mistake=_replay_mistake
        )

    def __enter__(self) -> Self:
        note = self.surroundings.tell_to_end
        self._ends.enter_context(signals_noted(note, signal.SIGTERM, signal.SIGHUP))
        return self

    def __exit__(self, *_: object) -> None:
        with self._ends:
            self._devices.rest()
            self._inspection.close()
            self._give_engine_up()

    @contextlib.contextmanager
    def undone_by_signals(self) -> Iterator[None]:
        """Have a signal, also one that came already, raise KeyboardInterrupt, to undo all."""
        with signals_as_interrupts(signal.SIGTERM, signal.SIGHUP):
            if self.surroundings.told_to_end:
                raise KeyboardInterrupt
            yield

    def keep_rights(self) -> None:
        """Leave root's rights to an engine that waits for its device, and become the person."""
        if invoking_user() is None:
            return
        from tunscope.engine.client import EngineClient

        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        try:
            self._client = EngineClient(nowhere)
        finally:
            os.close(nowhere)
        drop_privileges()

    # --- what is asked for

    def pick(self, message: str = "") -> None:
        """Show the devices and note which one is wanted."""
        from tunscope.tui.device_picker import pick_device

        if self.surroundings.told_to_end:
            return
        settings = settings_in_force()
        self.surroundings.wanted = pick_device(
            self._devices,
            message,
            theme=settings.theme,
            keys=settings.keys,
            told_to_end=lambda: self.surroundings.told_to_end,
        )

    def run_wishes(self) -> None:
        """Capture on the device, or show the file, that is wanted, then the next, until none is."""
        while (choice := self._take_wish()) is not None:
            try:
                if isinstance(choice, FileChoice):
                    self.show_file(choice.path)
                    continue
                if isinstance(choice, ReplayChoice):
                    self._replay_elsewhere(choice)
                    continue
                self._into_usual_spool(choice)
            except TunscopeError as error:
                self.pick(str(error))

    def _replay_elsewhere(self, choice: ReplayChoice) -> None:
        """Capture on another device, and send there what was taken along."""
        self._wished = choice
        try:
            self._into_usual_spool(DeviceChoice(choice.name))
        finally:
            self._wished = None
            choice.discard()

    def _into_usual_spool(self, choice: DeviceChoice) -> None:
        """Capture on a device as if nothing was said of how."""
        from tunscope.engine.options import CaptureOptions

        self.into_spool(device_request(choice), spooled(CaptureOptions(), None))

    def _take_wish(self) -> Wish | None:
        choice, self.surroundings.wanted = self.surroundings.wanted, None
        return None if self.surroundings.told_to_end else choice

    # --- captures

    def into_file(self, path: Path, request: DeviceRequest, options: CaptureOptions) -> None:
        """Capture into a file with a name."""
        from tunscope.cli.engine_session import EngineSession, NamedFile, ping_hint

        output = SingleFile(path)
        with self.undone_by_signals():
            fd = output.open()
            try:
                client, opening = self._open(request, options, fd)
            except BaseException:
                output.undo()
                raise
        drop_privileges()
        output.ready()
        from tunscope.index.capture import CaptureIndex
        from tunscope.index.source import FileSource

        try:
            with reachable(client, opening.facts.name):
                client.start()
                replay = self._begin_replay(client, opening)
                source = FileSource(path, growing=True)
                session = EngineSession(
                    client,
                    opening,
                    options.filter,
                    NamedFile(),
                    hint=ping_hint(opening.facts.addresses),
                    ended=source.finish,
                )
                if replay is not None:
                    replay.watched_by(session.replays)
                index = CaptureIndex(source)
                index.start(nice=_NICE)
                with _programs_told(index, self._programs_in(request.netns)):
                    self.browse(index, session)
        finally:
            self._end_capture()
        output.close()

    def into_spool(
        self, request: DeviceRequest, options: CaptureOptions, *, keep: int | None = None
    ) -> None:
        """Capture into a private spool of at most `keep` bytes."""
        self._into_spool(
            request.name,
            lambda fd: self._open(request, options, fd),
            options,
            self._programs_in(request.netns),
            keep=keep,
        )

    def of_lab(
        self,
        device: str,
        options: CaptureOptions,
        opener: Opener,
        started: Callable[[], None],
        news: Callable[[], Sequence[str]],
        programs: Ask,
    ) -> None:
        """Capture what `opener` opens; `started` is called then, `news` again and again.

        `programs` tells the programs behind conversations there.
        """

        def opened(fd: int) -> tuple[EngineClient, Opening]:
            self._give_engine_up()
            self._client, opening = opener(fd)
            return self._client, opening

        self._into_spool(device, opened, options, programs, started=started, news=news)
        self._give_engine_up()  # it is in a namespace that nobody needs any more

    def _into_spool(
        self,
        device: str,
        opened: Callable[[int], tuple[EngineClient, Opening]],
        options: CaptureOptions,
        programs: Ask,
        *,
        keep: int | None = None,
        started: Callable[[], None] | None = None,
        news: Callable[[], Sequence[str]] | None = None,
    ) -> None:
        from tunscope.cli.engine_session import EngineSession, SpoolStorage, ping_hint

        with self.undone_by_signals():
            with as_invoking_user():
                spool = Spool.create(device)
                _, fd = spool.open_next()
            try:
                client, opening = opened(fd)
            except BaseException:
                spool.discard()
                raise
            finally:
                os.close(fd)
        drop_privileges()
        from tunscope.index.capture import CaptureIndex
        from tunscope.index.source import SpoolSource

        try:
            with reachable(client, opening.facts.name):
                client.start()
                replay = self._begin_replay(client, opening)
                source = SpoolSource(spool.folder)
                session = EngineSession(
                    client,
                    opening,
                    options.filter,
                    SpoolStorage(spool, keep),
                    hint="" if started else ping_hint(opening.facts.addresses),
                    news=news or Orphans(),
                    ended=source.finish,
                )
                if replay is not None:
                    replay.watched_by(session.replays)
                if self._wished is not None:
                    from tunscope.cli.replay_wish import packets_of_file

                    wished = self._wished
                    session.replays.start(wished.wish, packets_of_file(wished))
                if started is not None:
                    started()
                index = CaptureIndex(source)
                index.start(nice=_NICE)
                with _programs_told(index, programs):
                    released = self.browse(index, session)
        finally:
            self._end_capture()
        if released or not has_packets(spool):
            spool.discard()
        else:
            folder = spool.folder
            spool.close()
            print(f"tunscope: the capture is kept in {folder}", file=sys.stderr)

    def show_file(self, path: Path) -> None:
        """Show a capture file."""
        from tunscope.index.capture import CaptureIndex
        from tunscope.index.opening import open_source
        from tunscope.tui.session import FileSession, SessionTitle

        index = CaptureIndex(open_source(str(path)))
        index.start()
        self.browse(index, FileSession(SessionTitle(name=str(path), kind="file")))

    def browse(self, index: CaptureIndex, session: Session) -> bool:
        """Run the screen on an index at work; return whether the unnamed capture may go.

        Without a screen where a signal came already.
        """
        try:
            if self.surroundings.told_to_end:
                return False
            from tunscope.tui.app import run_browser
            from tunscope.tui.session import Ending
            from tunscope.tui.settings.locations import state_folder

            settings = settings_in_force()
            if self._names is not None:
                settings = replace(settings, resolve_names=self._names)
            ending = run_browser(
                index,
                session,
                settings=settings,
                state=state_folder(),
                display_filter=self._display_filter,
                surroundings=self.surroundings,
            )
            return ending is Ending.RELEASE
        finally:
            index.stop()

    def _programs_in(self, netns: str | None) -> Ask:
        """Return who tells the programs behind conversations in namespace `netns`."""
        return lambda asked: self._inspection.programs(asked, netns)

    def _begin_replay(self, client: EngineClient, opening: Opening) -> CaptureReplay | None:
        replay, self._replay = self._replay, None
        if replay is not None:
            replay.begin(client, opening)
        return replay

    # --- the engine

    def _open(
        self, request: DeviceRequest, options: CaptureOptions, fd: int
    ) -> tuple[EngineClient, Opening]:
        """Open a device with the engine there is, or with a new one that has the rights."""
        if self._client is not None:
            try:
                self._client.stay()
                return self._client, self._client.open_next(request, options, fd)
            except TunscopeError as error:
                if self._client.alive and "CAP_NET" not in str(error):
                    raise
                self._give_engine_up()
        from tunscope.cli.headless import open_engine

        client, opening = open_engine(
            lambda engine: engine.open(request, options), fd, may_sudo=self._may_sudo
        )
        self._client = client
        client.stay()
        if client.launcher:
            self._inspection.elevated()
        return client, opening

    def _end_capture(self) -> None:
        """Have the engine drain and be ready for another capture, or end with this one."""
        client = self._client
        if client is None:
            return
        if self.surroundings.wanted is None or not client.alive:
            self._give_engine_up()
            return
        if client.stopped is None:
            client.stop()
        deadline = time.monotonic() + _END_SECONDS
        while client.stopped is None and time.monotonic() < deadline:
            client.poll()
            time.sleep(0.01)
        if client.stopped is None or not client.alive:
            self._give_engine_up()

    def _give_engine_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


def _replay_mistake(wish: ReplayWish) -> str:
    """Return what is wrong with a wish, "" if nothing is to be seen."""
    from tunscope.cli.replay_wish import mistake_of

    return mistake_of(wish)


@contextlib.contextmanager
def _programs_told(index: CaptureIndex, programs: Ask) -> Iterator[None]:
    """Look for the programs behind the conversations of a capture while it is shown."""
    watch = ProgramWatch(index, programs)
    watch.start()
    try:
        yield
    finally:
        watch.stop()
