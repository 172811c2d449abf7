"""Captures and files shown one after another in one terminal, as the person there wishes.

What only captures and replays need is imported for them: a file is on the screen that much sooner.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from tunscope.cli.config import settings_in_force
from tunscope.cli.device_watch import DeviceWatch, device_request
from tunscope.cli.inspection import Inspection
from tunscope.cli.kept_engine import KeptEngine
from tunscope.cli.privilege import drop_privileges
from tunscope.cli.spools import Orphans, spooled
from tunscope.engine.signals import signals_as_interrupts, signals_noted
from tunscope.errors import TunscopeError
from tunscope.tui.devices import DeviceChoice
from tunscope.tui.surroundings import FileChoice, ReplayChoice, Surroundings, Wish

if TYPE_CHECKING:
    from tunscope.cli.kept_engine import Opener
    from tunscope.cli.live_outputs import LiveOutput
    from tunscope.cli.program_watch import Ask
    from tunscope.cli.replay_capture import CaptureReplay
    from tunscope.device.request import DeviceRequest
    from tunscope.engine.client import EngineClient, Opening
    from tunscope.engine.options import CaptureOptions
    from tunscope.index.capture import CaptureIndex
    from tunscope.tui.replaying import ReplayWish
    from tunscope.tui.session import Session

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
        self._display_filter = display_filter
        self._names = names
        self._replay = replay
        self._inspection = Inspection()
        self._devices = DeviceWatch(self._inspection.owners)
        self._engine = KeptEngine(may_sudo=may_sudo, elevated=self._inspection.elevated)
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
            self._engine.give_up()

    @contextlib.contextmanager
    def undone_by_signals(self) -> Iterator[None]:
        """Have a signal, also one that came already, raise KeyboardInterrupt, to undo all."""
        with signals_as_interrupts(signal.SIGTERM, signal.SIGHUP):
            if self.surroundings.told_to_end:
                raise KeyboardInterrupt
            yield

    def keep_rights(self) -> None:
        """Leave root's rights to an engine that waits for its device, and become the person."""
        self._engine.keep_rights()

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
        from tunscope.cli.live_outputs import NamedOutput

        output = NamedOutput(path)
        opened = self._begin(output, lambda fd: self._engine.open(request, options, fd))
        self._show(output, opened, options, self._programs_in(request.netns))

    def into_spool(
        self, request: DeviceRequest, options: CaptureOptions, *, keep: int | None = None
    ) -> None:
        """Capture into a private spool of at most `keep` bytes."""
        from tunscope.cli.live_outputs import SpoolOutput

        output = SpoolOutput(request.name, keep)
        opened = self._begin(output, lambda fd: self._engine.open(request, options, fd))
        programs = self._programs_in(request.netns)
        self._show(output, opened, options, programs, news=Orphans())

    def of_lab(
        self,
        device: str,
        options: CaptureOptions,
        opener: Opener,
        started: Callable[[], None],
        news: Callable[[], Sequence[str]],
        programs: Ask,
        remark: str,
    ) -> None:
        """Capture what `opener` opens; `started` is called then, `news` again and again.

        `programs` tells the programs behind conversations there; `remark` is said of the devices
        of this machine meanwhile.
        """
        from tunscope.cli.live_outputs import SpoolOutput

        output = SpoolOutput(device)
        opened = self._begin(output, lambda fd: self._engine.replace(opener, fd))
        self.surroundings.devices_remark = remark
        try:
            self._show(output, opened, options, programs, started=started, news=news)
        finally:
            self.surroundings.devices_remark = ""
        self._engine.give_up()  # it is in a namespace that nobody needs any more

    def _begin(self, output: LiveOutput, opener: Opener) -> tuple[EngineClient, Opening]:
        """Open the device with the rights there are, and become the person."""
        with self.undone_by_signals():
            opened = output.open(opener)
        drop_privileges()
        return opened

    def _show(
        self,
        output: LiveOutput,
        opened: tuple[EngineClient, Opening],
        options: CaptureOptions,
        programs: Ask,
        *,
        started: Callable[[], None] | None = None,
        news: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        """Start the capture and show it to its end."""
        from tunscope.cli.engine_session import EngineSession, ping_hint
        from tunscope.cli.program_watch import programs_told
        from tunscope.cli.reachable import reachable
        from tunscope.index.capture import CaptureIndex

        client, opening = opened
        try:
            storage, source = output.begun()
            with reachable(client, opening.facts.name):
                client.start()
                replay = self._begin_replay(client, opening)
                session = EngineSession(
                    client,
                    opening,
                    options.filter,
                    storage,
                    hint="" if started else ping_hint(opening.facts.addresses),
                    news=news,
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
                with programs_told(index, programs):
                    released = self.browse(index, session)
        finally:
            if self.surroundings.wanted is None:
                self._engine.give_up()
            else:
                self._engine.end_capture()
        output.end(released=released)

    # --- the screen

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


def _replay_mistake(wish: ReplayWish) -> str:
    """Return what is wrong with a wish, "" if nothing is to be seen."""
    from tunscope.cli.replay_wish import mistake_of

    return mistake_of(wish)
