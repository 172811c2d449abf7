"""One capture from start to end: packets from a source into a recorder, and why it ended."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from typing import Final

from tunscope.engine.copies import Copies
from tunscope.engine.counters import Counters
from tunscope.engine.options import CaptureOptions
from tunscope.engine.output import Output
from tunscope.engine.own_records import OwnRecords
from tunscope.engine.protocol import StoppedEvent, StopReason
from tunscope.engine.recorder import Losses, Recorder, RecordError, is_disk_full
from tunscope.engine.source import Source, SourceGone
from tunscope.errors import TunscopeError

#: Batches recorded before control requests and signals are looked at again.
_BATCHES_A_TURN: Final = 4


class Capture:
    """Moves packets from `source` to `output` until a limit, a request, or a failure ends it.

    `pump` does a bounded piece of work in a bounded time; `ended` becomes the final event.
    """

    def __init__(
        self,
        source: Source,
        device: str,
        output: Output,
        header: bytes,
        options: CaptureOptions,
        on_rotated: Callable[[int, int], None],
    ) -> None:
        self.source = source
        self.counters = Counters()
        self.ended: StoppedEvent | None = None
        self._device = device
        self._options = options
        self._recorder = Recorder(
            output,
            header,
            stop=options.stop,
            rotate=options.rotate,
            patience=options.rotation_patience,
            losses=self._losses,
            on_rotated=on_rotated,
        )
        self._header = header
        self._own = OwnRecords(options.snaplen)
        self._copies = Copies()
        source.record_with(self.record)
        self._started = 0.0
        self._stopping_since: float | None = None
        self._ending: tuple[StopReason, TunscopeError | None] | None = None
        self._gone = False

    @property
    def blocked_fd(self) -> int | None:
        """The descriptor whose reader holds the capture up, None if nobody does."""
        return self._recorder.blocked_fd

    @property
    def source_fds(self) -> list[int]:
        """The descriptors on which packets can be acted on now."""
        if self._gone or (self._recorder.held_up and not self.source.relays):
            return []
        return self.source.filenos()

    @property
    def deadline(self) -> float | None:
        """The time.monotonic() at which `pump` must be called even if nothing arrives."""
        waits = []
        if self.source.deadline is not None:
            waits.append(self.source.deadline)
        if self._recorder.waits_until is not None:
            waits.append(self._recorder.waits_until)
        if self._stopping_since is None and self._options.stop.duration is not None:
            waits.append(self._started + self._options.stop.duration)
        if not self._recorder.held_up:
            if self._stopping_since is not None:
                waits.append(time.monotonic() + 0.02)
            if self._recorder.switch_time is not None:
                waits.append(time.monotonic() + self._recorder.switch_time - time.time())
        return min(waits, default=None)

    def start(self) -> None:
        """Write the file's header and begin."""
        self._started = time.monotonic()
        try:
            self._recorder.start()
        except OSError as error:
            self._fail(error)

    def add_output(self, output: Output) -> None:
        """Hand over the file that the next rotation goes on with."""
        self._recorder.next_outputs.append(output)

    def close_unused(self) -> None:
        """Close the files that were handed over for rotations that never came."""
        while self._recorder.next_outputs:
            self._recorder.next_outputs.popleft().close()

    def note(self, text: str) -> None:
        """Keep a remark in the file, in its Interface Statistics Block."""
        self._recorder.comments.append(text)

    def record(
        self,
        data: bytes,
        ts_ns: int,
        flags: int,
        comments: tuple[str, ...],
        packet_id: int | None = None,
    ) -> int:
        """Record a packet that tunscope made; return the number it will have in the capture."""
        self._own.add(data, ts_ns, flags, comments, packet_id)
        return self._begun

    @property
    def _begun(self) -> int:
        """The number of the last packet that is recorded, or on its way there."""
        return self._recorder.captured + self._recorder.queued + len(self._own)

    def copy_to(self, owner: object, fd: int, limit: int) -> int:
        """Copy what is recorded from now on into regular file `fd`, up to `limit` bytes.

        Return the number of the first packet there.

        UsageError, with `fd` closed, if it is no regular file.
        """
        self._copies.add(owner, fd, limit, self._header)
        return self._begun - len(self._own) + 1

    def end_copy(self, owner: object) -> None:
        """Copy nothing more for `owner`."""
        self._copies.remove(owner)

    def stop(self) -> None:
        """Let nothing new in, record what has arrived, then end."""
        if self._stopping_since is None:
            self._stopping_since = time.monotonic()
            self.source.stop_arrivals()

    def abort(self) -> None:
        """End at once, without what has arrived but was not recorded, or a slow reader's rest."""
        if self.ended is None and self.blocked_fd is None:
            self._end(StopReason.ASKED)
        if self.ended is None:
            reason, error = self._ending or (StopReason.ASKED, None)
            self._recorder.give_up()
            self.ended = StoppedEvent(reason, self.update_counters(), error)

    def pump(self, until: float = 0.0) -> bool:
        """Record some of what waits; return True if there may be more.

        Nothing else has to be done before `until`, by time.monotonic().
        """
        if self.ended:
            return False
        try:
            if self._ending is None:
                return self._pump(until)
            if not self._conclude():
                self.source.pass_on()
        except SourceGone:
            if self._ending is None:
                self._end_without_device()
        except RecordError as error:
            self._fail(error)
        return False

    def interrupted(self, fd: int) -> bool:
        """Whether the device went down since the last call; its deletion ends the capture."""
        try:
            return self.source.interrupted(fd)
        except SourceGone:
            self._gone = True  # what arrived before is still to be read
            self.stop()
            return False

    def update_counters(self) -> Counters:
        """Bring `counters` up to date and return them."""
        self.source.update(self.counters)
        self.counters.captured = self._recorder.captured
        self.counters.written_bytes = self._recorder.written_bytes
        return self.counters

    def _pump(self, until: float) -> bool:
        recorder, source = self._recorder, self.source
        self._stop_if_time_is_up()
        if recorder.held_up:
            if not recorder.flush():
                source.pass_on()
                return False
            source.release()
        for _ in range(_BATCHES_A_TURN):
            if recorder.finished:
                self._end(StopReason.LIMIT)
                return False
            batch = self._own.take() or source.take(until) or self._own.take()
            if batch is None:
                self._end_if_due()
                return False
            self._copies.write(batch)
            if not recorder.write(batch):
                return False
            source.release()
        return True

    def _end_if_due(self) -> None:
        if self._stopping_since is None:
            self._recorder.rotate_if_due()
            if self._recorder.finished:
                self._end(StopReason.LIMIT)
        elif self.source.settled(time.monotonic() - self._stopping_since) and not self._own:
            if self._gone:
                self._end_without_device()
            else:
                self._end(StopReason.ASKED)

    def _stop_if_time_is_up(self) -> None:
        duration = self._options.stop.duration
        if duration is not None and time.monotonic() - self._started >= duration:
            self.stop()

    def _losses(self) -> Losses:
        self.source.update(self.counters)
        counters = self.counters
        return Losses(counters.received, counters.dropped_kernel, counters.dropped_queue)

    def _end_without_device(self) -> None:
        gone = TunscopeError(self._device, "the device was deleted", "the capture is complete")
        self.note("the device was deleted")
        self._end(StopReason.DEVICE_GONE, gone)

    def _fail(self, error: OSError) -> None:
        self._end(*_failure(error))

    def _end(self, reason: StopReason, error: TunscopeError | None = None) -> None:
        self._ending = reason, error
        self._conclude()

    def _conclude(self) -> bool:
        """Finish the file as far as its reader takes it; `ended` says so when all is out."""
        assert self._ending is not None, "only once the end has begun"
        reason, error = self._ending
        try:
            if not self._recorder.finish():
                return False
        except RecordError as failure:
            if reason in {StopReason.ASKED, StopReason.LIMIT}:
                reason, error = _failure(failure)
        self.ended = StoppedEvent(reason, self.update_counters(), error)
        return True


def _failure(error: OSError) -> tuple[StopReason, TunscopeError | None]:
    """Return what an output that takes no more means for the capture."""
    if error.errno == errno.EPIPE:
        return StopReason.READER_GONE, None
    full = is_disk_full(error)
    what = TunscopeError(
        "output",
        "the disk is full" if full else f"cannot write: {error.strerror}",
        "what was written is whole and valid",
    )
    return StopReason.DISK_FULL if full else StopReason.FAILED, what
