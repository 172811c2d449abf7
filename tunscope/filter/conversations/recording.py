"""What conversations said of one packet, kept for whoever dissects it another time.

A packet may be taken in once only, however many ask about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tunscope.filter.conversations.facts import Endpoints, Segment, TcpFacts, UdpFacts
from tunscope.filter.conversations.memory import ApplicationMemory
from tunscope.filter.conversations.tracker import ConversationTracker


class Recorder:
    """Conversations that keep what they said."""

    def __init__(self, tracker: ConversationTracker) -> None:
        self._tracker: Final = tracker
        self.applications: Final[ApplicationMemory | None] = None
        self.said: list[TcpFacts | UdpFacts] = []

    def tcp(self, segment: Segment) -> TcpFacts:
        """Take in a segment and return what its conversation knows."""
        facts = self._tracker.tcp(segment)
        self.said.append(facts)
        return facts

    def udp(self, endpoints: Endpoints, number: int, ts_ns: int | None) -> UdpFacts:
        """Take in a datagram and return what its conversation knows."""
        facts = self._tracker.udp(endpoints, number, ts_ns)
        self.said.append(facts)
        return facts


class Recorded:
    """Conversations that say again what was recorded of one packet."""

    def __init__(
        self, said: Sequence[TcpFacts | UdpFacts], applications: ApplicationMemory | None = None
    ) -> None:
        self.applications: Final = applications
        self._tcp: Final[Iterator[TcpFacts]] = (
            facts for facts in said if isinstance(facts, TcpFacts)
        )
        self._udp: Final[Iterator[UdpFacts]] = (
            facts for facts in said if isinstance(facts, UdpFacts)
        )

    def tcp(self, segment: Segment) -> TcpFacts | None:
        """Return what is known of the packet's next segment."""
        del segment
        return next(self._tcp, None)

    def udp(self, endpoints: Endpoints, number: int, ts_ns: int | None) -> UdpFacts | None:
        """Return what is known of the packet's next datagram."""
        del endpoints, number, ts_ns
        return next(self._udp, None)
