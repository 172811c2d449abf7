"""Actions by their ids, for the command line, the palette and clicks on the last line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.tui.analysis_keys import ANALYSIS_NAMESPACES
from tunscope.tui.dialog_keys import DIALOG_NAMESPACES
from tunscope.tui.keymap import ENTRIES, Entry
from tunscope.tui.screens.analysis import AnalysisScreen
from tunscope.tui.screens.keyed import KeyedScreen
from tunscope.tui.screens.main import MainScreen
from tunscope.tui.session import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.screen import Screen

    from tunscope.tui.app import TunscopeApp

#: Keys that mean something while a line is typed or columns are chosen, and nowhere else.
_ELSEWHERE: Final = frozenset({"columns", "filter-bar", "prompt-line"})
#: Actions of boxes and of the devices screen, which obey them themselves.
_BOXES: Final = frozenset({"columns", *DIALOG_NAMESPACES})
#: Actions of the packet browser that leave what lies over it where it is.
_ANYWHERE: Final = frozenset(
    {
        "app.help",
        "app.messages",
        "capture.devices",
        "capture.properties",
        "capture.stop",
        "view.follow",
        "view.names",
        "view.pause",
    }
)
#: Actions of the packet browser that other screens have of their own.
_STEPS_BACK: Final = frozenset({"app.back", "app.back_or_quit", "app.command", "app.help"})


class ActionCommands:
    """Runs actions where they belong, wherever they are asked for."""

    def __init__(self, app: TunscopeApp) -> None:
        self._app: Final = app

    async def run(self, identity: str) -> None:
        """Run the action `identity`, one of `ENTRIES`, or say that it has no place here."""
        app, entry = self._app, ENTRIES[identity]
        if entry.namespace in _BOXES:
            await self._run_in_dialog(entry)
        elif entry.namespace in ANALYSIS_NAMESPACES:
            await self._run_in_analysis(entry)
        else:
            if entry.namespace != "app" and identity not in _ANYWHERE:
                app.return_to_packets()
            screen = app.browser
            if entry.namespace == "output" and screen.output is None:
                self._refuse(entry)
                return
            target = {"app": app, "screen": screen}.get(entry.namespace)
            target = target or screen.query_one(f"#{entry.namespace}")
            await app.run_action(entry.binding.action, target)

    async def _run_in_analysis(self, entry: Entry) -> None:
        screen = self._app.screen
        if isinstance(screen, AnalysisScreen) and screen.obeys(entry.namespace):
            await self._app.run_action(entry.binding.action, screen)
        else:
            self._refuse(entry)

    async def _run_in_dialog(self, entry: Entry) -> None:
        screen = self._app.screen
        if isinstance(screen, KeyedScreen) and screen.obeys(entry.namespace):
            await screen.obey(entry.identity)
        else:
            self._refuse(entry)

    def _refuse(self, entry: Entry) -> None:
        self._app.tell(f"{entry.identity}: {entry.group} is not on the screen", Severity.WARNING)

    def offered(self, screen: Screen[object]) -> Iterator[Entry]:
        """Yield the actions that have a place over `screen`, the palette itself aside."""
        for entry in ENTRIES.values():
            if entry.identity != "app.palette" and _is_offered(entry, screen):
                yield entry


def _is_offered(entry: Entry, screen: Screen[object]) -> bool:
    if entry.namespace == "app" or entry.namespace in _ELSEWHERE:
        return entry.namespace == "app"
    if isinstance(screen, KeyedScreen):
        return screen.obeys(entry.namespace)
    if isinstance(screen, AnalysisScreen):
        return screen.obeys(entry.namespace) or (
            entry.namespace == "screen" and entry.identity not in _STEPS_BACK
        )
    elsewhere = ANALYSIS_NAMESPACES.keys() | DIALOG_NAMESPACES.keys()
    if not isinstance(screen, MainScreen) or entry.namespace in elsewhere:
        return False
    panes = {
        "output": screen.output is not None,
        "replay": screen.replay_pane.progress is not None,
    }
    return panes.get(entry.namespace, True)
