"""What becomes of a batch: written whole, cut at a limit, or continued in the next file."""

from __future__ import annotations

import contextlib
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
    a rotated capture is taken from `next_outputs`, and `on_rotated` told the number of packets
    and bytes of the one that was closed. Where no next file is there, packets wait `patience`
    seconds for one; then the file that is full takes them.
    """

    def __init__(
        self,
        output: Output,
        header: bytes,
        *,
        stop: StopConditions,
        rotate: Rotation,
        patience: float,
        losses: Callable[[], Losses],
        on_rotated: Callable[[int, int], None],
    ) -> None:
        self._output = output
        self._header = header
        self._stop = stop
        self._rotate = rotate
        self._patience = patience
        self._losses = losses
        self._on_rotated = on_rotated
        self.next_outputs: deque[Output] = deque()
        self._queue: deque[Batch] = deque()
        self._behind: tuple[int, Batch] | None = None
        self._may_lag = stop.filesize is None and rotate.filesize is None
        self.captured = 0
        self._closed_bytes = 0
        self._file_packets = 0
        self._files = 1
        self._file_started_ns = 0
        self._switch_time: float | None = None
        self._waits_until: float | None = None
        self._closing = False
        self._before = Losses()
        self.finished = False
        self.comments: list[str] = []

    @property
    def written_bytes(self) -> int:
        """Bytes written to all files so far."""
        return self._closed_bytes + self._output.written

    @property
    def queued(self) -> int:
        """Packets that were given to `write` and are not recorded yet."""
        return sum(batch.packets for batch in self._queue)

    @property
    def held_up(self) -> bool:
        """Whether something that was given to `write` waits, for a reader or for the next file."""
        return self._output.pending or bool(self._queue)

    @property
    def blocked_fd(self) -> int | None:
        """The descriptor whose reader is slow, to be watched for room; None if none is."""
        return self._output.fd if self._output.pending else None

    @property
    def waits_until(self) -> float | None:
        """The time.monotonic() until which packets wait for the next file, None if they do not."""
        return self._waits_until if self._queue and not self._output.pending else None

    @property
    def switch_time(self) -> float | None:
        """The time.time() at which the clock ends the current file, None if nothing follows it."""
        return self._switch_time if self.next_outputs or self._is_last else None

    def start(self) -> None:
        """Begin the first file."""
        self._begin_file()

    def write(self, batch: Batch) -> bool:
        """Record `batch`; return False while some of it is held up (`flush` then).

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
                if self._waits_for_file():
                    return False
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
        """Go on in the next file if the current one is full and there is a next one.

        Raises RecordError as `write` does.
        """
        if self.finished or not self._is_full():
            return
        if self._is_last:
            self.finished = True
        elif self.next_outputs:
            try:
                self._rotate_file()
            except OSError as error:
                raise RecordError(error.errno, error.strerror) from error

    def finish(self) -> bool:
        """End the current file; False while a slow reader has to take the rest: call again then.

        Nothing more is recorded. Raises RecordError as `write` does.
        """
        self._queue.clear()
        self.finished = True
        try:
            self._settle()
        except OSError as error:
            self._output.close()
            raise RecordError(error.errno, error.strerror) from error
        size = self._output.written
        try:
            if not self._output.flush():
                return False
            if not self._closing:
                self._closing = True
                if not self._output.offer(self._statistics()):
                    return False
        except OSError as error:
            self._output.truncate(size)
            self._output.close()
            raise RecordError(error.errno, error.strerror) from error
        self._output.close()
        return True

    def give_up(self) -> None:
        """End where a slow reader has got to, in the middle of a block if need be."""
        self._queue.clear()
        self.finished = True
        with contextlib.suppress(OSError):
            self._settle()
        self._output.truncate(self._output.written)
        self._output.close()

    @property
    def _is_last(self) -> bool:
        return self._stop.files is not None and self._files >= self._stop.files

    def _rotate_file(self) -> None:
        self._end_file()
        self._files += 1
        self._closed_bytes += self._output.written
        packets, nbytes = self._file_packets, self._output.written
        self._output = self.next_outputs.popleft()
        self._begin_file()
        self._on_rotated(packets, nbytes)

    def _is_full(self) -> bool:
        rotate = self._rotate
        return (
            (rotate.packets is not None and self._file_packets >= rotate.packets)
            or (rotate.filesize is not None and self._output.written >= rotate.filesize)
            or (self._switch_time is not None and time.time() >= self._switch_time)
        )

    def _waits_for_file(self) -> bool:
        """Whether the file is full and the next one may still come in time."""
        if not self._is_full():
            return False
        if self._waits_until is None:
            self._waits_until = time.monotonic() + self._patience
        return time.monotonic() < self._waits_until

    def _begin_file(self) -> None:
        self._file_packets = 0
        self._waits_until = None
        self._switch_time = self._rotate.switch_time(time.time())
        self._file_started_ns = time.time_ns()
        try:
            self._output.write_bytes(self._header)
        except OSError:
            self._output.truncate(0)
            self._closing = True  # without a header there is nothing to end
            raise

    def _statistics(self) -> bytes:
        """Return the block that ends a file: what came since the one before it ended."""
        now, before = self._losses(), self._before
        self._before = now
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
        return interface_statistics(statistics)

    def _end_file(self) -> None:
        self._settle()
        size = self._output.written
        try:
            self._output.write_bytes(self._statistics())
        except OSError:
            self._output.truncate(size)
            raise
        self._output.close()

    def _until_limit(self, batch: Batch) -> tuple[Batch, Batch]:
        """Return the part of `batch` that the current file takes, and the rest."""
        room = batch.packets
        if self._stop.packets is not None:
            room = min(room, self._stop.packets - self.captured)
        if self._stop.filesize is not None:
            left = self._stop.filesize - self.written_bytes
            room = min(room, batch.packets_within(max(0, left)))
        if self._is_full():  # and nothing follows: this file takes what there is
            return batch.split(room)
        if self._rotate.packets is not None:
            room = min(room, self._rotate.packets - self._file_packets)
        if self._rotate.filesize is not None:
            left = self._rotate.filesize - self._output.written
            room = min(room, batch.packets_within(left))
        return batch.split(room)

    def _record(self, batch: Batch) -> bool:
        self._settle()
        start = self._output.written
        try:
            if batch.lasting and self._may_lag:
                self._behind = start, batch
                went = self._output.write_behind(batch.iovecs)
            else:
                went = self._output.write(batch.iovecs)
        except OSError:
            self._keep_whole(start, batch)
            raise
        self._count(batch.packets)
        stop = self._stop
        self.finished = (stop.packets is not None and self.captured >= stop.packets) or (
            stop.filesize is not None and self._closed_bytes + start + batch.nbytes >= stop.filesize
        )
        return went

    def _settle(self) -> None:
        """Wait for what is written behind. If that fails, it has been counted too early."""
        behind, self._behind = self._behind, None
        try:
            self._output.settle()
        except OSError:
            if behind is not None:
                self._count(-behind[1].packets)
                self._keep_whole(*behind)
            raise

    def _keep_whole(self, start: int, batch: Batch) -> None:
        """Of a batch that begins at `start` of the file keep the blocks that are whole."""
        ends = start + np.cumsum(batch.sizes, dtype=np.int64)
        whole = int(np.searchsorted(ends, self._output.written, side="right"))
        self._output.truncate(int(ends[whole - 1]) if whole else start)
        self._count(whole)

    def _count(self, packets: int) -> None:
        self.captured += packets
        self._file_packets += packets


def is_disk_full(error: OSError) -> bool:
    """Whether `error` says that the file system or the person's quota has no room left."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
