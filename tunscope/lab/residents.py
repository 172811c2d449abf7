"""Which programs of a lab talk to each other: asked of a child that is in the lab's namespaces."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Self

from tunscope.device.inspector import Inspector

if TYPE_CHECKING:
    from tunscope.device.programs import Conversation, SocketOwner

#: Seconds that the child may take: it starts while the programs of the lab do.
_PATIENCE: Final = 10.0


class Residents:
    """The programs in `networks`, paths of network namespaces that `inspector` can open.

    A program is looked for in one network after the other. To be made while the caller may still
    enter the lab; any thread may ask.
    """

    def __init__(self, inspector: Inspector, networks: Sequence[str]) -> None:
        self._inspector: Final = inspector
        self._networks: Final = tuple(networks)
        self._lock: Final = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def programs(self, conversations: Sequence[Conversation]) -> list[SocketOwner | None]:
        """Return who takes part in each conversation, None where no program of the lab does.

        Process ids are those that the caller sees.
        """
        found: list[SocketOwner | None] = [None] * len(conversations)
        with self._lock:
            for network in self._networks:
                open_ones = [place for place, owner in enumerate(found) if owner is None]
                told = self._inspector.programs(
                    [conversations[one] for one in open_ones], network, _PATIENCE
                )
                for place, owner in zip(open_ones, told, strict=True):
                    found[place] = owner
        return found

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._inspector.close()
