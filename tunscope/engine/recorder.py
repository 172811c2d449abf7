"""What becomes of a batch: written whole, cut at a limit, or continued in the next file."""

from __future__ import annotations

import errno
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tunscope.capfile.blocks import InterfaceStatistics, interface_statistics
from tunscope.capfile.rotation import Rotation, StopConditions
from tunscope.engine.batch import Batch
from tunscope.engine.output import Output


@dataclass(frozen=True, slots=True)
class Losses:
    """The counts that a file's Interface Statistics Block tells: running totals of the capture."""

    received: int = 0
    dropped: int = 0
    dropped_by_os: int = 0


class RecordError(OSError):
    """The capture cannot be written any further; what was written is whole and valid."""


class Recorder:
    """Writes batches to an output until a limit is met.

    Every file starts with `header` and ends with an Interface Statistics Block. The next file of
    a rotated capture is taken from `next_outputs` when one is there, and `on_rotated` told the
    number of packets and bytes of the one that was closed.
    """

    def __init__(
        self,
        output: Output,
        header: bytes,
        *,
        stop: StopConditions,
        rotate: Rotation,
        losses: Callable[[], Losses],
        on_rotated: Callable[[int, int], None],
    ) -> None:
        self._output = output
        self._header = header
        self._stop = stop
        self._rotate = rotate
        self._losses = losses
        self._on_rotated = on_rotated
        self.next_outputs: deque[Output] = deque()
        self._queue: deque[Batch] = deque()
        self.captured = 0
        self._closed_bytes = 0
        self._file_packets = 0
        self._files = 1
        self._file_started_ns = 0
        self._switch_time: float | None = None
        self._before = Losses()
        self.finished = False
        self.comments: list[str] = []

    @property
    def written_bytes(self) -> int:
        """Bytes written to all files so far."""
        return self._closed_bytes + self._output.written

    @property
    def blocked(self) -> bool:
        """Whether a slow reader holds up what was given to `write`."""
        return self._output.pending

    @property
    def output_fd(self) -> int:
        """The descriptor to watch for room while `blocked`."""
        return self._output.fd

    @property
    def switch_time(self) -> float | None:
        """The time.time() at which the clock ends the current file, None if it never does."""
        return self._switch_time

    def start(self) -> None:
        """Begin the first file."""
        self._begin_file()

    def write(self, batch: Batch) -> bool:
        """Record `batch`; return False while some of it waits for a slow reader (`flush` then).

        Raises RecordError when the output takes no more.
        """
        self._queue.append(batch)
        return self.flush()

    def flush(self) -> bool:
        """Go on with what waits; return True when nothing does."""
        try:
            if not self._output.flush():
                return False
            self.rotate_if_due()
            while self._queue and not self.finished:
                batch, rest = self._until_limit(self._queue.popleft())
                if rest.packets:
                    self._queue.appendleft(rest)
                if not self._record(batch):
                    return False
                self.rotate_if_due()
        except OSError as error:
            raise RecordError(error.errno, error.strerror) from error
        self._queue.clear()
        return True

    def rotate_if_due(self) -> None:
        """Go on in the next file if the current one is full and there is a next one."""
        rotate = self._rotate
        due = (
            (rotate.packets is not None and self._file_packets >= rotate.packets)
            or (rotate.filesize is not None and self._output.written >= rotate.filesize)
            or (self._switch_time is not None and time.time() >= self._switch_time)
        )
        if due and self._stop.files is not None and self._files >= self._stop.files:
            self.finished = True
        elif due and self.next_outputs:
            self._end_file()
            self._files += 1
            self._closed_bytes += self._output.written
            packets, nbytes = self._file_packets, self._output.written
            self._output = self.next_outputs.popleft()
            self._begin_file()
            self._on_rotated(packets, nbytes)

    def finish(self) -> None:
        """End the current file; nothing more is written. Raises RecordError as `write` does."""
        self._queue.clear()
        self.finished = True
        try:
            self._end_file()
        except OSError as error:
            raise RecordError(error.errno, error.strerror) from error

    def _begin_file(self) -> None:
        self._file_packets = 0
        self._switch_time = self._rotate.switch_time(time.time())
        self._file_started_ns = time.time_ns()
        self._before = self._losses()
        self._output.write_bytes(self._header)

    def _end_file(self) -> None:
        now, before = self._losses(), self._before
        statistics = InterfaceStatistics(
            interface=0,
            ts_ns=time.time_ns(),
            starttime_ns=self._file_started_ns,
            endtime_ns=time.time_ns(),
            ifrecv=now.received - before.received,
            ifdrop=now.dropped - before.dropped,
            osdrop=now.dropped_by_os - before.dropped_by_os,
            usrdeliv=self._file_packets,
            comment="; ".join(self.comments),
        )
        size = self._output.written
        try:
            self._output.write_bytes(interface_statistics(statistics))
        except OSError:
            self._output.truncate(size)
            raise
        finally:
            self._output.close()

    def _until_limit(self, batch: Batch) -> tuple[Batch, Batch]:
        """Return the part of `batch` that the current file takes, and the rest."""
        room = batch.packets
        if self._stop.packets is not None:
            room = min(room, self._stop.packets - self.captured)
        if self._rotate.packets is not None and self.next_outputs:
            room = min(room, self._rotate.packets - self._file_packets)
        for size in (self._stop.filesize, self._rotate.filesize):
            if size is not None and (size is self._stop.filesize or self.next_outputs):
                room = min(room, batch.packets_within(max(0, size - self._output.written)))
        return batch.split(room)

    def _record(self, batch: Batch) -> bool:
        start = self._output.written
        try:
            went = self._output.write(batch.iovecs)
        except OSError:
            ends = start + np.cumsum(batch.sizes, dtype=np.int64)
            whole = int(np.searchsorted(ends, self._output.written, side="right"))
            self._output.truncate(int(ends[whole - 1]) if whole else start)
            self._count(whole)
            raise
        self._count(batch.packets)
        stop = self._stop
        self.finished = (stop.packets is not None and self.captured >= stop.packets) or (
            stop.filesize is not None and start + batch.nbytes >= stop.filesize
        )
        return went

    def _count(self, packets: int) -> None:
        self.captured += packets
        self._file_packets += packets


def is_disk_full(error: OSError) -> bool:
    """Whether `error` says that the file system or the person's quota has no room left."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
