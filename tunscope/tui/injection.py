"""What a person wants injected: how often, toward whom, counting what up. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tunscope.errors import UsageError
from tunscope.packet.header_fields import Kind, header_field, place_of
from tunscope.packet.layers import layers_of
from tunscope.packet.printable import printable

SIDES: Final = ("kernel", "wire")
_MOST_PACKETS: Final = 1_000_000
_LONGEST_INTERVAL: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class InjectOrder:
    """`count` packets, `interval` seconds apart, each with the fields one higher than before.

    `comments` and `packet_id` are what the capture says about them.
    """

    data: bytes
    linktype: int
    side: str
    count: int = 1
    interval: float = 1.0
    increments: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    packet_id: int | None = None


@dataclass(frozen=True, slots=True)
class InjectWish:
    """The same as it is typed."""

    side: str
    count: str = "1"
    interval: str = "1"
    increments: str = ""

    def order(
        self,
        data: bytes,
        linktype: int,
        notes: tuple[str, ...] = (),
        packet_id: int | None = None,
    ) -> InjectOrder:
        """Return what it means for a packet; UsageError says what is wrong."""
        if self.side not in SIDES:
            raise UsageError("side", f"{printable(self.side)!r} is neither kernel nor wire")
        count = self.count.strip()
        if not (count.isascii() and count.isdigit()) or not 1 <= int(count[:9]) <= _MOST_PACKETS:
            raise UsageError("count", f"is not 1 to {_MOST_PACKETS:,}")
        try:
            interval = float(self.interval)
        except ValueError:
            interval = -1.0
        if not 0 <= interval <= _LONGEST_INTERVAL:
            raise UsageError("interval", "is not 0 to 86,400 seconds")
        names = tuple(self.increments.replace(",", " ").split())
        for name in names:
            field = header_field(name)
            if field.kind is Kind.PAYLOAD:
                raise UsageError(name, "cannot be counted up")
            place_of(field, layers_of(data, linktype))
        comments = (f"tunscope: injected ({self.side} side)", *notes)
        return InjectOrder(
            data, linktype, self.side, int(count), interval, names, comments, packet_id
        )
