"""The summary under construction, as one protocol after another writes into it.

The rules are those of Wireshark's packet list: an inner protocol overwrites what an outer one
wrote, except what stands before a fence, and except inside a packet that is only quoted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tunscope.packet.record import PacketRecord
    from tunscope.summary.model import FlowHints

#: Tunnels nested deeper than this are not followed (a packet can quote itself for ever).
MAX_DEPTH: Final = 24


class Draft:
    """The texts so far, and the state that inner protocols need from outer ones.

    `sport` and `dport` are those of the innermost transport so far; `fragmented` holds while
    the bytes below belong to the first fragment of a larger packet. While `quoting` is above
    zero nothing is written.
    """

    __slots__ = (
        "depth",
        "destination",
        "dport",
        "ethertype",
        "fence",
        "flow",
        "fragmented",
        "info",
        "mac_destination",
        "mac_source",
        "protocol",
        "quoting",
        "record",
        "source",
        "sport",
        "ttl",
    )

    def __init__(self, record: PacketRecord, flow: FlowHints) -> None:
        self.record = record
        self.flow = flow
        self.source = ""
        self.destination = ""
        self.protocol = ""
        self.info = ""
        self.mac_source = ""
        self.mac_destination = ""
        self.ethertype = ""
        self.fence = 0
        self.fragmented = False
        self.quoting = 0
        self.depth = 0
        self.sport = 0
        self.dport = 0
        self.ttl = 0

    def addresses(self, source: str, destination: str) -> None:
        """Set both address columns; the innermost protocol that has addresses wins."""
        if not self.quoting:
            self.source = source
            self.destination = destination

    def name(self, protocol: str) -> None:
        """Set the Protocol column."""
        if not self.quoting:
            self.protocol = protocol

    def write(self, info: str) -> None:
        """Replace the Info text behind the fence."""
        if not self.quoting:
            self.info = self.info[: self.fence] + info

    def append(self, info: str) -> None:
        """Add to the Info text."""
        if not self.quoting:
            self.info += info

    def raise_fence(self) -> None:
        """Keep what the Info text has so far from being replaced."""
        if not self.quoting:
            self.fence = len(self.info)
