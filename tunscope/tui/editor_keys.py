"""Key bindings of the packet editor, and what opens it."""

from __future__ import annotations

from typing import Final

from tunscope.tui.key_binding import key_binding as _key

#: From the packet browser.
EDITING_KEYS: Final = (
    _key("packet.edit", "e", "edit_packet", "Edit", "change the packet: fields or bytes"),
    _key("packet.inject", "r", "inject_packet", "Inject", "send the packet again, to either side"),
    _key("packet.build", "E", "build_packet", "New packet", "edit a new packet from a template"),
    _key("packet.answer", "x", "next_answer", "Answer", "the next packet that answers this one"),
)

#: What is held, and verdicts on it, from the packet browser.
HOLDING_KEYS: Final = (
    _key("hold.open", "i", "hold", "Hold", "what waits for a verdict; what is to wait"),
    _key("hold.on_off", "I", "toggle_hold", "Hold on/off", "hold nothing new, and again"),
    _key("hold.let_go", "a", "verdict('release')", "Release", "the held packet, or the oldest"),
    _key("hold.let_all_go", "A", "release_all", "Release all", "every held packet"),
    _key("hold.refuse", "X", "verdict('drop')", "Drop", "drop the held packet"),
    _key("hold.undo_edit", "V", "verdict('revert')", "Revert", "forget the held packet's edit"),
)

HOLD_KEYS: Final = (
    _key("hold.release", "a", "verdict('release')", "Release", "let the packet go"),
    _key("hold.release_all", "A", "release_all", "Release all", "let every packet go"),
    _key("hold.edit", "e", "edit", "Edit & release", "change the packet, then let it go"),
    _key("hold.drop", "X", "verdict('drop')", "Drop", "let the packet go no further"),
    _key("hold.revert", "V", "verdict('revert')", "Revert", "forget its edit; it goes on waiting"),
    _key("hold.duplicate", "D", "verdict('duplicate')", "Double", "let one more leave with it"),
    _key("hold.toggle", "I", "toggle_hold", "Hold on/off", "hold nothing new, and again"),
    _key("hold.filter", "i", "filter", "Filter", "choose what to hold"),
    _key("hold.rules", "R", "rules", "Rules", "rules that packets follow; Enter takes one away"),
)

EDITOR_KEYS: Final = (
    _key("editor.inject", "ctrl+s", "inject", "Inject", "send the packet, to either side"),
    _key("editor.undo", "ctrl+z", "undo", "Undo", "take the last change back"),
    _key("editor.redo", "ctrl+y", "redo", "Redo", "make it again"),
    _key("editor.insert", "plus", "insert", "Insert", "insert a layer; among the bytes, a byte"),
    _key("editor.remove", "minus,delete", "remove", "Remove", "remove the layer, or the byte"),
    _key("editor.automatic", "space", "automatic", "Auto", "compute lengths and checksums, or not"),
    _key("editor.release", "ctrl+r", "release", "Release", "let a held packet go as it is now"),
    _key("editor.rule", "R", "rule", "Rule", "do the same to packets like this from now on"),
    _key("editor.revert", "V", "revert", "Original", "the packet as it was (can be undone)"),
    _key("editor.diff", "v", "diff", "Diff", "what was changed"),
    _key("editor.save", "w", "save", "Save", "save the packet to a pcapng file"),
    _key("editor.pane", "tab,shift+tab", "next_pane", "Panes", "fields, bytes"),
)
