"""What is typed after `:`, understood. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GoTo:
    """A bare number: go to that packet."""

    number: int


@dataclass(frozen=True, slots=True)
class Command:
    """A command's name and the rest of the line."""

    name: str
    argument: str = ""


#: Short names that fingers know from editors and pagers, to the ids of bindings.
SHORT_NAMES = {
    "q": "app.quit",
    "quit": "app.quit",
    "w": "capture.save",
    "write": "capture.save",
    "save": "capture.save",
    "h": "app.help",
    "help": "app.help",
    "messages": "app.messages",
    "stop": "capture.stop",
    "follow": "view.follow",
    "pause": "view.pause",
    "open": "app.open",
    "e": "app.open",
    "find": "packet.find",
    "columns": "view.columns",
    "devices": "capture.devices",
    "properties": "capture.properties",
    "comment": "packet.comment",
    "names": "view.names",
}


def parse_command(text: str) -> Command | GoTo:
    """Return what `text` asks for; short names are replaced by what they stand for."""
    name, _, argument = text.strip().partition(" ")
    if name.isdecimal() and not argument:
        return GoTo(int(name[:18]))
    return Command(SHORT_NAMES.get(name, name), argument.strip())
