"""Conversations followed packet by packet, for readers that go through a capture in order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from tunscope.summary.draft import Draft
from tunscope.summary.memory import Conversation, Endpoints, Memory, UnitBefore
from tunscope.summary.model import NO_HINTS, FlowHints, Summary
from tunscope.summary.packet_summary import finished, read_record
from tunscope.summary.tcp_analysis import Segment, TcpConnection

if TYPE_CHECKING:
    from tunscope.packet.record import PacketRecord

#: Conversations and open requests beyond this many are forgotten, oldest first.
MAX_REMEMBERED: Final = 200_000
_MODULUS: Final = 1 << 32
_HALF: Final = 1 << 31

_K = TypeVar("_K")
_V = TypeVar("_V")
_Key = tuple[int, bytes, int, bytes, int]


class _OpenUnit(NamedTuple):
    """Sequence numbers of the segment that an application unit began in and of its end."""

    start: int
    stop: int
    number: int


class ConversationTracker(Memory):
    """Fed every packet of a capture in order, says what Wireshark's first pass would.

    Packets are numbered from 1 as they come. Memory is bounded: when a capture has more
    conversations than `MAX_REMEMBERED`, the oldest start anew.
    """

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self._conversations: dict[_Key, Conversation] = {}
        self._connections: dict[_Key, TcpConnection] = {}
        self._requests: dict[tuple[object, ...], int] = {}
        self._units: dict[Endpoints, _OpenUnit] = {}
        self._expected: dict[tuple[int, bytes, int], str] = {}
        self._owners: dict[bytes, bytes] = {}
        self._current: Conversation | None = None

    def observe(self, record: PacketRecord) -> FlowHints:
        """Take in the next packet; return what a summary of it alone needs to know."""
        self._read(record)
        hints = self.hints
        if self._current is not None:
            hints = replace(
                hints, application=self._current.application, version=self._current.version
            )
        return hints

    def summarize(self, record: PacketRecord) -> Summary:
        """Take in the next packet and return its summary, in one pass over its bytes."""
        return finished(self._read(record))

    def _read(self, record: PacketRecord) -> Draft:
        self.number += 1
        self.hints = NO_HINTS
        self._current = None
        draft = Draft(record, self)
        read_record(draft)
        return draft

    def conversation(self, transport: int, endpoints: Endpoints) -> Conversation:
        """Return the conversation of two endpoints, the same object for all its packets."""
        key, _ = _key(transport, endpoints)
        conversation = self._conversations.get(key)
        if conversation is None:
            _make_room(self._conversations)
            source, destination, sport, dport = endpoints
            name = self._expected.get((transport, source, sport)) or self._expected.get(
                (transport, destination, dport), ""
            )
            conversation = self._conversations[key] = Conversation(name)
        self._current = conversation
        return conversation

    def expect(self, transport: int, address: bytes, port: int, application: str) -> None:
        """Take note that conversations with this endpoint will carry `application`."""
        _make_room(self._expected)
        self._expected[transport, address, port] = application

    def tcp_segment(self, endpoints: Endpoints, segment: Segment, ts_ns: int) -> FlowHints:
        """Return bases, window scale and analysis notes for a segment, having learned from it."""
        key, side = _key(6, endpoints)
        connection = self._connections.get(key)
        reused = connection is not None and connection.is_reused_by(segment, side)
        if connection is None or reused:
            _make_room(self._connections)
            connection = self._connections[key] = TcpConnection()
            if reused:
                self._conversations.pop(key, None)
        shift = connection.sides[side].scale
        notes = connection.observe(segment, side, self.number, ts_ns, reused=reused)
        self.hints = FlowHints(
            connection.sides[side].base,
            connection.sides[1 - side].base,
            shift if shift >= 0 else None,
            notes,
            request=self.hints.request,
        )
        return self.hints

    def unit_before(self, endpoints: Endpoints, start: int, stop: int) -> UnitBefore | None:
        """Return the application unit that an earlier segment began and that reaches `start`."""
        unit = self._units.get(endpoints)
        if unit is None or not 0 < (start - unit.start) % _MODULUS < _HALF:
            return None
        left = (unit.stop - start) % _MODULUS
        if not 0 < left < _HALF:
            return None
        return UnitBefore(unit.number, min(left, (stop - start) % _MODULUS))

    def unit_continues(self, endpoints: Endpoints, start: int, stop: int) -> None:
        """Take note that a unit of the segment that begins at `start` goes on until `stop`."""
        _make_room(self._units)
        self._units[endpoints] = _OpenUnit(start, stop % _MODULUS, self.number)

    def request_of(self, exchange: tuple[object, ...]) -> int | None:
        """Return the number of the latest unanswered request of `exchange`, and forget it."""
        number = self._requests.pop(exchange, None)
        if number is not None:
            self.hints = replace(self.hints, request=number)
        return number

    def requested(self, exchange: tuple[object, ...]) -> None:
        """Take note that this packet is a request of `exchange`."""
        _make_room(self._requests)
        self._requests[exchange] = self.number

    def owns(self, address: bytes, mac: bytes) -> bool:
        """Return whether `mac` is the first hardware address that was seen with `address`."""
        _make_room(self._owners)
        return self._owners.setdefault(address, mac) == mac


def _key(transport: int, endpoints: Endpoints) -> tuple[_Key, int]:
    """Return the key of a conversation, and which of its sides sends."""
    source, destination, sport, dport = endpoints
    if (source, sport) <= (destination, dport):
        return (transport, source, sport, destination, dport), 0
    return (transport, destination, dport, source, sport), 1


def _make_room(table: dict[_K, _V]) -> None:
    if len(table) >= MAX_REMEMBERED:
        del table[next(iter(table))]
