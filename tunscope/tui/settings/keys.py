"""Keys as people write them in the configuration file, and whether two actions want the same."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tunscope.tui.analysis_keys import ANALYSIS_NAMESPACES
from tunscope.tui.keymap import ENTRIES, NAMESPACES, key_names

#: What stands for "no key": Textual knows no key of this name.
NO_KEY: Final = "none"
_MODIFIERS: Final = ("ctrl", "alt", "shift", "super", "hyper", "meta")
_NAMED: Final = frozenset(
    {
        "up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete",
        "backspace", "enter", "escape", "tab", "space", *(f"f{number}" for number in range(1, 25)),
    }
)  # fmt: skip
_OTHER_NAMES: Final = {
    "esc": "escape", "return": "enter", "pgup": "pageup", "page_up": "pageup", "pgdn": "pagedown",
    "page_down": "pagedown", "del": "delete", "ins": "insert", "hash": "number_sign",
    "period": "full_stop",
}  # fmt: skip
#: Where Textual's names of characters differ from Unicode's.
_RENAMED: Final = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
#: Lists whose keys come before those of the packet browser around them, and all lists.
_PANES: Final = frozenset({"packets", "fields", "bytes"})
_LISTS: Final = _PANES | {
    "columns", "stream", "conversations", "hierarchy", "hold", "devices", "choice", "pager",
    "properties",
}  # fmt: skip
#: Namespaces that a screen obeys together.
_TOGETHER: Final = (
    frozenset({"pager", "properties"}),
    frozenset({"form", "inject"}),
    frozenset({"form", "replay_form"}),
)


def textual_key(text: str) -> str | None:
    """Return Textual's name of a key written as ``ctrl+g``, ``^g``, ``G``, ``/`` or ``f5``.

    None if there is no such key.
    """
    if len(text) == 2 and text[0] == "^":
        text = f"ctrl+{text[1]}"
    if text in ("+", "-"):
        return _character_name(text)
    *modifiers, base = text.split("+") if not text.endswith("++") else (*text.split("+")[:-2], "+")
    held = [modifier.strip().lower() for modifier in modifiers]
    if any(modifier not in _MODIFIERS for modifier in held) or len(set(held)) < len(held):
        return None
    name = _base_name(base.strip() or base)
    if name is None:
        return None
    if "shift" in held and len(name) == 1 and name.isalpha():
        held.remove("shift")
        name = name.upper()
    if "ctrl" in held and len(name) == 1:
        name = name.lower()
    return "+".join((*(modifier for modifier in _MODIFIERS if modifier in held), name))


def _base_name(text: str) -> str | None:
    if len(text) == 1:
        return _character_name(text)
    lowered = text.lower()
    name = _OTHER_NAMES.get(lowered, lowered)
    return name if name in _NAMED or name in _PUNCTUATION else None


def _character_name(character: str) -> str | None:
    if character.isalnum():
        return character
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _RENAMED.get(name, name) or None


_PUNCTUATION: Final = frozenset(
    name
    for name in (_character_name(chr(code)) for code in range(0x21, 0x7F))
    if name is not None and len(name) > 1
)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two actions that want `key`; the one of `shadowed` would never be reached."""

    key: str
    action: str
    shadowed: str

    def __str__(self) -> str:
        return f"{key_names(self.key)} is wanted by {self.action} and by {self.shadowed}"


def conflicts(overrides: Mapping[str, str]) -> Iterator[Conflict]:
    """Yield what `overrides` brings into conflict with each other or with the defaults."""
    entries = list(ENTRIES.values())
    for place, one in enumerate(entries):
        for other in entries[place + 1 :]:
            changed = one.identity in overrides or other.identity in overrides
            if not changed or not _meet(one.namespace, other.namespace, one.identity):
                continue
            keys = _keys(one.identity, overrides)
            for key in _keys(other.identity, overrides):
                if key in keys and key != NO_KEY:
                    yield Conflict(key, one.identity, other.identity)


def _keys(identity: str, overrides: Mapping[str, str]) -> list[str]:
    keys = overrides.get(identity, ENTRIES[identity].binding.key)
    return [key.strip() for key in keys.split(",")]


def _meet(one: str, other: str, identity: str) -> bool:
    """Whether keys of these two namespaces can be asked for at the same time."""
    if one == other:
        return True
    if "app" in (one, other):
        return True
    if "screen" in (one, other):
        return bool(_PANES & {one, other})
    if "analysis" in (one, other):
        return {one, other} <= ANALYSIS_NAMESPACES.keys()
    if {one, other} in _TOGETHER:
        return True
    return identity.startswith("list.") and other in _LISTS


def default_keys() -> dict[str, str]:
    """Return the keys that every action has unless the configuration says otherwise."""
    return {identity: entry.binding.key for identity, entry in ENTRIES.items()}


__all__ = ["NAMESPACES", "NO_KEY", "Conflict", "conflicts", "default_keys", "textual_key"]
