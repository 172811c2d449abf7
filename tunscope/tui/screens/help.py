"""The help: every binding with its key as it is now, made from the bindings themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunscope.tui.argument_commands import COMMANDS
from tunscope.tui.keymap import ENTRIES, GROUPS, key_names
from tunscope.tui.screens.pager import Pager, PagerLine
from tunscope.tui.text import fit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_KEYS_WIDTH = 18
_ID_WIDTH = 24


class HelpScreen(Pager):
    """All keys, in groups, with the ids that name them in the configuration.

    The group `first`, named as in `keymap.GROUPS`, comes before the others.
    """

    def __init__(self, keymap: Mapping[str, str], first: str = "") -> None:
        super().__init__("Keys", list(help_lines(keymap, first)))


def help_lines(keymap: Mapping[str, str], first: str = "") -> Iterator[PagerLine]:
    """Yield the lines of the help for the bindings with the overrides of `keymap`."""
    names = sorted(GROUPS, key=lambda name: name != first)
    for index, group in enumerate(GROUPS[name] for name in names):
        if index:
            yield PagerLine()
        yield PagerLine(((f" {group}", "accent"),))
        for entry in ENTRIES.values():
            if entry.group != group:
                continue
            keys = key_names(keymap.get(entry.identity, entry.binding.key))
            yield PagerLine(
                (
                    (f"   {keys:<{_KEYS_WIDTH - 4}} ", "strong"),
                    (f"{entry.identity:<{_ID_WIDTH - 1}} ", "muted"),
                    (entry.binding.tooltip, "text"),
                )
            )
    yield PagerLine()
    yield PagerLine(((" After : on the command line", "accent"),))
    yield PagerLine((("   every name above, a packet number, and", "muted"),))
    for explanation in COMMANDS.values():
        usage, _, deed = explanation.partition(": ")
        yield PagerLine(((fit(f"   {usage}", _KEYS_WIDTH + _ID_WIDTH), "strong"), (deed, "text")))
