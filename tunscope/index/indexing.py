"""From the bytes of a source to the tables, one chunk a step."""

from __future__ import annotations

import io
import struct
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from tunscope.capfile.blocks import BlockType
from tunscope.capfile.errors import BlockError, CaptureFileError
from tunscope.capfile.pcap_header import HEADER_SIZE, decode_header, known_magic
from tunscope.capfile.pcap_layout import choose_layout
from tunscope.capfile.window import Window
from tunscope.columns.buffer import CHUNK, ORIGIN, ChunkBuffer
from tunscope.columns.layout import MAX_SEGMENTS
from tunscope.columns.pcap_walk import PcapWalker
from tunscope.columns.walk import PcapngWalker
from tunscope.index.giving_way import ALL
from tunscope.index.handover import Handover

if TYPE_CHECKING:
    from tunscope.index.source import Source
    from tunscope.index.tables import Tables

_SECTION_MAGIC: Final = int(BlockType.SECTION_HEADER).to_bytes(4)
#: More than any pcap file header.
_HEAD: Final = 64
_TRAILER: Final = 4
_NO_CAPTURE: Final = "neither a pcap nor a pcapng capture"


class Step(Enum):
    """What one step of the indexer came to."""

    #: Packets or other blocks were taken in.
    ADVANCED = "advanced"
    #: Nothing new yet.
    IDLE = "idle"
    #: Nothing more will come, or nothing more can be read.
    DONE = "done"


class Indexing(Protocol):
    """Takes a source in step by step; one thread calls all but `abandon`.

    What is wrong and can be lived with goes to the warnings of the tables' contents.
    """

    @property
    def read(self) -> int:
        """Bytes taken in so far."""

    @property
    def error(self) -> CaptureFileError | None:
        """Why it ended before the end."""

    @property
    def passed_over(self) -> bool:
        """Whether a file went before it was known to be read to its end."""

    def step(self, most: int = ALL) -> Step:
        """Take in a piece, best of no more than `most` bytes."""

    def abandon(self) -> None:
        """Let a step that waits for something end; there will be no further one. Any thread."""

    def close(self) -> None:
        """End what works for it."""


class Indexer:
    """Takes a source in, whole blocks only.

    While there is more to read, headers are decoded on a second thread, a chunk behind. Whatever
    step comes to nothing new leaves all packets so far in the tables.

    `position` is where in file `segment` it goes on. The rest is said by `Indexing`.
    """

    def __init__(self, source: Source, tables: Tables, chunk: int = CHUNK) -> None:
        self._source: Final = source
        self._tables: Final = tables
        self._buffer = ChunkBuffer(chunk)
        #: The one whose packets may still be decoded while the next chunk is read.
        self._other: ChunkBuffer | None = None
        self._decoding: Final = Handover("tunscope-decode")
        self._walker: PcapngWalker | PcapWalker | None = None
        self._wanted = 0
        self._behind = 0
        #: Number of the first interface of the segment before.
        self._earlier: int | None = None
        self.segment: int | None = None
        self.position = 0
        self.passed_over = False
        self.error: CaptureFileError | None = None

    @property
    def read(self) -> int:
        """Bytes taken in so far."""
        return self._behind + self.position

    def step(self, most: int = ALL) -> Step:
        """Take in at most one chunk, of no more than `most` bytes unless a block has more."""
        step = self._advance(most)
        if step is not Step.ADVANCED:
            try:
                self._decoding.settle()
            except BufferError as error:
                step = self._full(error)
        if step is Step.DONE:
            self.close()
        return step

    def abandon(self) -> None:
        """Nothing to do: no step waits for long."""

    def close(self) -> None:
        """End the second thread: there will be no further step."""
        self._decoding.close()

    def _advance(self, most: int) -> Step:
        source = self._source
        # Asked first: what was written before it was said is read after.
        finished = source.finished
        try:
            source.refresh()
            if self.segment is None or self.segment < source.first:
                return self._enter_first(finished=finished)
            successor = self._successor(self.segment)
            length = source.length(self.segment)
            if length < self.position:
                return self._stop(f"the file shrank to {length} bytes while it was read")
            there = length - self.position
            if there and there >= self._wanted:
                most = max(most, self._wanted)
                if self._take(self.segment, there, most):
                    return Step.ADVANCED
        except OSError as error:
            return self._stop(f"cannot be read any more: {error.strerror or error}")
        except BufferError as error:
            return self._full(error)
        if self.error is not None:
            return Step.DONE
        if successor is not None:
            self._cut_short(there)
            return self._enter(successor)
        if not finished:
            return Step.IDLE
        self._end(there)
        return Step.DONE

    def _successor(self, segment: int) -> int | None:
        """Return the next segment once it holds anything: `segment` is whole then."""
        if segment >= self._source.last:
            return None
        return segment + 1 if self._source.length(segment + 1) else None

    def _enter_first(self, *, finished: bool) -> Step:
        source = self._source
        if source.last < source.first:
            return Step.DONE if finished else Step.IDLE
        self.passed_over = self.passed_over or self.segment is not None
        return self._enter(source.first)

    def _enter(self, segment: int) -> Step:
        if segment >= MAX_SEGMENTS:
            return self._stop(f"more than {MAX_SEGMENTS} segments cannot be indexed")
        self._behind += self.position
        if isinstance(self._walker, PcapngWalker):
            self._earlier = self._walker.sections.base
        self.segment, self.position, self._wanted = segment, 0, 0
        self._walker = None
        return Step.ADVANCED

    def _take(self, segment: int, there: int, most: int) -> bool:
        """Walk what can be read; return whether that came any further."""
        buffer = self._buffer
        # No further than `there`: a copy is written to before its length says so.
        read = self._source.read(segment, self.position, buffer.target[: min(there, most)])
        begin, end = ORIGIN, ORIGIN + read
        if self._walker is None:
            begin += self._begin(buffer, read)
            if self._walker is None:
                return False
        start = begin
        # A first screenful is not made to wait for a second chunk.
        behind = there > read and self._tables.packets.count > 0
        lent = False
        while True:
            walked = self._walker.walk(buffer, begin, end)
            if walked.frames is not None:
                add = partial(
                    self._tables.add,
                    walked.frames,
                    buffer.window,
                    segment,
                    self.position - ORIGIN,
                )
                if behind:
                    self._decoding.submit(add)
                    lent = True
                else:
                    self._decoding.settle()
                    add()
            advanced = walked.end > begin
            begin = walked.end
            if not advanced or begin == end or walked.wanted or walked.broken is not None:
                break
        if lent:
            self._buffer = self._other or ChunkBuffer(buffer.size)
            self._other = buffer
        self.position += begin - ORIGIN
        rest = there - (begin - ORIGIN)
        self._wanted = walked.wanted
        if walked.broken is not None:
            self._fail(walked.broken.why)
        elif walked.skippable:
            return self._skip(segment, rest, walked.wanted)
        elif buffer.size < walked.wanted <= rest:
            # As much memory as the block takes, and all of it is there.
            self._buffer = ChunkBuffer(walked.wanted)
            return True
        elif read < walked.wanted <= rest:
            return True  # it was `most` that ended within a block
        return begin > start or start > ORIGIN

    def _begin(self, buffer: ChunkBuffer, read: int) -> int:
        """Recognise a file's format; return how many bytes of it are its header."""
        head = buffer.data[ORIGIN : ORIGIN + min(read, _HEAD)].tobytes()
        if head[:4] == _SECTION_MAGIC:
            tables = self._tables
            self._walker = PcapngWalker(tables.interfaces, tables.contents, self._earlier)
        elif known_magic(head):
            return self._begin_pcap(buffer, head, read)
        elif len(head) >= len(_SECTION_MAGIC):
            self.error = CaptureFileError(self._source.name, _NO_CAPTURE)
        return 0

    def _begin_pcap(self, buffer: ChunkBuffer, head: bytes, read: int) -> int:
        if len(head) < HEADER_SIZE:
            return 0
        try:
            form = decode_header(head)
        except BlockError as error:
            self.error = CaptureFileError(self._source.name, str(error))
            return 0
        if len(head) < form.size:
            return 0
        if not form.certain:
            records = buffer.data[ORIGIN + form.size : ORIGIN + read].tobytes()
            form = choose_layout(Window(io.BytesIO(records)), form)
        self._walker = PcapWalker(form, self._tables.interfaces)
        return form.size

    def _skip(self, segment: int, there: int, total: int) -> bool:
        """Pass over a block too large to be held, once all of it is there."""
        if there < total:
            return False
        trailer = bytearray(_TRAILER)
        self.position += total - _TRAILER
        self._source.read(segment, self.position, memoryview(trailer))
        assert isinstance(self._walker, PcapngWalker)
        (claimed,) = struct.unpack(f"{self._walker.sections.order}I", trailer)
        if claimed + 3 & ~3 != total:
            self._fail(f"a block claims {total} bytes at its start and {claimed} at its end")
            return False
        self.position += _TRAILER
        self._wanted = 0
        return True

    def _fail(self, why: str) -> None:
        self.error = CaptureFileError(self._source.name, why, self._behind + self.position)

    def _end(self, rest: int) -> None:
        source = self._source
        if source.failure is not None:
            self.error = CaptureFileError(source.name, source.failure, self.read + rest)
        elif source.cut:
            self._warn(f"cut short at byte {self.read + rest}: the compressed data ends early")
        else:
            self._cut_short(rest)

    def _cut_short(self, rest: int) -> None:
        if self._walker is None and not self.position:
            if 0 < rest < len(_SECTION_MAGIC):
                self.error = CaptureFileError(self._source.name, _NO_CAPTURE)
            else:
                self._warn("the file ends within its header" if rest else "the file is empty")
        elif rest:
            self._warn(f"cut short at byte {self._behind + self.position}: {rest} bytes left over")

    def _warn(self, text: str) -> None:
        self._tables.contents.warn(text)

    def _full(self, error: BufferError) -> Step:
        return self._stop(f"what follows byte {self.read} is not indexed: {error}")

    def _stop(self, why: str) -> Step:
        self._warn(why)
        return Step.DONE
