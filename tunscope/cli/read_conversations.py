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
    from tunscope.filter.columnar.replay import Replay


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


class ReplayedConversations:
    """Conversations of an indexed capture, asked about any of its packets."""

    def __init__(self, replay: Replay) -> None:
        self._replay: Final = replay
        self._memory: Final = ApplicationMemory()
        self._shown = 0

    def of(self, packet: ReadPacket) -> Conversations:
        """Return what was known when `packet` came, also by applications as long as all packets
        are asked about in order."""
        if packet.number != self._shown + 1:
            return self._replay.of_packet(packet.number - 1)
        self._shown = packet.number
        return self._replay.of_packet(packet.number - 1, self._memory)
