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

EDITOR_KEYS: Final = (
    _key("editor.inject", "ctrl+s", "inject", "Inject", "send the packet, to either side"),
    _key("editor.undo", "ctrl+z", "undo", "Undo", "take the last change back"),
    _key("editor.redo", "ctrl+y", "redo", "Redo", "make it again"),
    _key("editor.insert", "plus", "insert", "Insert", "insert a layer; among the bytes, a byte"),
    _key("editor.remove", "minus,delete", "remove", "Remove", "remove the layer, or the byte"),
    _key("editor.automatic", "space", "automatic", "Auto", "compute lengths and checksums, or not"),
    _key("editor.revert", "ctrl+r", "revert", "Original", "the packet as it was (can be undone)"),
    _key("editor.diff", "v", "diff", "Diff", "what was changed"),
    _key("editor.save", "w", "save", "Save", "save the packet to a pcapng file"),
    _key("editor.pane", "tab,shift+tab", "next_pane", "Panes", "fields, bytes"),
)
