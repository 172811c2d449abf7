"""A key binding with an id, a label for the last line and an explanation for the help."""

from __future__ import annotations

from textual.binding import Binding


def key_binding(identity: str, keys: str, action: str, label: str, explanation: str) -> Binding:
    """Return the binding of `keys` (separated by commas) to a Textual `action`."""
    return Binding(keys, action, label, show=False, tooltip=explanation, id=identity)
