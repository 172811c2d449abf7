"""What applications remember of their conversations from one packet to the next."""

from __future__ import annotations

from typing import Any, Final, TypeVar

_Kept = TypeVar("_Kept")


class ApplicationMemory:
    """Objects that decoders of applications keep, one for each kind and conversation.

    A kind is a class that can be made without arguments; what such an object holds is bounded by
    itself. The memory lasts as long as the capture is read.
    """

    def __init__(self) -> None:
        self._kept: Final[dict[tuple[type[Any], object], Any]] = {}

    def recall(self, kind: type[_Kept], conversation: object) -> _Kept:
        """Return what was kept for `conversation`, a new object where there is nothing yet."""
        key = (kind, conversation)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = kind()
        found: _Kept = kept
        return found
