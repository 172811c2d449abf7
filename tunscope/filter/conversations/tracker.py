"""The conversations of a capture that is read from its start, numbered as tshark numbers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from tunscope.filter.conversations.facts import Endpoints, Segment, TcpFacts, UdpFacts
from tunscope.filter.conversations.memory import ApplicationMemory
from tunscope.filter.conversations.tcp_connection import TcpConnection

_Key: TypeAlias = tuple[bytes, int, bytes, int]


@dataclass(slots=True)
class _Exchange:
    """The datagrams between two UDP endpoints, with the times of those that carry something."""

    stream: int
    first_ns: int | None = None
    previous_ns: int = 0


class ConversationTracker:
    """Knows of every conversation of a capture; fed each header once, in order.

    Memory grows with the number of conversations, by less than a kilobyte each.
    """

    def __init__(self) -> None:
        self._connections: Final[dict[_Key, TcpConnection]] = {}
        self._exchanges: Final[dict[_Key, _Exchange]] = {}
        self._tcp_streams = 0
        self.applications: Final[ApplicationMemory | None] = ApplicationMemory()

    def tcp(self, segment: Segment) -> TcpFacts:
        """Take in a segment and return what its conversation knows."""
        key, side = _key(segment.endpoints)
        connection = self._connections.get(key)
        reused = connection is not None and connection.is_reused_by(segment, side)
        if connection is None or reused:
            connection = TcpConnection(self._tcp_streams, segment.ts_ns, segment.ts_ns)
            self._tcp_streams += 1
            connection.completeness = int(reused)
            self._connections[key] = connection
        return connection.observe(segment, side, reused=reused)

    def udp(self, endpoints: Endpoints, number: int, ts_ns: int | None) -> UdpFacts:
        """Take in a datagram and return what its conversation knows."""
        del number
        key, _ = _key(endpoints)
        exchange = self._exchanges.get(key)
        if exchange is None:
            exchange = self._exchanges[key] = _Exchange(len(self._exchanges))
        if ts_ns is None:
            return UdpFacts(exchange.stream, 0, 0)
        if exchange.first_ns is None:
            exchange.first_ns = exchange.previous_ns = ts_ns
        facts = UdpFacts(exchange.stream, ts_ns - exchange.first_ns, ts_ns - exchange.previous_ns)
        exchange.previous_ns = ts_ns
        return facts


def _key(endpoints: Endpoints) -> tuple[_Key, int]:
    """Return the key of a conversation, and which of its sides sends."""
    source = (endpoints.source, endpoints.source_port)
    destination = (endpoints.destination, endpoints.destination_port)
    if source <= destination:
        return (*source, *destination), 0
    return (*destination, *source), 1
