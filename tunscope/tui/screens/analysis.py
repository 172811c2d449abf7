"""What the analysis screens have in common: title, keys, a statistic that grows, the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from tunscope.tui.analysis_keys import ANALYSIS_KEYS
from tunscope.tui.keymap import key_line_entries
from tunscope.tui.screens.help import HelpScreen
from tunscope.tui.screens.sized import SizedScreen
from tunscope.tui.widgets.key_line import KeyLine
from tunscope.tui.widgets.title_line import TitleFacts, TitleLine

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tunscope.index.statistics.gathering import Gathering
    from tunscope.tui.app import TunscopeApp
    from tunscope.tui.screens.main import MainScreen

_PULLS_A_SECOND = 10
#: Keys of the screen that the last line shows before those that every screen has.
_BEFORE_BACK = 4


class AnalysisScreen(SizedScreen[None], inherit_bindings=False):
    """Pulls ten times a second what `gathering` has found; Esc cancels it and goes back.

    A subclass names the ids of the actions its last line shows, puts `title_line` and `key_line`
    into its `compose`, begins by setting `gathering`, and shows results in `show_result`.
    """

    NAMESPACE: ClassVar[str]
    FOOTER: ClassVar[tuple[str, ...]] = ()
    BINDINGS: ClassVar[list[BindingType]] = [*ANALYSIS_KEYS]
    DEFAULT_CSS = "AnalysisScreen { background: $background; }"

    def __init__(self, browser: MainScreen) -> None:
        super().__init__()
        self.browser = browser
        self.capture = browser.capture
        self.gathering: Gathering[Any] | None = None
        self.title_line = TitleLine()
        self.key_line = KeyLine(())
        self._shown = -1

    @property
    def tunscope(self) -> TunscopeApp:
        """The application, by its own type."""
        return self.browser.tunscope

    def on_mount(self) -> None:
        """Begin."""
        self.key_line.show(self._footer())
        self.begin()
        self.set_interval(1 / _PULLS_A_SECOND, self.pull)
        self.pull()

    def on_unmount(self) -> None:
        """End what is still at work."""
        if self.gathering is not None:
            self.gathering.cancel()

    # --- what a subclass answers

    def begin(self) -> None:
        """Set `gathering` and start it."""
        raise NotImplementedError

    def show_result(self) -> None:
        """Show what `gathering` has found."""
        raise NotImplementedError

    def title_facts(self) -> TitleFacts:
        """Return what the first line shows, but for what every screen says alike."""
        raise NotImplementedError

    def obeys(self, namespace: str) -> bool:
        """Whether the actions of a key map's `namespace` are this screen's."""
        return namespace in {"analysis", self.NAMESPACE}

    # --- pulling

    def pull(self) -> None:
        """Take in what has been found since."""
        gathering = self.gathering
        if gathering is None:
            return
        gathering.wake()
        if gathering.generation != self._shown:
            self._shown = gathering.generation
            self.show_result()
        self.show_title()

    def restart(self) -> None:
        """Begin anew: other packets are to be counted."""
        if self.gathering is not None:
            self.gathering.cancel()
        self._shown = -1
        self.begin()
        self.pull()

    @property
    def is_settled(self) -> bool:
        """Whether everything there is has been counted and shown."""
        gathering = self.gathering
        return (
            gathering is not None
            and gathering.caught_up
            and gathering.generation == self._shown
            and self.capture.complete
        )

    def show_title(self) -> None:
        """Bring the first line up to date."""
        facts, gathering, browser = self.title_facts(), self.gathering, self.browser
        held = len(browser.session.holds.waiting)
        dropped = browser.status.counters.dropped
        facts = replace(facts, live=browser.live, dropped=dropped, held=held)
        if gathering is not None:
            error = "" if gathering.error is None else str(gathering.error)
            progress = 1.0 if browser.live else gathering.progress
            facts = replace(facts, progress=progress, error=error)
        self.title_line.show(facts)

    # --- keys

    def _footer(self) -> tuple[tuple[str, str, str], ...]:
        most, others = self.FOOTER[:_BEFORE_BACK], self.FOOTER[_BEFORE_BACK:]
        shown = (*most, "analysis.help", "analysis.back", *others)
        return key_line_entries(shown, self.tunscope.key_overrides)

    async def on_key_line_pressed(self, event: KeyLine.Pressed) -> None:
        """Run the clicked entry."""
        await self.tunscope.run_command(event.action)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss(None)

    def action_help(self) -> None:
        """Show the keys, those of this screen first."""
        self.app.push_screen(HelpScreen(self.tunscope.key_overrides, self.NAMESPACE))

    def filter_by(self, expression: str) -> None:
        """Put a display filter in force and go back to the packets."""
        bar = self.browser.filter_bar
        if bar is None:
            self.tunscope.tell("filter: there is no filter language here")
            return
        self.tunscope.return_to_packets()
        bar.apply(expression)
        self.browser.table.focus()

    def go_to_packet(self, number: int) -> None:
        """Go back to the packets, to number `number`."""
        self.tunscope.return_to_packets()
        self.browser.table.set_following(False)
        self.browser.go_to_number(number)
        self.browser.table.focus()
