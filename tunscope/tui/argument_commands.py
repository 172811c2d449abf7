"""Commands of the command line that take an argument, and how a command line is completed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tunscope.errors import TunscopeError
from tunscope.tui.command_line import SHORT_NAMES
from tunscope.tui.dialog_keys import DIALOG_GROUPS
from tunscope.tui.keymap import ENTRIES
from tunscope.tui.line_history import LineHistory
from tunscope.tui.path_completion import paths
from tunscope.tui.session import Severity
from tunscope.tui.surroundings import FileChoice
from tunscope.tui.time_format import TimeFormat

if TYPE_CHECKING:
    from tunscope.tui.app import TunscopeApp

#: Commands that are no action of a key: what they do, for the help.
COMMANDS: Final = {
    "filter": "filter EXPRESSION: display what passes; nothing: display all",
    "theme": "theme NAME: other colours",
    "sort": "sort COLUMN: order the list; again: the other way round",
    "time": "time start|absolute|delta|reference: what the Time column counts from",
}
#: Commands that are about the packet list: other screens give way to it.
_ON_THE_LIST: Final = frozenset({"filter", "sort", "time", "packet.find"})
_WITHOUT_PLACE: Final = (
    *("columns.", "prompt.", "filter.older", "filter.newer", "filter.complete"),
    *(f"{group}." for group in DIALOG_GROUPS),
)


class ArgumentCommands:
    """What `:` understands besides the names of actions."""

    def __init__(self, app: TunscopeApp) -> None:
        self._app = app
        folder = app.state_folder
        self.history = LineHistory(folder and folder / "commands")
        self._deeds: dict[str, Callable[[str], None]] = {
            "filter": app.apply_filter,
            "theme": self._theme,
            "sort": self._sort,
            "time": self._time,
            "app.open": self._open,
            "capture.save": app.saving.save_displayed,
            "packet.find": self._find,
            "capture.filter": app.session.set_capture_filter,
        }

    def run(self, name: str, argument: str) -> bool:
        """Run a command with its argument; False if there is none of that name that takes one."""
        if name not in self._deeds or (name in ENTRIES and not argument):
            return False
        if name in _ON_THE_LIST:
            self._app.return_to_packets()
        self._deeds[name](argument)
        return True

    # --- completion

    def completions(self, text: str) -> Sequence[str]:
        """Return lines that `text` may become: names of commands, then their arguments."""
        name, blank, argument = text.partition(" ")
        if not blank:
            return [known for known in self._names() if known.startswith(name) and known != name]
        found = self._arguments(SHORT_NAMES.get(name, name), argument.lstrip())
        return [f"{name} {one}" for one in found]

    def _names(self) -> list[str]:
        actions = [n for n in ENTRIES if not n.startswith(_WITHOUT_PLACE)]
        return sorted({*SHORT_NAMES, *COMMANDS}) + sorted(actions)

    def _arguments(self, name: str, argument: str) -> Sequence[str]:
        match name:
            case "theme":
                known: Sequence[str] = sorted(self._app.available_themes)
            case "sort":
                known = self._sortable()
            case "time":
                known = [form.name.lower() for form in TimeFormat]
            case "app.open" | "capture.save":
                return paths(argument)
            case "filter" if self._app.language is not None:
                return self._app.language.completions(argument)
            case _:
                return ()
        return [word for word in known if word.startswith(argument) and word != argument]

    # --- deeds

    def _warn(self, text: str) -> None:
        self._app.tell(text, Severity.WARNING)

    def _theme(self, name: str) -> None:
        if name in self._app.available_themes:
            self._app.theme = name
        else:
            self._warn(f"theme {name}: not one of {', '.join(self._app.available_themes)}")

    def _sortable(self) -> list[str]:
        from tunscope.tui.column_sorting import is_sortable

        columns = self._app.browser.table.painter.columns
        return [column.id for column in columns if is_sortable(column.id)]

    def _sort(self, column: str) -> None:
        known = self._sortable()
        if column in known:
            self._app.browser.table.sort_by(column)
        else:
            self._warn(f"sort {column}: no such column (there are {', '.join(known)})")

    def _time(self, name: str) -> None:
        table = self._app.browser.table
        chosen = TimeFormat.__members__.get(name.upper())
        if chosen is None:
            names = ", ".join(form.name.lower() for form in TimeFormat)
            self._warn(f"time {name}: not one of {names}")
        elif chosen is TimeFormat.REFERENCE and table.painter.reference is None:
            self._warn("time reference: no packet is the reference (T makes one)")
        else:
            table.set_time_format(chosen, table.painter.reference)

    def _find(self, text: str) -> None:
        self._app.browser.find(text)

    def _open(self, text: str) -> None:
        from tunscope.capfile.reader import open_capture

        path = Path(os.path.expanduser(text)).absolute()
        try:
            open_capture(path).close()
        except TunscopeError as error:
            self._app.tell(str(error), Severity.ERROR)
            return
        self._app.files.add(str(path))
        self._app.capture_next(FileChoice(path))
