"""Key bindings of the devices screen and of what is asked and shown in boxes."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding

from tunscope.tui.key_binding import key_binding as _key

#: Group of a binding id to its heading in the help.
DIALOG_GROUPS: Final = {
    "devices": "Devices",
    "properties": "Capture properties",
    "pager": "Help, messages, properties",
    "choice": "Choosing one of several",
    "form": "Filling in a form",
    "inject": "Injecting a packet",
    "replay_form": "Asking for a replay",
    "progress": "While something is at work",
    "confirm": "Before something is overwritten or given up",
    "quit": "Before packets would be lost",
}

DEVICES_KEYS: Final = (
    _key("devices.new", "n", "create", "New device", "make a tun or tap device and capture on it"),
    _key("devices.close", "escape,q", "close", "Back", "back to where you came from"),
)

PAGER_KEYS: Final = (
    _key("pager.left", "left", "scroll(-8)", "Left", "scroll to the left"),
    _key("pager.right", "right", "scroll(8)", "Right", "scroll to the right"),
    _key("pager.close", "escape,q", "close", "Close", "back to where you came from"),
)

PROPERTIES_KEYS: Final = (
    _key("properties.hashes", "h", "hashes", "Hashes", "compute SHA-256 and SHA-1 of the file"),
)

CHOICE_KEYS: Final = (_key("choice.close", "escape,q", "close", "Cancel", "choose nothing"),)

FORM_KEYS: Final = (
    _key("form.send", "enter", "send", "Done", "do what the form is for"),
    _key("form.next", "down", "next_field", "Next", "the next field"),
    _key("form.previous", "up", "previous_field", "Previous", "the field before"),
    _key("form.close", "escape", "close", "Cancel", "leave it undone"),
)


def _first(identity: str, keys: str, action: str, label: str, explanation: str) -> Binding:
    """Return a binding that comes before what a line to type into makes of its keys."""
    return Binding(keys, action, label, show=False, priority=True, tooltip=explanation, id=identity)


INJECT_KEYS: Final = (
    _first("inject.side", "tab", "tab", "Other side", "the other side; elsewhere the next field"),
    _first("inject.inject", "ctrl+s", "send", "Inject", "send the packet; Enter does it, too"),
)

REPLAY_FORM_KEYS: Final = (
    _first("replay_form.other", "tab", "tab(1)", "Other value", "the next of the values there are"),
    _first("replay_form.back", "shift+tab", "tab(-1)", "Value before", "the one before"),
    _first("replay_form.begin", "ctrl+s", "send", "Replay", "send the packets; Enter does it, too"),
)

PROGRESS_KEYS: Final = (
    _key("progress.cancel", "escape,c", "cancel", "Cancel", "stop; what was begun is undone"),
)

CONFIRM_KEYS: Final = (
    _key("confirm.yes", "y", "answer(True)", "Yes", "do it"),
    _key("confirm.no", "escape,n,q", "answer(False)", "Cancel", "leave it as it is"),
)

QUIT_KEYS: Final = (
    _key("quit.save", "s", "choose('save')", "Save", "save the packets, then go"),
    _key("quit.discard", "d", "choose('discard')", "Discard", "go without the packets"),
    _key("quit.cancel", "escape,c,q", "choose('cancel')", "Cancel", "stay"),
)

#: Bindings by the screen that obeys them.
DIALOG_NAMESPACES: Final = {
    "devices": DEVICES_KEYS,
    "pager": PAGER_KEYS,
    "properties": PROPERTIES_KEYS,
    "choice": CHOICE_KEYS,
    "form": FORM_KEYS,
    "inject": INJECT_KEYS,
    "replay_form": REPLAY_FORM_KEYS,
    "progress": PROGRESS_KEYS,
    "confirm": CONFIRM_KEYS,
    "quit": QUIT_KEYS,
}
