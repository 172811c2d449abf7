"""The growing index over one capture: a thread that fills columns, and the way back to packets."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.columns.buffer import CHUNK
from tunscope.columns.layout import OFFSET_BITS
from tunscope.index.annotations import Annotations
from tunscope.index.giving_way import GivingWay
from tunscope.index.indexing import Indexer, Indexing, Step
from tunscope.index.reading import PacketReader
from tunscope.index.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tunscope.capfile.blocks import InterfaceDescription
    from tunscope.columns.addresses import AddressBook
    from tunscope.columns.batch import ColumnBatch
    from tunscope.columns.flows import FlowTable
    from tunscope.index.forked import ForkedIndexer
    from tunscope.index.source import Source
    from tunscope.index.store import ColumnStore
    from tunscope.packet.record import PacketRecord

#: Seconds between looks at a source that had nothing new, and after something was taken in: a
#: packet after a calm comes soon, those of a stream together.
_POLL: Final = 0.08
_TURN: Final = 0.16
#: The kernel's largest niceness, see setpriority(2).
_NICEST: Final = 19
#: Conversations nobody has asked for wait after the last packet: whoever only counts or filters
#: is served first (seconds).
_BREATH: Final = 0.3


class CaptureIndex:
    """Indexes `source` in a thread of its own; everything here may be asked at any time.

    Packets are numbered from 1 in file order and keep their numbers. `count` is the number of
    the newest one indexed; those before `first_number` are gone with their spool segments.
    """

    def __init__(
        self, source: Source, *, chunk: int = CHUNK, forked: ForkedIndexer | None = None
    ) -> None:
        """Make the index of `source`; `forked` fills its tables if there is such an indexer."""
        self.source: Final = source
        self.tables: Final = Tables() if forked is None else forked.tables
        self.annotations: Final = Annotations()
        self._indexer: Final[Indexing] = forked or Indexer(source, self.tables, chunk)
        self.reader: Final = PacketReader(source, self.tables)
        self._stopping: Final = threading.Event()
        self._done: Final = threading.Event()
        self._hurrying: Final = threading.Event()
        self._giving_way: Final = GivingWay()
        self._courtesy = 0.0
        self._nice = 0
        self._origin: int | None = None
        self._thread = threading.Thread(target=self._run, name="tunscope-index", daemon=True)

    def start(self, courtesy: float = 0.0, *, nice: int = 0) -> None:
        """Begin indexing, on threads that are by `nice` nicer to others than this one.

        After the first packets wait up to `courtesy` seconds for `hurry`: whoever loads and
        paints a screen meanwhile has the interpreter for itself.
        """
        self._courtesy = courtesy
        self._nice = nice
        self._thread.start()

    def hurry(self) -> None:
        """Go on after the first packets."""
        self._hurrying.set()

    def give_way(self) -> None:
        """Put indexing off for a moment: a person waits for the screen."""
        self._giving_way.ask(time.monotonic())

    def stop(self) -> None:
        """End indexing and close the source; what was indexed stays, its bytes do not."""
        self._stopping.set()
        self._hurrying.set()
        self._indexer.abandon()
        if self._thread.is_alive():
            self._thread.join()
        self.source.close()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until everything is indexed; False if it is not after `timeout` seconds."""
        return self._done.wait(timeout)

    @property
    def count(self) -> int:
        """How many packets have been indexed: the newest number."""
        return self.tables.packets.count

    @property
    def first_number(self) -> int:
        """The oldest number whose packet is still there."""
        return self.tables.packets.first + 1

    @property
    def origin_ns(self) -> int:
        """When the capture's first packet was seen, also after it has gone; 0 before there is one.

        Nanoseconds since 1970.
        """
        packets = self.tables.packets
        first = int(packets["ts_ns"][0]) if packets.count else 0
        # Looked at last: it is noted before the packet goes.
        return first if self._origin is None else self._origin

    @property
    def complete(self) -> bool:
        """Whether nothing more will come."""
        return self._done.is_set()

    @property
    def progress(self) -> float:
        """How much of what is there has been indexed, 0 to 1."""
        if self.complete:
            return 1.0
        size = self.source.size
        return min(1.0, self._indexer.read / size) if size else 0.0

    @property
    def passed_over(self) -> bool:
        """Whether packets may have gone with their spool segment before they got a number."""
        return self._indexer.passed_over

    @property
    def error(self) -> str | None:
        """Why indexing ended early, as one line for the user."""
        return None if self._indexer.error is None else str(self._indexer.error)

    @property
    def warnings(self) -> Sequence[str]:
        """What was found wrong and could be lived with, one line each."""
        return tuple(self.tables.contents.warnings)

    @property
    def generation(self) -> int:
        """Grows with every change of what `count` and `first_number` say."""
        return self.count + self.first_number

    @property
    def store(self) -> ColumnStore:
        """The packet table."""
        return self.tables.packets

    @property
    def inner(self) -> Sequence[ColumnStore]:
        """The inner tables, outermost level first."""
        return self.tables.inner

    @property
    def interfaces(self) -> Sequence[InterfaceDescription]:
        """The interfaces described so far, across sections."""
        return self.tables.interfaces.descriptions

    @property
    def addresses(self) -> AddressBook:
        """The IPv6 addresses and MACs."""
        return self.tables.addresses

    @property
    def flows(self) -> FlowTable:
        """The conversations."""
        return self.tables.flows

    def record(self, number: int) -> PacketRecord:
        """Return packet `number`, annotated; KeyError if there is none, or its bytes are gone."""
        if not self.first_number <= number <= self.count:
            raise KeyError(number)
        return self.annotations.applied(number, self.reader.record(number - 1))

    def batch(self, start: int, stop: int) -> ColumnBatch:
        """Return the columns of rows `start` to `stop`, as far as they are there."""
        return self.tables.batch(max(start, self.tables.packets.first), stop, self.reader)

    def _run(self) -> None:
        if self._nice:
            thread = threading.get_native_id()  # Linux keeps niceness by thread
            niceness = os.getpriority(os.PRIO_PROCESS, thread) + self._nice
            os.setpriority(os.PRIO_PROCESS, thread, min(niceness, _NICEST))
        taken = False
        try:
            while not self._stopping.is_set():
                step = self._step()
                self._discard()
                if step is Step.DONE:
                    break
                if step is Step.IDLE:
                    self._number_conversations()
                    self._stopping.wait(_TURN if taken else _POLL)
                    taken = False
                else:
                    taken = True
                    if self.count and not self._hurrying.is_set():
                        self._hurrying.wait(self._courtesy)
                        self._hurrying.set()
        finally:
            self._done.set()
            self._indexer.close()
        if not self._stopping.wait(_BREATH):
            self._number_conversations()

    def _step(self) -> Step:
        now = time.monotonic()
        if pause := self._giving_way.pause(now):
            self._stopping.wait(pause)
        return self._indexer.step(self._giving_way.piece(now))

    def _number_conversations(self) -> None:
        conversations = self.tables.conversations
        while not self._stopping.is_set() and conversations.advance():
            pass

    def _discard(self) -> None:
        """Forget packets whose spool segment is gone."""
        packets = self.tables.packets
        places = packets["offset"][packets.first :]
        oldest = self.source.first << OFFSET_BITS
        if len(places) and int(places[0]) < oldest:
            self._origin = self.origin_ns
            self.tables.discard(int(np.searchsorted(places, np.uint64(oldest))) + packets.first)
