"""Several captures as one, in time order, each file open only while it is needed."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heapreplace
from typing import Final, Self

from tunscope.capfile.blocks import InterfaceDescription
from tunscope.capfile.reader import CaptureReader, open_capture
from tunscope.packet.record import PacketRecord


@dataclass(order=True, slots=True)
class _Head:
    """A capture's next packet; None, and no reader, while a file waits to be opened."""

    ts_ns: int
    place: int
    record: PacketRecord | None = field(compare=False)
    reader: CaptureReader | None = field(compare=False)


class MergedCapture:
    """Iterates once over the packets of the captures at `paths`, the earliest first.

    "-" is standard input. Packets of one capture keep their order, and at equal times that of
    `paths`. Memory and open files are bounded by the captures that overlap in time: a regular
    file is opened again when its first packet is due. `interfaces`, `names` and the rest are as
    in CaptureReader; interfaces that several captures describe alike are one, and warnings begin
    with the name of their file. Errors as in `open_capture`, and for unreadable files at once.
    """

    def __init__(self, paths: Sequence[str], *, lenient: bool = False) -> None:
        self._paths: Final = tuple(paths)
        self._lenient: Final = lenient
        self._readers: Final[dict[int, CaptureReader]] = {}
        self._numbers: Final[dict[int, list[int]]] = {}
        self._known: Final[dict[tuple[InterfaceDescription, int], int]] = {}
        self.interfaces: Final[list[InterfaceDescription]] = []
        self.names: Final[dict[str, str]] = {}
        self.comments: Final[list[str]] = []
        self.warnings: Final[list[str]] = []
        try:
            firsts = [self._first(place) for place in range(len(self._paths))]
        except BaseException:
            self._close_readers()
            raise
        self._heads = [head for head in firsts if head is not None]
        heapify(self._heads)
        self._records = self._merge()

    def __iter__(self) -> Iterator[PacketRecord]:
        """Go on behind the packets that were read already."""
        return self._records

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files that are open."""
        self._records.close()
        self._close_readers()

    def _first(self, place: int) -> _Head | None:
        """Return a capture's first packet, None if it has none; close it if it can wait."""
        reader = self._open(place)
        record = self._next(reader, place)
        if record is None:
            return None
        if _can_be_opened_again(self._paths[place]):
            self._readers.pop(place).close()
            return _Head(record.ts_ns, place, None, None)
        return _Head(record.ts_ns, place, record, reader)

    def _merge(self) -> Generator[PacketRecord, None, None]:
        heads = self._heads
        while heads:
            head = heads[0]
            reader = head.reader
            if reader is None:
                reader = head.reader = self._open(head.place)
            elif head.record is not None:
                yield self._renumbered(head.record, reader, head.place)
            head.record = self._next(reader, head.place)
            if head.record is None:
                heappop(heads)
            else:
                head.ts_ns = head.record.ts_ns
                heapreplace(heads, head)

    def _open(self, place: int) -> CaptureReader:
        reader = self._readers[place] = open_capture(self._paths[place], lenient=self._lenient)
        return reader

    def _next(self, reader: CaptureReader, place: int) -> PacketRecord | None:
        """Return a capture's next packet; at its end keep what it told besides, and close it."""
        record = next(iter(reader), None)
        if record is None:
            for address, name in reader.names.items():
                self.names.setdefault(address, name)
            self.comments.extend(reader.comments)
            self.warnings.extend(f"{reader.name}: {warning}" for warning in reader.warnings)
            self._readers.pop(place).close()
        return record

    def _renumbered(self, record: PacketRecord, reader: CaptureReader, place: int) -> PacketRecord:
        numbers = self._numbers.setdefault(place, [])
        if len(reader.interfaces) > len(numbers):
            self._add_interfaces(reader.interfaces, numbers)
        number = numbers[record.interface] if record.interface < len(numbers) else record.interface
        return record if number == record.interface else replace(record, interface=number)

    def _add_interfaces(
        self, descriptions: Sequence[InterfaceDescription], numbers: list[int]
    ) -> None:
        # Two that are alike in one capture stay two.
        alike: Counter[InterfaceDescription] = Counter()
        for position, description in enumerate(descriptions):
            key = description, alike[description]
            alike[description] += 1
            if position < len(numbers):
                continue
            if key not in self._known:
                self._known[key] = len(self.interfaces)
                self.interfaces.append(replace(description, number=len(self.interfaces), section=1))
            numbers.append(self._known[key])

    def _close_readers(self) -> None:
        while self._readers:
            self._readers.popitem()[1].close()


def _can_be_opened_again(path: str) -> bool:
    return path != "-" and stat.S_ISREG(os.stat(path).st_mode)
