"""Segments and datagrams as conversations see them, and what they learn of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag
from typing import Protocol

from tunscope.filter.conversations.memory import ApplicationMemory


class Analysis(IntFlag):
    """What Wireshark's TCP analysis finds; names as in tcp.analysis.*, in lower case."""

    RETRANSMISSION = 1 << 0
    FAST_RETRANSMISSION = 1 << 1
    SPURIOUS_RETRANSMISSION = 1 << 2
    OUT_OF_ORDER = 1 << 3
    REUSED_PORTS = 1 << 4
    LOST_SEGMENT = 1 << 5
    ACK_LOST_SEGMENT = 1 << 6
    WINDOW_UPDATE = 1 << 7
    WINDOW_FULL = 1 << 8
    KEEP_ALIVE = 1 << 9
    KEEP_ALIVE_ACK = 1 << 10
    DUPLICATE_ACK = 1 << 11
    ZERO_WINDOW_PROBE = 1 << 12
    ZERO_WINDOW = 1 << 13
    ZERO_WINDOW_PROBE_ACK = 1 << 14


#: Payload that is not new or not in its place: applications are not read from it. Wireshark reads
#: on where it suspects a fast or a spurious retransmission.
NOT_IN_ORDER = Analysis.RETRANSMISSION | Analysis.OUT_OF_ORDER


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses (4 or 16 bytes) and ports of the sender and of the receiver."""

    source: bytes
    source_port: int
    destination: bytes
    destination_port: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A TCP header's numbers, raw. `length` counts payload bytes; None where the headers do not
    say it for certain (quoted and fragmented packets), which are not analysed. `scale` is the
    window scale option's."""

    endpoints: Endpoints
    sequence: int
    acknowledgment: int
    flags: int
    window: int
    length: int | None
    scale: int | None
    number: int
    ts_ns: int


@dataclass(slots=True)
class TcpFacts:
    """What a conversation knows of one of its segments. Numbers are relative to the first ones
    seen, and raw where the segment's length is not known; frames are packet numbers, 0 for none;
    times are nanoseconds."""

    stream: int
    sequence: int
    acknowledgment: int
    window: int
    scale: int
    relative_ns: int
    delta_ns: int
    #: What of a whole connection was seen before: SYN 1, SYN-ACK 2, ACK 4, data 8, FIN 16, RST 32.
    completeness: int = 0
    #: The segment is a FIN from the side that closes first.
    closes_first: bool = False
    analysis: Analysis = field(default_factory=lambda: Analysis(0))
    #: More was acknowledged than seen: an analysis is shown, even if it says nothing.
    noticed: bool = False
    duplicate_number: int = 0
    duplicate_frame: int = 0
    acked_frame: int = 0
    acked_rtt_ns: int = 0
    initial_rtt_ns: int = 0
    bytes_in_flight: int = 0
    push_bytes: int = 0
    retransmission_ns: int = 0
    retransmitted_frame: int = 0


@dataclass(frozen=True, slots=True)
class UdpFacts:
    """What a conversation knows of one of its datagrams; see TcpFacts."""

    stream: int
    relative_ns: int
    delta_ns: int


class Conversations(Protocol):
    """The memory of a capture: asked for every TCP and UDP header, in order."""

    @property
    def applications(self) -> ApplicationMemory | None:
        """What applications remember; None where packets are not shown in order."""
        ...

    def tcp(self, segment: Segment) -> TcpFacts | None:
        """Take in a segment and return what its conversation knows, None if it is unknown."""
        ...

    def udp(self, endpoints: Endpoints, number: int, ts_ns: int | None) -> UdpFacts | None:
        """Take in a datagram and return what its conversation knows, None if it is unknown.

        `ts_ns` is None for one that no time is measured by: it is quoted, or carries nothing.
        """
        ...
