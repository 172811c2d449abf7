"""What conversations know of each packet, for the filter and for the fields that are printed.

A conversation must be shown every packet once and in order, however many ask about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from tunscope.cli.read_contexts import FrameContexts
from tunscope.cli.read_packets import ReadPacket
from tunscope.filter.conversations.facts import Conversations, TcpFacts, UdpFacts
from tunscope.filter.conversations.memory import ApplicationMemory
from tunscope.filter.conversations.recording import Recorded, Recorder
from tunscope.filter.conversations.tracker import ConversationTracker
from tunscope.filter.dissect import dissect

if TYPE_CHECKING:
    from collections.abc import Container

    from tunscope.filter.compiled import DisplayFilter
    from tunscope.filter.layers.dissection import Dissection
    from tunscope.index.capture import CaptureIndex


class PacketConversations(Protocol):
    """Tells what a capture's conversations know of one of its packets."""

    def of(self, packet: ReadPacket) -> Conversations:
        """Return what to dissect `packet` with."""


class PassingConversations:
    """Conversations of packets that come one after the other; asked about every one of them."""

    def __init__(self, contexts: FrameContexts) -> None:
        self._contexts: Final = contexts
        self._tracker: Final = ConversationTracker()
        self._number = 0
        self._said: list[TcpFacts | UdpFacts] = []
        self._memory: Final = ApplicationMemory()

    def of(self, packet: ReadPacket) -> Conversations:
        """Return what is known of `packet`, which is this one or the one asked about before.

        What applications remember is told once a packet: to the filter, which sees every one, or
        without a filter to the printer.
        """
        if packet.number != self._number:
            recorder = Recorder(self._tracker)
            dissect(packet.record, frozenset(), self._contexts.of(packet), recorder)
            self._number, self._said = packet.number, recorder.said
            return Recorded(self._said, self._memory)
        return Recorded(self._said)


class SharedDissection:
    """One dissection of each packet, for the filter and, where it passes, for the printer: what
    applications remember is told once."""

    def __init__(
        self,
        display_filter: DisplayFilter,
        protocols: Container[str],
        contexts: FrameContexts,
        conversations: PacketConversations,
    ) -> None:
        """`protocols` are those that the printer asks for."""
        self._filter: Final = display_filter
        self._wanted: Final = _Either(display_filter.wanted, protocols)
        self._contexts: Final = contexts
        self._conversations: Final = conversations
        self._last: tuple[int, Dissection] | None = None

    def of(self, packet: ReadPacket) -> Dissection:
        """Return the fields of `packet`, which is this one or the one asked about before."""
        if self._last is None or self._last[0] != packet.number:
            known = self._conversations.of(packet)
            context = self._contexts.of(packet)
            self._last = packet.number, dissect(packet.record, self._wanted, context, known)
        return self._last[1]

    def passes(self, packet: ReadPacket) -> bool:
        """Whether `packet` passes the filter; to be asked of every packet in order."""
        return self._filter.accepts(self.of(packet))


class _Either:
    """Protocols in one of two containers."""

    def __init__(self, first: Container[str], second: Container[str]) -> None:
        self._first: Final = first
        self._second: Final = second

    def __contains__(self, protocol: object) -> bool:
        return protocol in self._first or protocol in self._second


class ReplayedConversations:
    """Conversations of an indexed capture, asked about some of its packets in order."""

    def __init__(self, index: CaptureIndex, protocols: Container[str]) -> None:
        """`protocols` are those that the packets asked about are dissected for."""
        from tunscope.filter.columnar.following import ApplicationFollower
        from tunscope.filter.compiled import replay_of

        self._replay: Final = replay_of(index)
        self._follower: Final = ApplicationFollower(index, protocols, self._replay)

    def of(self, packet: ReadPacket) -> Conversations:
        """Return what was known when `packet` came; what applications remember is told once."""
        row = packet.number - 1
        return self._replay.of_packet(row, self._follower.memory_before(row))
