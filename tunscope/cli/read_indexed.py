"""Packets of a regular file chosen over its index: only those that are needed are read."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tunscope.capfile.errors import CaptureFileError
from tunscope.cli.read_packets import Display, ReadPacket
from tunscope.columns.layout import Layer, RecordFlag
from tunscope.errors import UsageError
from tunscope.index.capture import CaptureIndex
from tunscope.index.source import FileSource

if TYPE_CHECKING:
    from collections.abc import Container

    # A filter over columns needs no dissector, and is to begin at once.
    from tunscope.cli.read_conversations import ReplayedConversations
    from tunscope.index.filtering import Predicate

#: Rows of the first piece, small so that the first line comes at once, and of the largest: what
#: is done with a few columns of it stays in the processor's cache.
_FIRST_PIECE: Final = 1 << 12
_LARGEST_PIECE: Final = 1 << 16
#: What helps against damage: reading in order, without the index.
LENIENT_HINT: Final = "--lenient goes on behind the damage"
#: Custom blocks in a row, which have no time, that are passed over for the one before.
_MOST_CUSTOM: Final = 1000
#: Seconds between looks at an index that has nothing new.
_POLL: Final = 0.003

Passing = npt.NDArray[np.bool_]


class PassingRows:
    """Which of the first `limit` packets of `index` pass `predicate`, piece by piece.

    Follows the index while it grows. Where the file is damaged, the packets before come first.
    """

    def __init__(
        self, index: CaptureIndex, predicate: Predicate | None, limit: int | None = None
    ) -> None:
        self._index: Final = index
        self._predicate: Final = predicate
        self._limit: Final = limit

    def __iter__(self) -> Iterator[tuple[int, Passing]]:
        """Yield the first row of each piece and which of its rows pass.

        UsageError where the file is damaged, once all packets before that were looked at.
        """
        index, done, size = self._index, 0, _FIRST_PIECE
        while self._limit is None or done < self._limit:
            complete = index.complete  # asked before the count: no packet comes after it
            wanted = done + size
            if self._limit is not None:
                wanted = min(wanted, self._limit)
            stop = min(index.count, wanted)
            # Whole pieces only: small ones would take more from the index than waiting does.
            if stop == wanted or (complete and stop > done):
                if self._predicate is None:
                    yield done, np.ones(stop - done, np.bool_)
                else:
                    yield done, self._predicate(index, done, stop)
                done = stop
                size = min(2 * size, _LARGEST_PIECE)
            elif complete:
                if index.error is not None:
                    name = index.source.name
                    raise UsageError(name, index.error.removeprefix(f"{name}: "), LENIENT_HINT)
                return
            else:
                time.sleep(_POLL)

    def count(self) -> int:
        """Return how many pass."""
        return sum(int(np.count_nonzero(passing)) for _, passing in self)


class IndexedPackets:
    """The packets that pass, as Reading takes them.

    With `conversations` the packets that the text of a passing one may refer to come too, not
    shown: all of its conversation, be it late, and all that are in no conversation.
    """

    def __init__(
        self, index: CaptureIndex, rows: PassingRows, *, conversations: bool = False
    ) -> None:
        self._index: Final = index
        self._rows: Final = rows
        self._conversations: Final = conversations
        self._watched = np.zeros(1 << 10, np.bool_)

    def count(self) -> int:
        """Return how many pass; none of them is read."""
        return self._rows.count()

    def __iter__(self) -> Iterator[tuple[ReadPacket, bool]]:
        display = Display()
        for start, passing in self._rows:
            needed = passing
            if self._conversations:
                earlier, needed = self._follow(start, passing)
                for row in earlier.tolist():
                    yield self._packet(row), False
            for place in np.flatnonzero(needed).tolist():
                packet, shown = self._packet(start + place), bool(passing[place])
                display.tell(packet)
                if shown:
                    display.show(packet)
                yield packet, shown

    def _follow(self, start: int, passing: Passing) -> tuple[npt.NDArray[np.intp], Passing]:
        """Watch the conversations of what passes; return rows before `start`, and needed ones."""
        store = self._index.store
        stop = start + len(passing)
        flows = store["flow"][start:stop]
        highest = int(flows.max(initial=0))
        if highest >= len(self._watched):
            grown = np.zeros(max(2 * len(self._watched), highest + 1), np.bool_)
            grown[: len(self._watched)] = self._watched
            self._watched = grown
        fresh = np.zeros_like(self._watched)
        fresh[flows[passing]] = True
        fresh[0] = False
        fresh &= ~self._watched
        earlier = np.zeros(0, np.intp)
        if start and fresh.any():
            inner = store["layers"][:start] & Layer.INNER != 0
            # Those with inner headers have come already.
            earlier = np.flatnonzero(fresh[store["flow"][:start]] & ~inner)
        self._watched |= fresh
        inner = store["layers"][start:stop] & Layer.INNER != 0
        return earlier, passing | self._watched[flows] | (flows == 0) | inner

    def _packet(self, row: int) -> ReadPacket:
        store = self._index.store
        times, flags = store["ts_ns"], store["flags"]
        try:
            record = self._index.record(row + 1)
        except KeyError:
            name = self._index.source.name
            raise UsageError(name, f"packet {row + 1} is gone: the file was changed") from None
        before = max(row - 1, 0)
        floor = max(before - _MOST_CUSTOM, 0)
        while before > floor and _is_custom(int(flags[before])):
            before -= 1
        return ReadPacket(row + 1, record, int(times[0]), int(times[before]), record.ts_ns)


def _is_custom(flags: int) -> bool:
    return flags & RecordFlag.CUSTOM_BLOCK == RecordFlag.CUSTOM_BLOCK


class IndexedInput:
    """What an index tells besides packets, as a PacketInput."""

    def __init__(self, index: CaptureIndex) -> None:
        self._index: Final = index
        contents = index.tables.contents
        self.interfaces: Final = contents.interfaces
        self.names: Final = contents.names
        self.comments: Final = contents.comments

    def conversations(self, protocols: Container[str]) -> ReplayedConversations:
        """Return what the capture's conversations know of its packets, and what applications
        among `protocols` remember."""
        from tunscope.cli.read_conversations import ReplayedConversations

        return ReplayedConversations(self._index, protocols)

    @property
    def warnings(self) -> Sequence[str]:
        """The index's warnings, with the name of the file in front."""
        return [f"{self._index.source.name}: {warning}" for warning in self._index.warnings]

    def close(self) -> None:
        """End indexing and close the file."""
        self._index.stop()


def begin_index(path: str) -> CaptureIndex:
    """Begin to index a regular file.

    CaptureFileError: cannot be opened.
    """
    try:
        index = CaptureIndex(FileSource(path))
    except OSError as error:
        raise CaptureFileError(path, f"cannot read: {error.strerror}") from error
    index.start()
    return index
