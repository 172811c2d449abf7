"""What is asked for on the last line, and what is done with the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.packet.printable import printable
from tunscope.tui.command_line import Command, GoTo, parse_command
from tunscope.tui.path_completion import paths
from tunscope.tui.screens.list_actions import ListActions
from tunscope.tui.session import Severity

if TYPE_CHECKING:
    from tunscope.tui.session import Session
    from tunscope.tui.widgets.prompt_line import PromptLine

#: Questions that an empty line answers.
_MAY_BE_EMPTY = frozenset({"capture filter", "comment"})


class QuestionActions(ListActions, inherit_bindings=False):
    """A screen with a packet list and a line to type into."""

    session: Session
    prompt: PromptLine

    @property
    def live(self) -> bool:
        """Whether packets may still be captured."""
        raise NotImplementedError

    def action_go_to(self) -> None:
        """Ask for a packet number."""
        self.prompt.ask("go to", "Go to packet")

    def action_command_line(self) -> None:
        """Ask for a command."""
        commands = self.tunscope.commands
        self.prompt.ask("command", ":", completer=commands.completions, history=commands.history)

    def action_capture_filter(self) -> None:
        """Ask for another capture filter; nothing typed records everything."""
        if self.live:
            filter_now = self.session.capture_filter
            self.prompt.ask("capture filter", "Capture filter (BPF)", filter_now)
        else:
            self.tunscope.tell("capture filter: nothing is being captured")

    def action_save(self) -> None:
        """Ask for a file to save the displayed packets to."""
        if len(self.view):
            self.prompt.ask(
                "save", "Save displayed packets to", self.tunscope.suggested_path(), completer=paths
            )
        else:
            self.tunscope.tell("save: there are no packets yet", Severity.WARNING)

    def ask_path_and_quit(self) -> None:
        """Ask for a file to save all packets to before quitting."""
        path = self.tunscope.suggested_path()
        self.prompt.ask("save and quit", "Save and quit, to", path, completer=paths)

    def ask_path_and_switch(self, going_on: str) -> None:
        """Ask for a file to save all packets to before `going_on` with something else."""
        path = self.tunscope.suggested_path()
        label = f"Save, then {printable(going_on)}; to"
        self.prompt.ask("save and switch", label, path, completer=paths)

    def action_open(self) -> None:
        """Ask for another capture file."""
        if not self.tunscope.surroundings.opens_files:
            self.tunscope.tell("open: not from here", Severity.WARNING)
            return
        history = self.tunscope.files
        recent = history.entries[-1] if history.entries else ""
        folder = recent.rpartition("/")[0]
        start = f"{folder}/" if folder else ""
        self.prompt.ask("open", "Open (↑ recent)", start, completer=paths, history=history)

    def on_prompt_line_cancelled(self) -> None:
        """Go back to the list."""
        self.table.focus()

    async def on_prompt_line_answered(self, event: PromptLine.Answered) -> None:
        """Do what was asked for."""
        self.table.focus()
        text = event.text.strip()
        if text or event.topic in _MAY_BE_EMPTY:
            await self._answered(event.topic, text)

    async def _answered(self, topic: str, text: str) -> None:
        match topic:
            case "save":
                self.tunscope.saving.save_displayed(text)
            case "save and quit":
                self.tunscope.saving.save_all_and_quit(text)
            case "capture filter":
                self.session.set_capture_filter(text)
            case "open":
                self.tunscope.commands.run("app.open", text)
            case "go to" if not text.isdecimal():
                self.tunscope.tell(f"go to {text}: not a packet number", Severity.WARNING)
            case _:
                await self.obey(parse_command(text))

    async def obey(self, command: Command | GoTo) -> None:
        """Do what was typed on the command line, of this screen or of one that lies over it."""
        if isinstance(command, GoTo):
            self.tunscope.return_to_packets()
            self.go_to_number(command.number)
        else:
            await self.tunscope.run_command_line(command)
