"""From the bytes of a source to the tables, one chunk a step."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from tunscope.capfile.blocks import BlockType
from tunscope.columns.buffer import CHUNK, ChunkBuffer
from tunscope.columns.pcap_walk import FILE_HEADER, PcapWalker, pcap_format
from tunscope.columns.walk import PcapngWalker

if TYPE_CHECKING:
    from tunscope.capfile.options import ByteOrder
    from tunscope.columns.walk import Walked
    from tunscope.index.source import Source
    from tunscope.index.tables import Tables

_PCAPNG_MAGIC: Final = int(BlockType.SECTION_HEADER).to_bytes(4)


class Step(Enum):
    """What one step of the indexer came to."""

    #: Packets or other blocks were taken in.
    ADVANCED = "advanced"
    #: Nothing new yet.
    IDLE = "idle"
    #: Nothing more will come, or nothing more can be read.
    DONE = "done"


class Indexer:
    """Takes a source in, whole blocks only. `warnings` and `error` tell what went wrong.

    `position` is where in file `segment` it goes on.
    """

    def __init__(self, source: Source, tables: Tables, chunk: int = CHUNK) -> None:
        self._source: Final = source
        self._tables: Final = tables
        self._buffer = ChunkBuffer(chunk)
        self._walker: PcapngWalker | PcapWalker | None = None
        self._wanted = 0
        self.segment: int | None = None
        self.position = 0
        #: Bytes of the segments before `segment`.
        self.behind = 0
        self.warnings: Final[list[str]] = []
        self.error: str | None = None

    @property
    def read(self) -> int:
        """Bytes taken in, of the files that are still there."""
        return self.behind + self.position

    def step(self) -> Step:
        """Take in at most one chunk."""
        source = self._source
        finished = source.finished  # asked first: what was written before it was said is read
        try:
            source.refresh()
            if self.segment is None or self.segment < source.first:
                return self._skip_to_first()
            successor = self._successor(source)
            length = source.length(self.segment)
            if length < self.position:
                return self._stop(f"shrank to {length} bytes while it was read")
            if length - self.position > 0 and length - self.position >= self._wanted:
                read = source.read(self.segment, self.position, self._buffer.target)
                if self._take(read):
                    return Step.ADVANCED
        except OSError as error:
            return self._stop(f"cannot be read any more: {error.strerror or error}")
        if self.error is not None:
            return Step.DONE
        rest = length - self.position
        if successor is not None:
            if rest:
                self._warn(f"segment {self.segment} ends inside a block ({rest} bytes left over)")
            self._enter(successor)
            return Step.ADVANCED
        if not finished:
            return Step.IDLE
        if rest or self._walker is None:
            self._tail(rest)
        return Step.DONE

    def _successor(self, source: Source) -> int | None:
        """Return the next segment once it holds anything: the one before it is whole then."""
        if self.segment is None or self.segment >= source.last:
            return None
        number = self.segment + 1
        return number if source.length(number) else None

    def _skip_to_first(self) -> Step:
        source = self._source
        if self.segment is None and source.last < source.first:
            return Step.DONE if source.finished else Step.IDLE
        self._enter(source.first)
        return Step.ADVANCED

    def _enter(self, segment: int) -> None:
        if self.segment is not None:
            self.behind += self.position
        self.segment, self.position, self._wanted = segment, 0, 0
        if isinstance(self._walker, PcapngWalker):
            self._walker.restart()

    def _take(self, read: int) -> bool:
        """Walk what was read; return whether that came any further."""
        buffer = self._buffer
        begin = 0
        if self._walker is None:
            begin = self._begin(read)
            if self._walker is None:
                return False
        start = begin
        while True:
            walked = self._walker.walk(buffer, begin, read)
            if walked.frames is not None:
                assert self.segment is not None
                self._tables.add(walked.frames, buffer.window, self.segment, self.position)
            if walked.end == begin or walked.broken is not None:
                break
            begin = walked.end
        self._note(walked)
        self.position += walked.end
        return walked.end > start or start > 0 or self._grow(walked)

    def _note(self, walked: Walked) -> None:
        self._wanted = walked.wanted
        if walked.broken is not None:
            place = self.position + walked.broken.offset
            self.error = f"{self._source.name}: {walked.broken.why} (at byte {place})"

    def _grow(self, walked: Walked) -> bool:
        """Make room for a block larger than the buffer; its size is bounded by the walk."""
        if walked.wanted <= self._buffer.size:
            return False
        self._buffer = ChunkBuffer(walked.wanted)
        return True

    def _begin(self, read: int) -> int:
        """Recognise the file's format; return how many bytes of it are its header."""
        head = bytes(self._buffer.data[: min(read, FILE_HEADER)])
        if head[:4] == _PCAPNG_MAGIC:
            self._walker = PcapngWalker(self._tables.interfaces, self._other_block)
            return 0
        if len(head) >= 4 and pcap_format(head[:4]) is None:
            self.error = f"{self._source.name}: this is no capture file (pcap or pcapng)"
        elif len(head) == FILE_HEADER:
            self._walker = PcapWalker(head, self._tables.interfaces)
            return FILE_HEADER
        return 0

    def _other_block(self, kind: int, order: ByteOrder, body: bytes) -> None:
        """Statistics, names and comments of the file."""

    def _tail(self, rest: int) -> None:
        if self._walker is None:
            self.error = f"{self._source.name}: this is no capture file ({rest} bytes)"
        else:
            place = self.position
            self._warn(f"ends inside a packet: the last {rest} bytes, from {place} on, are lost")

    def _warn(self, text: str) -> None:
        self.warnings.append(f"{self._source.name}: {text}")

    def _stop(self, why: str) -> Step:
        self._warn(why)
        return Step.DONE
