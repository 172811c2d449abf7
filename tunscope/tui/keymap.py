"""Every key binding, once: what the screen obeys, the footer shows and the help explains.

The id of a binding names it in the configuration file and in the command line; the part before
the dot is the group it belongs to.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from textual.binding import Binding

from tunscope.tui.analysis_keys import ANALYSIS_GROUPS, ANALYSIS_NAMESPACES, OPENING_KEYS
from tunscope.tui.dialog_keys import DIALOG_GROUPS, DIALOG_NAMESPACES
from tunscope.tui.editor_keys import EDITING_KEYS, HOLDING_KEYS
from tunscope.tui.key_binding import key_binding as _key
from tunscope.tui.replay_keys import REPLAY_KEYS, REPLAYING_KEYS

#: Group of a binding id to its heading in the help.
GROUPS: Final = {
    "list": "Moving in any list",
    "packet": "Packets",
    "detail": "Fields and bytes",
    "filter": "Display filter",
    "view": "Panes and looks",
    "capture": "The capture",
    **ANALYSIS_GROUPS,
    "replay": "Replaying packets",
    "output": "The output of a command",
    "app": "The program",
    "columns": "Column chooser",
    **DIALOG_GROUPS,
    "prompt": "Typing an answer",
}

LIST_KEYS: Final = (
    _key("list.down", "down,j", "move(1)", "Down", "next row"),
    _key("list.up", "up,k", "move(-1)", "Up", "previous row"),
    _key("list.page_down", "pagedown", "page(1)", "Page down", "one page down"),
    _key("list.page_up", "pageup", "page(-1)", "Page up", "one page up"),
    _key("list.half_down", "ctrl+d", "half_page(1)", "Half down", "half a page down"),
    _key("list.half_up", "ctrl+u", "half_page(-1)", "Half up", "half a page up"),
    _key("list.first", "home", "first", "First", "first row; also g g"),
    _key("list.last", "end", "last", "Last", "last row; also G"),
    _key("list.prefix", "g", "prefix", "First (g g)", "twice: first row; 123 g g: row 123"),
    _key("list.goto", "G", "goto_typed", "Go to", "last row; 123 G: number 123"),
    _key("list.left", "shift+left", "scroll(-8)", "Left", "scroll left, a table by a column"),
    _key("list.right", "shift+right", "scroll(8)", "Right", "scroll right; also Shift+wheel"),
    _key("list.choose", "enter", "choose", "Choose", "what Enter does in this list"),
)

TABLE_KEYS: Final = (
    _key("packet.left", "left", "scroll(-8)", "Left", "scroll the columns to the left"),
    _key("packet.right", "right", "scroll(8)", "Right", "scroll the columns to the right"),
)

TREE_KEYS: Final = (
    _key(
        "detail.collapse", "left,h", "collapse", "Collapse", "close the field, or go to its parent"
    ),
    _key(
        "detail.expand", "right,l", "expand", "Expand", "open the field, or go to its first child"
    ),
    _key("detail.toggle", "space", "toggle_field", "Toggle", "open or close the field"),
    _key("detail.expand_all", "plus", "expand_all", "Expand all", "open every field"),
    _key("detail.collapse_all", "minus", "collapse_all", "Collapse all", "close every field"),
)

HEX_KEYS: Final = (
    _key("detail.byte_left", "left,h", "step(-1)", "Byte left", "previous byte"),
    _key("detail.byte_right", "right,l", "step(1)", "Byte right", "next byte"),
)

FILTER_KEYS: Final = (
    _key("filter.edit", "slash", "edit_filter", "Filter", "type a display filter"),
    _key(
        "filter.toggle",
        "exclamation_mark",
        "toggle_filter",
        "Filter off/on",
        "filter off, and on again",
    ),
    _key("filter.from_field", "f", "filter_from_field", "From field", "filter by the chosen field"),
)

#: Of the pane with a command's output. While it is typed to, every other key is the command's.
OUTPUT_KEYS: Final = (
    _key(
        "output.leave",
        "ctrl+right_square_bracket",  # as telnet has it
        "leave",
        "Leave",
        "type to the command no more (Enter begins it)",
    ),
)

#: Of the line that filters are typed into.
FILTER_BAR_KEYS: Final = (
    _key("filter.older", "up", "older", "Older", "the filter before, from the history"),
    _key("filter.newer", "down", "newer", "Newer", "the filter after"),
    _key("filter.complete", "tab", "complete(1)", "Complete", "complete a field or a value"),
    _key("filter.complete_back", "shift+tab", "complete(-1)", "Complete back", "the one before"),
)

#: Of the line that commands, file names and other answers are typed into.
PROMPT_KEYS: Final = (
    _key("prompt.older", "up", "recall(-1)", "Older", "the line before, from the history"),
    _key("prompt.newer", "down", "recall(1)", "Newer", "the line after"),
    _key("prompt.complete", "tab", "complete(1)", "Complete", "complete; again: the next one"),
    _key("prompt.complete_back", "shift+tab", "complete(-1)", "Complete back", "the one before"),
)

#: Of the column chooser.
COLUMN_KEYS: Final = (
    _key("columns.toggle", "space", "toggle_column", "Show/hide", "show or hide the column"),
    _key("columns.add", "a", "add", "Add field", "make a field of the filter language a column"),
    _key("columns.up", "K,shift+up", "shift(-1)", "Left", "move the column to the left"),
    _key("columns.down", "J,shift+down", "shift(1)", "Right", "move the column to the right"),
    _key("columns.wider", "plus", "widen(1)", "Wider", "make the column wider"),
    _key("columns.narrower", "minus", "widen(-1)", "Narrower", "make the column narrower"),
    _key("columns.fit", "equals_sign", "fit", "Fit", "let the column find its width"),
    _key("columns.align", "r", "align", "Align", "align the column to the other side"),
    _key("columns.title", "t", "title", "Title", "give the column another heading"),
    _key("columns.reset", "R", "reset", "Reset", "the columns of the configuration again"),
    _key("columns.close", "escape,q", "close", "Close", "close the column chooser"),
)

MAIN_KEYS: Final = (
    *FILTER_KEYS,
    *OPENING_KEYS,
    *EDITING_KEYS,
    *HOLDING_KEYS,
    *REPLAYING_KEYS,
    _key("packet.find", "ctrl+f", "find", "Find", "find text, /regex/, x:hex bytes or =filter"),
    _key("packet.find_next", "n", "find_next(1)", "Find next", "the next packet found"),
    _key("packet.find_previous", "N", "find_next(-1)", "Find previous", "and the one before"),
    _key("packet.find_where", "f2", "find_where", "Find where", "look in Info, bytes or both"),
    _key("packet.find_case", "f3", "find_case", "Find case", "heed the case of letters, or not"),
    _key("packet.goto", "ctrl+g", "go_to", "Go to", "go to a packet by its number"),
    _key(
        "packet.copy", "y", "copy", "Copy", "copy the field or the packet, also over ssh (OSC 52)"
    ),
    _key("packet.mark", "m", "mark", "Mark", "mark the packet, or take its mark away"),
    _key("packet.next_mark", "full_stop", "step_mark(1)", "Next mark", "go to the next mark"),
    _key("packet.previous_mark", "comma", "step_mark(-1)", "Previous mark", "and the one before"),
    _key("packet.marked_only", "M", "marked_only", "Marked only", "show only marked packets"),
    _key(
        "packet.sort_next",
        "greater_than_sign",
        "step_sort(1)",
        "Sort by next",
        "sort by the next column (or click it)",
    ),
    _key(
        "packet.sort_previous",
        "less_than_sign",
        "step_sort(-1)",
        "Sort by previous",
        "sort by the previous column",
    ),
    _key("packet.sort_reverse", "S", "reverse_order", "Reverse", "sort the other way round"),
    _key("packet.comment", "semicolon", "comment", "Comment", "add, edit or remove a comment"),
    _key("view.follow", "F", "follow", "Follow", "keep the newest packet in view"),
    _key("view.pause", "p", "pause", "Pause", "freeze the list; the capture goes on"),
    _key("view.next_pane", "tab", "next_pane", "Panes", "list, fields, bytes"),
    _key("view.previous_pane", "shift+tab", "previous_pane", "Previous pane", "the other way"),
    _key("view.zoom", "backslash", "zoom", "Zoom", "give the pane the whole screen, and back"),
    _key("view.taller", "ctrl+up", "resize_details(1)", "Taller", "more room for fields and bytes"),
    _key("view.lower", "ctrl+down", "resize_details(-1)", "Lower", "more room for the list"),
    _key("view.bytes_wider", "ctrl+left", "resize_bytes(1)", "Wider", "more room for the bytes"),
    _key("view.bytes_narrower", "ctrl+right", "resize_bytes(-1)", "Narrower", "and for the fields"),
    _key("view.reset_panes", "equals_sign", "reset_panes", "Reset panes", "sizes as configured"),
    _key("view.colouring", "ctrl+l", "colouring", "Colours", "colouring rules off, and on again"),
    _key("view.columns", "c", "columns", "Columns", "choose, order and size columns"),
    _key("view.names", "at", "names", "Names", "names for addresses and ports; asks no network"),
    _key("view.time_format", "t", "time_format", "Time", "what the Time column counts from"),
    _key("view.time_reference", "T", "time_reference", "Time ref", "count time from this packet"),
    _key("capture.devices", "d", "devices", "Devices", "all devices; Enter captures there"),
    _key("capture.properties", "P", "properties", "Properties", "file, times, interfaces, drops"),
    _key("capture.stop", "ctrl+e", "stop_capture", "Stop", "stop capturing; what is there stays"),
    _key("capture.filter", "b", "capture_filter", "Capture filter", "record only what it lets by"),
    _key("capture.save", "w", "save", "Save", "save the displayed packets to a file"),
    _key("capture.save_as", "W", "save_as", "Save some", "save displayed, marked, all or a range"),
    _key("app.open", "ctrl+o", "open", "Open", "open another capture file; ↑ recent ones"),
    _key("app.command", "colon", "command_line", "Command", "command line, by action name"),
    _key("app.messages", "L", "messages", "Messages", "every message since the start"),
    _key("app.help", "question_mark", "help", "Help", "this list of keys"),
    _key("app.back", "escape", "back", "Back", "one step back; never loses a capture"),
    _key("app.back_or_quit", "q", "back_or_quit", "Quit", "one step back, and on the list quit"),
)

APP_KEYS: Final = (
    Binding(
        "ctrl+q",
        "request_quit",
        "Quit",
        show=False,
        priority=True,
        tooltip="quit from anywhere; asks if packets would be lost",
        id="app.quit",
    ),
    _key("app.palette", "ctrl+p", "command_palette", "Palette", "every action, by typing its name"),
    _key("app.interrupt", "ctrl+c", "interrupted", "Interrupt", "says how to quit"),
)

#: Bindings by the part of the screen that obeys them: a widget id, "screen" or "app".
NAMESPACES: Final = {
    "packets": (*LIST_KEYS, *TABLE_KEYS),
    "fields": TREE_KEYS,
    "bytes": HEX_KEYS,
    "replay": REPLAY_KEYS,
    "output": OUTPUT_KEYS,
    "columns": COLUMN_KEYS,
    "filter-bar": FILTER_BAR_KEYS,
    "prompt-line": PROMPT_KEYS,
    "screen": MAIN_KEYS,
    **ANALYSIS_NAMESPACES,
    **DIALOG_NAMESPACES,
    "app": APP_KEYS,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One action by its id: its binding and who obeys it."""

    binding: Binding
    namespace: str

    @property
    def identity(self) -> str:
        """The binding's id."""
        return self.binding.id or ""

    @property
    def group(self) -> str:
        """Heading of its group in the help."""
        return GROUPS[self.identity.partition(".")[0]]


ENTRIES: Final = {
    binding.id: Entry(binding, namespace)
    for namespace, bindings in NAMESPACES.items()
    for binding in bindings
    if binding.id
}

_SHOWN: Final = (
    "filter.edit",
    "packet.edit",
    "hold.open",
    "packet.inject",
    "view.pause",
    "view.follow",
    "capture.save",
    "app.help",
    "app.back_or_quit",
    "view.next_pane",
    "analysis.stream",
    "analysis.conversations",
    "analysis.graph",
    "view.zoom",
    "view.time_format",
    "packet.goto",
    "app.command",
    "app.palette",
    "capture.devices",
)

_KEY_NAMES: Final = {
    "question_mark": "?",
    "backslash": "\\",
    "colon": ":",
    "semicolon": ";",
    "at": "@",
    "slash": "/",
    "full_stop": ".",
    "exclamation_mark": "!",
    "comma": ",",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "none": "—",
    "space": "Space",
    "enter": "Enter",
    "escape": "Esc",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def key_name(key: str) -> str:
    """Return a Textual key as people write it: ``ctrl+g`` is ``^g``, ``backslash`` is ``\\``."""
    if key in _KEY_NAMES:
        return _KEY_NAMES[key]
    held, plus, rest = key.partition("+")
    if not (plus and rest):
        return key
    return f"^{key_name(rest)}" if held == "ctrl" else f"{held.capitalize()}+{key_name(rest)}"


def key_names(keys: str) -> str:
    """Return a comma-separated list of Textual keys as people write them."""
    return " ".join(key_name(key.strip()) for key in keys.split(","))


def shown_keys(identity: str, keymap: Mapping[str, str]) -> str:
    """Return the keys of an action as people write them, with the overrides of `keymap`."""
    return key_names(keymap.get(identity, ENTRIES[identity].binding.key))


def key_line_entries(
    identities: Iterable[str], keymap: Mapping[str, str]
) -> tuple[tuple[str, str, str], ...]:
    """Return key, label and id of these actions, as a key line shows them."""
    shown = []
    for identity in identities:
        binding = ENTRIES[identity].binding
        keys = keymap.get(identity, binding.key)
        shown.append((key_name(keys.split(",")[0]), binding.description, identity))
    return tuple(shown)


def footer(
    keymap: Mapping[str, str], hidden: Container[str] = ()
) -> tuple[tuple[str, str, str], ...]:
    """Return key, label and id of the actions the last line shows, the most useful first.

    `hidden` are ids of actions that are not there.
    """
    return key_line_entries((name for name in _SHOWN if name not in hidden), keymap)
