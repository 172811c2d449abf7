"""A capture through the vectorised walk and through the reader that goes packet by packet."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

from tunscope.capfile.blocks import InterfaceDescription, InterfaceStatistics
from tunscope.capfile.errors import CaptureFileError
from tunscope.capfile.reader import open_capture
from tunscope.index.indexing import Indexer, Step
from tunscope.index.reading import PacketReader
from tunscope.index.tables import Tables
from tunscope.packet.record import PacketRecord

#: More steps than any test's capture takes; one that takes more is stuck.
_MAX_STEPS: Final = 100_000


class MemorySource:
    """A capture in memory. `limit` is how much of it is there."""

    name = "capture"
    first = 0
    last = 0
    failure = None
    cut = False

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.limit = len(data)
        self.finished = True

    @property
    def size(self) -> int:
        return self.limit

    def refresh(self) -> None:
        pass

    def length(self, number: int) -> int:
        return self.limit

    def read(self, number: int, offset: int, target: memoryview) -> int:
        piece = self.data[offset : min(offset + len(target), self.limit)]
        target[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        pass


@dataclass
class Outcome:
    """All that a capture says, and how it ends."""

    packets: list[PacketRecord]
    interfaces: list[InterfaceDescription]
    statistics: list[InterfaceStatistics]
    names: dict[str, str]
    comments: list[str]
    #: Where the capture is damaged; 0 also if it is no capture at all.
    damaged_at: int | None
    warned: bool


def read_outcome(data: bytes) -> Outcome:
    """What the reader says."""
    packets: list[PacketRecord] = []
    try:
        reader = open_capture(io.BytesIO(data))
    except CaptureFileError as error:
        return Outcome([], [], [], {}, [], error.offset or 0, False)
    damaged = None
    try:
        packets.extend(reader)
    except CaptureFileError as error:
        damaged = error.offset or 0
    return Outcome(
        packets,
        list(reader.interfaces),
        list(reader.statistics),
        dict(reader.names),
        list(reader.comments),
        damaged,
        bool(reader.warnings),
    )


def walked_outcome(data: bytes, chunk: int = 1 << 16, step: int | None = None) -> Outcome:
    """What the index says, reading `chunk` bytes at a time of a capture that grows by `step`."""
    source, tables = MemorySource(data), Tables()
    indexer = Indexer(source, tables, chunk)
    if step is not None:
        source.limit, source.finished = 0, False
    for _ in range(_MAX_STEPS):
        state = indexer.step()
        if state is Step.DONE:
            break
        if state is Step.IDLE:
            assert step is not None
            source.limit = min(source.limit + step, len(data))
            source.finished = source.limit == len(data)
    else:
        raise AssertionError("the indexer does not come to an end")
    reader = PacketReader(source, tables)
    contents, error = tables.contents, indexer.error
    return Outcome(
        [reader.record(row) for row in range(tables.packets.count)],
        list(contents.interfaces),
        list(contents.statistics),
        dict(contents.names),
        list(contents.comments),
        None if error is None else error.offset or 0,
        bool(contents.warnings),
    )
