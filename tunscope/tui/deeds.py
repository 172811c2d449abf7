"""The sign in the list for what tunscope did to a packet, by the comments in the capture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_PREFIX: Final = "tunscope: "
#: What a comment begins with, the most telling first.
_SIGNS: Final = (
    ("dropped", "✕"),
    ("edited from", "✎"),
    ("held", "⏸"),
    ("replayed", "⟳"),
    ("injected", "+"),
    ("duplicated", "+"),
)


def deed_of(comments: Iterable[str]) -> str:
    """Return the sign of the most telling comment, "" if tunscope did nothing."""
    deeds = [text.removeprefix(_PREFIX) for text in comments if text.startswith(_PREFIX)]
    for word, sign in _SIGNS:
        if any(deed.startswith(word) for deed in deeds):
            return sign
    return ""
