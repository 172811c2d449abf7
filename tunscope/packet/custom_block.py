"""What a pcapng Custom Block says of itself, and who may be behind its enterprise number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: A few of IANA's private enterprise numbers, under the names that Wireshark gives them.
_ENTERPRISES: Final = {
    0: "Reserved",
    9: "ciscoSystems",
    311: "Microsoft",
    8072: "net-snmp",
    32473: "Example Enterprise Number for Documentation Use",
    36724: "Kaplan Research and Application Prototyping",
}


@dataclass(frozen=True, slots=True)
class CustomBlock:
    """The fixed part of a Custom Block (draft-ietf-opsawg-pcapng, section 4.7).

    `pen` is the private enterprise number of whoever defined the block. `copied` says that tools
    that change a capture may copy the block into what they write (block type 0x00000BAD).
    """

    pen: int
    copied: bool

    @property
    def enterprise(self) -> str:
        """The enterprise's name, "Unknown" for most."""
        return _ENTERPRISES.get(self.pen, "Unknown")
