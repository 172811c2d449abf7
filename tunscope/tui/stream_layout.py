"""A stream cut into lines for the screen: as text, as a hex dump, as bare hex digits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from tunscope.columns.growing import GrowingArray

if TYPE_CHECKING:
    from tunscope.index.following.octets import StreamBytes

#: Bytes that are laid out at most; saving knows no such limit.
MOST_BYTES: Final = 64 << 20
#: Bytes laid out in one go, so that another wish is heard soon.
_AT_ONCE: Final = 2 << 20
_LINE_FEED: Final = 10
#: Continuation bytes of UTF-8 at most.
_CONTINUATIONS: Final = 3


class Form(Enum):
    """How bytes are shown."""

    TEXT = "text"
    HEX = "hex"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class StreamLines:
    """Lines as columns of equal length: first byte, number of bytes, first piece.

    A line of no bytes whose piece is a gap shows the gap.
    """

    start: npt.NDArray[np.int64]
    length: npt.NDArray[np.int32]
    piece: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start)

    def at(self, offset: int) -> int:
        """Return the line that holds byte `offset`, or the last one."""
        row = int(np.searchsorted(self.start + self.length, offset, "right"))
        return min(row, max(0, len(self) - 1))


class StreamLayout:
    """Lines of at most `width` bytes of a stream that grows at its end.

    No line holds bytes of both sides. Text is also cut behind line feeds, and not within a UTF-8
    character.
    """

    def __init__(self, form: Form, width: int) -> None:
        self._form: Final = form
        self._width: Final = max(8, width)
        self._start: Final = GrowingArray("i8")
        self._length: Final = GrowingArray("i4")
        self._piece: Final = GrowingArray("i8")
        #: The last line, which more bytes of its side may follow.
        self._open: tuple[int, int, int] | None = None
        self._next_piece = 0

    def extend(self, octets: StreamBytes) -> bool:
        """Lay out more of the stream; return whether there is more than was done in one go."""
        table, done = octets.table, 0
        ways, missing = table.way, table.missing
        while self._next_piece < len(table) and done < _AT_ONCE:
            first = self._next_piece
            begin = octets.start_of(first)
            if begin >= MOST_BYTES:
                return False
            if missing[first]:
                self._close()
                self._add_lines([begin], [0], [first])
                self._next_piece += 1
                continue
            last = first + 1
            while (
                last < len(table)
                and ways[last] == ways[first]
                and not missing[last]
                and octets.start_of(last) - begin < _AT_ONCE
            ):
                last += 1
            self._add_run(octets, first, last)
            done += int(octets.ends[last - 1]) - begin
            self._next_piece = last
        return self._next_piece < len(table)

    def lines(self) -> StreamLines:
        """Return all lines so far."""
        starts, lengths, pieces = self._start.values, self._length.values, self._piece.values
        if self._open is None:
            return StreamLines(starts, lengths, pieces)
        start, length, piece = self._open
        return StreamLines(
            np.append(starts, start), np.append(lengths, length), np.append(pieces, piece)
        )

    def _add_run(self, octets: StreamBytes, first: int, last: int) -> None:
        """Lay out pieces of one side that follow on each other."""
        begin, stop = octets.start_of(first), int(octets.ends[last - 1])
        if self._open is not None:
            start, _, piece = self._open
            if octets.table.way[piece] == octets.table.way[first]:
                begin, self._open = start, None
            else:
                self._close()
        starts = self._cut(octets.read(begin, stop)) + begin
        lengths = np.diff(np.append(starts, stop))
        pieces = np.searchsorted(octets.ends, starts, "right")
        self._add_lines(starts[:-1], lengths[:-1], pieces[:-1])
        self._open = (int(starts[-1]), int(lengths[-1]), int(pieces[-1]))

    def _cut(self, data: bytes) -> npt.NDArray[np.int64]:
        """Return where lines start in bytes of one side."""
        if self._form is not Form.TEXT:
            return np.arange(0, len(data), self._width, dtype=np.int64)
        octets = np.frombuffer(data, np.uint8)
        feeds = np.flatnonzero(octets == _LINE_FEED) + 1
        starts = np.concatenate([[0], feeds[feeds < len(data)]]).astype(np.int64)
        lengths = np.diff(np.append(starts, len(data)))
        if int(lengths.max()) <= self._width:
            return starts
        cuts = [starts]
        for place in np.flatnonzero(lengths > self._width).tolist():
            start, stop = int(starts[place]), int(starts[place] + lengths[place])
            cuts.append(np.array(self._wrap(data, start, stop), np.int64))
        return np.sort(np.concatenate(cuts))

    def _wrap(self, data: bytes, start: int, stop: int) -> list[int]:
        """Return where a line that is too long goes on."""
        found = []
        while stop - start > self._width:
            start += self._width
            back = 0
            while back < _CONTINUATIONS and data[start - back] & 0xC0 == 0x80:
                back += 1
            if data[start - back] >= 0xC0:
                start -= back
            found.append(start)
        return found

    def _close(self) -> None:
        if self._open is not None:
            start, length, piece = self._open
            self._open = None
            self._add_lines([start], [length], [piece])

    def _add_lines(
        self,
        starts: npt.ArrayLike,
        lengths: npt.ArrayLike,
        pieces: npt.ArrayLike,
    ) -> None:
        self._start.extend(np.asarray(starts, np.int64))
        self._length.extend(np.asarray(lengths, np.int32))
        self._piece.extend(np.asarray(pieces, np.int64))


def shown_text(data: bytes) -> str:
    """Return bytes of a stream as one line of text, never wider in cells than there are bytes.

    UTF-8 is read as such; what cannot be shown, and every byte that is not UTF-8, is a dot.
    """
    text = data.rstrip(b"\r\n").decode("utf-8", "replace")
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character == "\t":
        return " "
    return character if character.isprintable() and character != "\ufffd" else "·"
