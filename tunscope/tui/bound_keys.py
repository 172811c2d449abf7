"""The keys that an action has now, for widgets that look at keys themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tunscope.tui.keymap import ENTRIES
from tunscope.tui.screen_app import ScreenApp

if TYPE_CHECKING:
    from textual.app import App


def keys_of(app: App[Any], identity: str) -> tuple[str, ...]:
    """Return the keys of an action by its id, as Textual calls them and the configuration says."""
    keys = ENTRIES[identity].binding.key
    if isinstance(app, ScreenApp):
        keys = app.key_overrides.get(identity, keys)
    return tuple(key.strip() for key in keys.split(","))
