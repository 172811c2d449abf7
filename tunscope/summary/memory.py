"""What readers may know of other packets: nothing but the hints, or everything seen so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunscope.summary.model import NO_HINTS, FlowHints

if TYPE_CHECKING:
    from tunscope.summary.tcp_analysis import Segment

#: Addresses and ports of a transport flow, as sent: source, destination, source and dest. port.
Endpoints = tuple[bytes, bytes, int, int]


class Conversation:
    """What the packets between two endpoints have in common; readers write into it.

    `application` is the name under which an application protocol is registered, `version` what
    its Protocol column says once a handshake told, `notes` whatever else a protocol must keep.
    """

    __slots__ = ("application", "notes", "version")

    def __init__(self, application: str = "", version: str = "") -> None:
        self.application = application
        self.version = version
        self.notes: dict[str, int | str] = {}


@dataclass(frozen=True, slots=True)
class UnitBefore:
    """An application unit still open: the packet it began in, and its bytes in this segment."""

    number: int
    length: int


class Memory:
    """Knows of one packet only, and of what `hints` tell about its conversation."""

    def __init__(self, hints: FlowHints = NO_HINTS) -> None:
        self.hints = hints

    def conversation(self, transport: int, endpoints: Endpoints) -> Conversation:
        """Return the conversation of two endpoints over IP protocol `transport`."""
        return Conversation(self.hints.application, self.hints.version)

    def expect(self, transport: int, address: bytes, port: int, application: str) -> None:
        """Take note that conversations with this endpoint will carry `application`."""

    def tcp_segment(self, endpoints: Endpoints, segment: Segment, ts_ns: int) -> FlowHints:
        """Return bases, window scale and analysis notes for a segment."""
        return self.hints

    def unit_before(self, endpoints: Endpoints, start: int, stop: int) -> UnitBefore | None:
        """Return the application unit that an earlier segment began and that reaches `start`.

        `start` and `stop` are the raw sequence numbers that bound this segment's payload.
        """
        return None

    def unit_continues(self, endpoints: Endpoints, start: int, stop: int) -> None:
        """Take note that a unit of the segment that begins at `start` goes on until `stop`."""

    def request_of(self, exchange: tuple[object, ...]) -> int | None:
        """Return the number of the unanswered request of `exchange`, and forget it."""
        return self.hints.request

    def requested(self, exchange: tuple[object, ...]) -> None:
        """Take note that this packet is the request of `exchange`."""

    def owns(self, address: bytes, mac: bytes) -> bool:
        """Return whether no other hardware address was seen to claim an IPv4 `address` first."""
        return True
