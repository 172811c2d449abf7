"""Which WireGuard messages belong together: sessions, by the indices that both sides choose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

#: An end of a conversation: address and port.
End: TypeAlias = tuple[bytes, int]


@dataclass(slots=True)
class WireguardSession:
    """A handshake and what follows it; packet numbers, 0 for a response not seen."""

    stream: int
    initiator: End
    responder: End
    initiation: int
    response: int = 0


@dataclass(slots=True)
class WireguardSessions:
    """All sessions of a capture, numbered by their initiations; about 500 bytes each."""

    count: int = 0
    #: By the index a side chose, and the side.
    _chosen: dict[tuple[int, End, End], WireguardSession] = field(default_factory=dict)

    def begin(self, index: int, sender: End, receiver: End, number: int) -> WireguardSession:
        """Take in an initiation, packet `number`, whose sender wants to be called `index`."""
        session = WireguardSession(self.count, sender, receiver, number)
        self.count += 1
        self._chosen[index, sender, receiver] = session
        return session

    def find(self, index: int, sender: End, receiver: End) -> WireguardSession | None:
        """Return the session in which `receiver` wants `sender` to call it `index`."""
        return self._chosen.get((index, receiver, sender))

    def find_own(self, index: int, sender: End, receiver: End) -> WireguardSession | None:
        """Return the answered session in which `sender` itself is called `index`: data that came
        back."""
        found = self._chosen.get((index, sender, receiver))
        return found if found is not None and found.response else None

    def respond(
        self, session: WireguardSession, index: int, sender: End, receiver: End, number: int
    ) -> None:
        """Take in a response, packet `number`, whose sender wants to be called `index`."""
        session.response = session.response or number
        self._chosen[index, sender, receiver] = session
