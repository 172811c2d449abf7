"""Analysis screens with one part that obeys the keys, and a command line under it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tunscope.tui.analysis_keys import STATISTIC_KEYS
from tunscope.tui.command_line import parse_command
from tunscope.tui.screens.analysis import AnalysisScreen
from tunscope.tui.widgets.prompt_line import PromptLine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widget import Widget

    from tunscope.tui.screens.main import MainScreen


class StatisticScreen(AnalysisScreen, inherit_bindings=False):
    """Has its `parts` between the title and the keys; `body` obeys the keys."""

    BINDINGS: ClassVar[list[BindingType]] = [*AnalysisScreen.BINDINGS, *STATISTIC_KEYS]

    def __init__(self, browser: MainScreen) -> None:
        super().__init__(browser)
        self.prompt = PromptLine()

    def compose(self) -> ComposeResult:
        """The title, the parts, the keys, the line to type into."""
        yield self.title_line
        yield from self.parts()
        yield self.key_line
        yield self.prompt

    def on_mount(self) -> None:
        """Make the body obey the keys."""
        self.body.focus()

    # --- what a subclass answers

    @property
    def body(self) -> Widget:
        """The part that obeys the keys."""
        raise NotImplementedError

    def parts(self) -> Iterable[Widget]:
        """Return what stands between the title and the keys, from top to bottom."""
        return (self.body,)

    def answered(self, topic: str, text: str) -> None:
        """Do what was typed for a question of this screen's own; without one, nothing."""

    def stop_work(self) -> bool:
        """Stop what the person started and waits for; False if there is nothing."""
        return False

    def obeys(self, namespace: str) -> bool:
        """Whether the actions of a key map's `namespace` are this screen's."""
        return namespace == "statistic" or super().obeys(namespace)

    # --- keys and answers

    def action_close(self) -> None:
        """Leave the question, or stop what is at work, or go back."""
        if self.prompt.asking:
            self.prompt.cancel()
        elif not self.stop_work():
            super().action_close()

    def action_command_line(self) -> None:
        """Ask for a command."""
        commands = self.tunscope.commands
        self.prompt.ask("command", ":", completer=commands.completions, history=commands.history)

    def on_prompt_line_cancelled(self) -> None:
        """Go back to what obeys the keys."""
        self.body.focus()

    async def on_prompt_line_answered(self, event: PromptLine.Answered) -> None:
        """Do what was asked for."""
        self.body.focus()
        if event.topic != "command":
            self.answered(event.topic, event.text)
        elif text := event.text.strip():
            await self.browser.obey(parse_command(text))
