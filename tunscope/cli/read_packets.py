"""Packets with their numbers and the times of those before them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from tunscope.packet.record import PacketRecord


@dataclass(slots=True)
class ReadPacket:
    """One packet on its way through `tunscope read`. Times are nanoseconds since 1970.

    `number` is its 1-based place in the capture, `first_ns` the time of the capture's first
    packet, `previous_ns` that of the packet before, `shown_ns` that of the one shown before; its
    own time where there is none.
    """

    number: int
    record: PacketRecord
    first_ns: int
    previous_ns: int
    shown_ns: int


def numbered(records: Iterable[PacketRecord], limit: int | None = None) -> Iterator[ReadPacket]:
    """Yield the first `limit` packets with numbers and times; `shown_ns` is their own."""
    first = previous = None
    for number, record in enumerate(islice(records, limit), 1):
        now = record.ts_ns
        if first is None or previous is None:
            first = previous = now
        yield ReadPacket(number, record, first, previous, now)
        if record.custom is None:
            previous = now


class Display:
    """The time of the packet displayed last. As in tshark, custom blocks have none."""

    def __init__(self) -> None:
        self._shown_ns: int | None = None

    def tell(self, packet: ReadPacket) -> None:
        """Tell a packet when the one displayed before it came."""
        if self._shown_ns is not None:
            packet.shown_ns = self._shown_ns

    def show(self, packet: ReadPacket) -> None:
        """Note that a packet is displayed."""
        if self._shown_ns is None or packet.record.custom is None:
            self._shown_ns = packet.record.ts_ns


class PacketSource(Protocol):
    """Packets on their way, each with whether it is shown.

    A packet that is not shown comes too if the text of a later one may refer to it.
    """

    def __iter__(self) -> Iterator[tuple[ReadPacket, bool]]:
        """Yield the packets, once."""

    def count(self) -> int:
        """Return how many are shown, instead of yielding them."""


class StreamedPackets:
    """The first `limit` of `records`, each with whether it passes; without a test all do."""

    def __init__(
        self,
        records: Iterable[PacketRecord],
        limit: int | None = None,
        passes: Callable[[ReadPacket], bool] | None = None,
    ) -> None:
        self._records: Final = records
        self._limit: Final = limit
        self._passes: Final = passes

    def __iter__(self) -> Iterator[tuple[ReadPacket, bool]]:
        passes, display = self._passes, Display()
        for packet in numbered(self._records, self._limit):
            display.tell(packet)
            shown = passes is None or passes(packet)
            if shown:
                display.show(packet)
            yield packet, shown

    def count(self) -> int:
        """Return how many pass."""
        return sum(shown for _, shown in self)
