"""The summary under construction, as one protocol after another writes into it.

The rules are those of Wireshark's packet list: an inner protocol overwrites what an outer one
wrote, except what stands before a fence, and except inside a packet that is only quoted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.memory import Conversation
from tunscope.summary.window import Malformed

if TYPE_CHECKING:
    from tunscope.packet.record import PacketRecord
    from tunscope.summary.memory import Memory

#: Tunnels nested deeper than this are not followed (a packet can quote itself for ever).
MAX_DEPTH: Final = 50
#: Stands for a time to live that is not shown.
UNKNOWN_TTL: Final = -1


class Draft:
    """The texts so far, and the state that inner protocols need from outer ones.

    `sport` and `dport` are those of the innermost transport so far, `network` the innermost
    network addresses as bytes, `conversation` what the packets between them have in common;
    `memory` knows what other packets said. `fragmented` holds while the bytes below belong to
    the first fragment of a larger packet, `quoted` for a packet inside an ICMP error, often
    cut, never shown. `beyond` counts the bytes of an application unit that later segments hold.
    """

    __slots__ = (
        "beyond",
        "conversation",
        "depth",
        "destination",
        "dport",
        "ethertype",
        "fence",
        "fragmented",
        "info",
        "mac_destination",
        "mac_source",
        "memory",
        "network",
        "protocol",
        "quoted",
        "record",
        "source",
        "sport",
        "ttl",
    )

    def __init__(self, record: PacketRecord, memory: Memory) -> None:
        self.record = record
        self.memory = memory
        self.source = ""
        self.destination = ""
        self.protocol = ""
        self.info = ""
        self.mac_source = ""
        self.mac_destination = ""
        self.ethertype = ""
        self.fence = 0
        self.fragmented = False
        self.network = (b"", b"")
        self.depth = 0
        self.sport = 0
        self.beyond = 0
        self.conversation = Conversation()
        self.dport = 0
        self.ttl = 0
        self.quoted = False

    def descend(self) -> None:
        """Go one protocol deeper; raise in a packet that only means to nest without end."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Malformed

    def addresses(self, source: str, destination: str) -> None:
        """Set both address columns; the innermost protocol that has addresses wins."""
        self.source = source
        self.destination = destination

    def name(self, protocol: str) -> None:
        """Set the Protocol column."""
        self.protocol = protocol

    def write(self, info: str) -> None:
        """Replace the Info text behind the fence."""
        self.info = self.info[: self.fence] + info

    def append(self, info: str) -> None:
        """Add to the Info text."""
        self.info += info

    def append_item(self, info: str) -> None:
        """Add to the Info text, behind a comma if there is any text yet."""
        self.info = f"{self.info}, {info}" if self.info else info

    def prepend_fenced(self, prefix: str) -> None:
        """Put `prefix` before the Info text, and keep it from being replaced."""
        self.info = prefix + self.info
        self.fence += len(prefix)

    def raise_fence(self) -> None:
        """Keep what the Info text has so far from being replaced."""
        self.fence = len(self.info)
