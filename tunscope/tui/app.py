"""The application: one packet browser on one capture, from start to a clean terminal."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import SystemCommand

from tunscope.engine.signals import signals_noted
from tunscope.index.view import View
from tunscope.packet.printable import printable
from tunscope.tui.action_commands import ActionCommands
from tunscope.tui.argument_commands import ArgumentCommands
from tunscope.tui.display_filters import DisplayFilters
from tunscope.tui.key_order import KeyOrder
from tunscope.tui.keymap import APP_KEYS, ENTRIES, shown_keys
from tunscope.tui.line_history import LineHistory
from tunscope.tui.save_dialogs import SaveDialogs
from tunscope.tui.screen_app import ScreenApp
from tunscope.tui.screens.analysis import AnalysisScreen
from tunscope.tui.screens.analysis_actions import load_analysis_screens
from tunscope.tui.screens.main import MainScreen
from tunscope.tui.screens.quit import QuitChoice, QuitScreen
from tunscope.tui.seen_values import SeenValues
from tunscope.tui.session import Ending, SessionState, Severity
from tunscope.tui.settings.model import Settings
from tunscope.tui.settings.remembered import RememberedLayout
from tunscope.tui.surroundings import FileChoice, ReplayChoice, Surroundings
from tunscope.tui.thread_failures import ThreadFailures
from tunscope.tui.widgets.command_pane import CommandPane
from tunscope.tui.widgets.filter_bar import FilterBar
from tunscope.tui.widgets.virtual_list import VirtualList

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from textual.binding import BindingType
    from textual.screen import Screen

    from tunscope.index.capture import CaptureIndex
    from tunscope.tui.command_line import Command
    from tunscope.tui.filter_language import FilterLanguage
    from tunscope.tui.session import Session
    from tunscope.tui.surroundings import Wish

#: The first rows, and a file that is nearly read, come before what nobody has asked for yet
#: (seconds: at least, and at most).
_WARM_UP_DELAY = 1.0
_LONGEST_DELAY = 4.0


class TunscopeApp(ScreenApp[Ending], inherit_bindings=False):
    """Shows `capture`, fed by `session`, until the person quits; see `run_browser`.

    With a `language` there is a filter bar; `display_filter`, which must be right, is in force
    from the start. What is remembered from one run to the next lives in the folder `state`;
    None remembers nothing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*APP_KEYS]
    CSS = """
    ToastRack { margin-bottom: 2; }
    MainScreen { background: $background; }
    MainScreen PacketTable { height: 1fr; }
    MainScreen DetailPane { height: 38%; min-height: 10; layout: horizontal; }
    MainScreen FieldTree { width: 1fr; height: 1fr; }
    MainScreen HexView { width: 42; height: 1fr; }
    MainScreen CommandPane { height: 25%; min-height: 5; }
    MainScreen.-wide HexView { width: 75; }
    MainScreen.-narrow DetailPane { layout: vertical; }
    MainScreen.-narrow FieldTree { height: 3fr; }
    MainScreen.-narrow HexView { width: 1fr; height: 2fr; }
    MainScreen.-zoomed PacketTable, MainScreen.-zoomed FieldTree, MainScreen.-zoomed HexView,
    MainScreen.-zoomed CommandPane {
        display: none;
    }
    MainScreen.-zoomed DetailPane { height: 1fr; }
    MainScreen.-zoomed-outside DetailPane { display: none; }
    MainScreen.-zoomed .-zoom { display: block; width: 1fr; height: 1fr; }
    """

    def __init__(
        self,
        capture: CaptureIndex,
        session: Session,
        *,
        settings: Settings | None = None,
        language: FilterLanguage | None = None,
        state: Path | None = None,
        display_filter: str = "",
        surroundings: Surroundings | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.surroundings = surroundings or Surroundings()
        super().__init__(
            self.settings.theme, self.settings.keys, lambda: self.surroundings.told_to_end
        )
        self.capture = capture
        self.session = session
        self.view = View(capture)
        self.saving = SaveDialogs(self)
        #: What is still to be said when the screen is gone.
        self.farewell = ""
        self._next: Wish | None = None
        self._failures = ThreadFailures(lambda text: self.tell(text, Severity.ERROR))
        self.files = LineHistory(state and state / "files")
        self._asking_to_quit = False
        self._keys = KeyOrder(self, self._deliver)
        self._language = language
        self._state = state
        self._display_filter = display_filter
        self.actions = ActionCommands(self)
        self.commands = ArgumentCommands(self)

    def get_default_screen(self) -> Screen[None]:
        """Return the packet browser."""
        bar = None
        if self._language is not None:
            history = LineHistory(self._state and self._state / "filters")
            seen = SeenValues(self.capture)
            bar = FilterBar(self._language, history, seen, id="filter-bar")
        remembered = RememberedLayout(self._state and self._state / "layout.json")
        return MainScreen(
            self.capture,
            self.view,
            self.session,
            self.settings,
            remembered,
            bar,
            self.surroundings.command,
        )

    @property
    def browser(self) -> MainScreen:
        """The packet browser, whatever lies over it."""
        screen = self.screen_stack[0]
        assert isinstance(screen, MainScreen)
        return screen

    def on_mount(self) -> None:
        """Begin to heed failures; what can wait waits for the first rows."""
        self._failures.watch(asyncio.get_running_loop())
        self.set_timer(_WARM_UP_DELAY, self._warm_up)
        if self._language is not None and self._display_filter:
            self.apply_filter(self._display_filter)

    def end_as_told(self) -> None:
        """End because of a signal, and keep the capture."""
        self.exit(Ending.KEEP)

    def _warm_up(self, waited: float = _WARM_UP_DELAY) -> None:
        if self.capture.progress < 1 and waited < _LONGEST_DELAY:
            self.set_timer(_WARM_UP_DELAY, partial(self._warm_up, waited + _WARM_UP_DELAY))
            return
        # What is there now stays: collections, off since the start, need not look at it again.
        gc.freeze()
        gc.enable()
        if self._language is not None:
            Thread(target=self._language.warm_up, name="filter-language", daemon=True).start()
        Thread(target=load_analysis_screens, name="analysis-screens", daemon=True).start()

    def on_unmount(self) -> None:
        """Give the failures of threads back."""
        self._failures.rest()

    # --- keys

    async def on_event(self, event: events.Event) -> None:
        """Handle keys and pastes strictly one after another."""
        if isinstance(event, events.InputEvent) and self.screen_stack:
            self.browser.quicken()
            self.capture.give_way()
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._keys.take(event)
        else:
            await super().on_event(event)

    async def _deliver(self, event: events.Key | events.Paste) -> None:
        """Do what a key is bound to, or begin its way.

        From a list it need not go through the queues of all that is around it, which nobody there
        waits for: that takes as long as painting what it does.
        """
        # Without the terminal's focus the key is also news of it, for Textual to take in.
        focused = self.focused if self.app_focus else None
        if not isinstance(event, events.Key) or not isinstance(focused, VirtualList):
            await super().on_event(event)
        elif not (await self._check_bindings(event.key, priority=True) or focused.takes_key(event)):
            await self._check_bindings(event.key)

    # --- actions by name

    async def run_command(self, identity: str) -> None:
        """Run the action with the binding id `identity`."""
        await self.actions.run(identity)

    def return_to_packets(self) -> None:
        """Leave the analysis screens: what is asked for is about the packet list."""
        while isinstance(self.screen, AnalysisScreen):
            self.pop_screen()

    async def run_command_line(self, command: Command) -> None:
        """Run a command of the command line, or say that there is none of that name."""
        if self.commands.run(command.name, command.argument):
            return
        if command.name in ENTRIES and not command.argument:
            await self.run_command(command.name)
        elif command.name in ENTRIES:
            self.tell(f"{command.name}: takes no argument", Severity.WARNING)
        else:
            self.tell(
                f"{command.name}: no such command (Tab completes, ? lists, ^p finds them)",
                Severity.WARNING,
            )

    def apply_filter(self, text: str) -> None:
        """Display the packets that pass `text`; a mistake is shown in the filter bar."""
        bar = self.browser.filter_bar
        if bar is None:
            self.tell("filter: there is no filter language here", Severity.WARNING)
        elif not bar.apply(text):
            bar.mend()

    @property
    def language(self) -> FilterLanguage | None:
        """The language of the filter bar."""
        return self._language

    @property
    def state_folder(self) -> Path | None:
        """Where what is remembered lives."""
        return self._state

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield every action for the palette."""
        for entry in self.actions.offered(screen):
            keys = shown_keys(entry.identity, self.key_overrides)
            title = f"{entry.binding.description} ({entry.identity})  {keys}"
            yield SystemCommand(title, entry.binding.tooltip, self._runner(entry.identity))
        yield SystemCommand("Theme", "choose the colours", self.action_change_theme)

    def _runner(self, identity: str) -> Callable[[], None]:
        def run() -> None:
            self.call_later(self.run_command, identity)

        return run

    def action_interrupted(self) -> None:
        """Say how to quit, to fingers that press Ctrl+C."""
        self.tell("press q to quit")

    # --- saving

    def suggested_path(self) -> str:
        """Return a file name for the capture at hand."""
        if self.browser.status.state is SessionState.FILE and self.capture.annotations.unsaved:
            own = Path(self.capture.source.name)  # its comments were changed: they belong there
            if own.suffix == ".pcapng" and own.is_file():
                return str(own)
        name = self.session.title.name
        if self.browser.status.state is SessionState.FILE:
            name = Path(name).name
        device = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
        return f"{Path(device).stem or 'capture'}-{datetime.now():%Y%m%d-%H%M%S}.pcapng"

    # --- quitting

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let the key that quits from anywhere be the command's while it is typed to."""
        if action == "request_quit" and isinstance(self.focused, CommandPane):
            return not self.focused.typing
        return super().check_action(action, parameters)

    def action_request_quit(self) -> None:
        """Quit; if packets would be lost, ask first."""
        if self._asking_to_quit:
            return
        if not self.saving.loss():
            self.exit(Ending.RELEASE)
            return
        self._asking_to_quit = True
        self.push_screen(QuitScreen(self.saving.loss), self._quit_chosen)

    def _quit_chosen(self, choice: QuitChoice | None) -> None:
        self._asking_to_quit = False
        if choice is QuitChoice.DISCARD:
            self.exit(Ending.RELEASE)
        elif choice is QuitChoice.SAVE:
            self.session.stop()
            self.browser.ask_path_and_quit()

    # --- another device

    def capture_next(self, choice: Wish | None) -> None:
        """Leave this capture for what is wanted; if packets would be lost, ask first."""
        if choice is None:
            return
        self._next = choice
        if self.saving.loss():
            screen = QuitScreen(self.saving.loss, "Save and go on")
            self.push_screen(screen, self._leaving_chosen)
        else:
            self.switch()

    def _leaving_chosen(self, choice: QuitChoice | None) -> None:
        if choice is QuitChoice.DISCARD:
            self.switch()
        elif choice is QuitChoice.SAVE and self._next is not None:
            self.session.stop()
            going_on = (
                f"open {self._next.path}"
                if isinstance(self._next, FileChoice)
                else f"capture on {self._next.name}"
            )
            self.browser.ask_path_and_switch(going_on)
        elif isinstance(self._next, ReplayChoice):
            self._next.discard()

    def switch(self) -> None:
        """End, and have the device that was chosen captured on."""
        self.surroundings.wanted = self._next
        self.exit(Ending.RELEASE)


def run_browser(
    capture: CaptureIndex,
    session: Session,
    *,
    settings: Settings | None = None,
    language: FilterLanguage | None = None,
    state: Path | None = None,
    display_filter: str = "",
    surroundings: Surroundings | None = None,
) -> Ending:
    """Run the browser in this terminal until it ends; return what is to become of the capture.

    Its filter bar speaks `language`, by default Wireshark's. `surroundings.wanted` says which
    device the person wants to go on with, if any.

    Raises TunscopeError when the screen fails, its cause attached; the terminal is in order then
    and the capture untouched.
    """
    gc.disable()  # for the first rows; on again when they are there
    surroundings = surroundings or Surroundings()
    app = TunscopeApp(
        capture,
        session,
        settings=settings,
        language=language or DisplayFilters(),
        state=state,
        display_filter=display_filter,
        surroundings=surroundings,
    )
    with signals_noted(surroundings.tell_to_end, signal.SIGTERM, signal.SIGHUP):
        ending = app.run()
    if app.farewell:
        print(f"tunscope: {printable(app.farewell)}", file=sys.stderr)
    app.raise_failure("the capture is kept; --debug shows where")
    return ending or Ending.KEEP
