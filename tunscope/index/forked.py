"""Indexing a file in a process of its own, while this one is busy with the screen.

The interpreter runs one thread at a time, and loading a screen takes as long as indexing a million
packets. The process is forked from this one before anything is loaded, and fills columns that both
see; what is not in columns comes through a pipe.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, NoReturn

from tunscope.capfile.errors import CaptureFileError
from tunscope.columns.buffer import CHUNK
from tunscope.index.giving_way import ALL
from tunscope.index.growth import Growth, GrowthReport, grow
from tunscope.index.indexing import Indexer, Step
from tunscope.index.memory import SHARED
from tunscope.index.source import FileSource, Source
from tunscope.index.store import CAPACITY
from tunscope.index.tables import Tables

#: Seconds between reports: sooner than a screen shows them, and seldom enough to cost nothing.
_PACE: Final = 0.02
#: Bytes of a file that is indexed here before a process could be forked.
_SMALL: Final = 4 * CHUNK


@dataclass(frozen=True, slots=True)
class _Report:
    """What the other process came to; `error` is that of its indexer."""

    growth: Growth
    read: int
    done: bool
    error: CaptureFileError | None


@dataclass(frozen=True, slots=True)
class _Failure:
    """What the other process did not reckon with."""

    text: str


def _as_we_are() -> None:
    """Give no rights away."""


def fork_indexer(source: Source, prepare: Callable[[], None] = _as_we_are) -> ForkedIndexer | None:
    """Return an indexer for `source` in a process of its own; None where that does not pay.

    The process calls `prepare` before it reads anything. It pays for a file of some size that does
    not grow, where there is a second processor, address space to share, and no other thread yet.
    """
    if not isinstance(source, FileSource) or not source.finished or source.size < _SMALL:
        return None
    if len(os.sched_getaffinity(0)) < 2 or threading.active_count() > 1:
        return None
    indexer = _forked(source, prepare)
    if indexer is None:
        gc.collect()  # tables refer to their parts and these to them; others need the room
    return indexer


def _forked(source: FileSource, prepare: Callable[[], None]) -> ForkedIndexer | None:
    tables = Tables(SHARED)
    if tables.packets.capacity < CAPACITY:
        return None
    tables.reserve_levels()
    try:
        return ForkedIndexer(source, tables, prepare=prepare)
    except OSError:  # there are as many processes as there may be
        return None


class ForkedIndexer:
    """Does what an `Indexer` does, in a process that ends with the capture or with this one.

    `tables` are shared and empty; their levels are reserved. `prepare` is called there first.
    """

    passed_over: Final = False

    def __init__(
        self,
        source: FileSource,
        tables: Tables,
        chunk: int = CHUNK,
        *,
        prepare: Callable[[], None] = _as_we_are,
    ) -> None:
        """Begin. OSError: no process can be had."""
        self.tables: Final = tables
        self.read = 0
        self.error: CaptureFileError | None = None
        self._name: Final = source.name
        self._lock: Final = threading.Lock()
        self._abandoned = False
        reading, writing = os.pipe2(os.O_CLOEXEC)
        self._reports: Final = open(reading, "rb")  # noqa: SIM115  (closed by `close`)
        with open(writing, "wb") as pipe:
            try:
                self._process = _fork()
            except OSError:
                self._reports.close()
                raise
            if not self._process:
                os.close(reading)
                _serve(source, tables, chunk, pipe, prepare)

    def step(self, most: int = ALL) -> Step:
        """Take in what is reported next; the process goes on meanwhile, whatever `most` says."""
        try:
            report = pickle.load(self._reports)
        except (EOFError, pickle.UnpicklingError):
            if not self._abandoned:
                status = self._reap()
                how = signal.Signals(-status).name if status < 0 else f"status {status}"
                why = f"the process that indexed it has ended early ({how})"
                self.error = CaptureFileError(self._name, why)
            return Step.DONE
        match report:
            case _Failure(text):
                raise RuntimeError(text)
            case _Report(growth, read, done, error):
                grow(self.tables, growth)
                self.read, self.error = read, error
        return Step.DONE if done else Step.ADVANCED

    def abandon(self) -> None:
        """Have nothing more indexed; see `Indexing`."""
        with self._lock:
            self._abandoned = True
            if self._process:
                with contextlib.suppress(ProcessLookupError):  # ended, and nobody is to ask how
                    os.kill(self._process, signal.SIGKILL)

    def close(self) -> None:
        """End the process."""
        self.abandon()
        self._reap()
        self._reports.close()

    def _reap(self) -> int:
        """Wait for the process to end; return its exit status, less than 0 for a signal."""
        with self._lock:
            process, self._process = self._process, 0
            if process:
                with contextlib.suppress(ChildProcessError):  # SIGCHLD is ignored
                    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            return 0


def _fork() -> int:
    """Fork; Ctrl+C is not for the new process, which ends with the other, not even at once."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with warnings.catch_warnings():
            # numpy's own threads are counted as well; nothing here needs them.
            warnings.simplefilter("ignore", DeprecationWarning)
            process = os.fork()
        if not process:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        return process
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(
    source: FileSource, tables: Tables, chunk: int, pipe: BinaryIO, prepare: Callable[[], None]
) -> NoReturn:
    """Be the other process: index, report, and leave nothing behind."""
    status = 1
    try:
        _leave_terminal()
        gc.disable()
        prepare()
        for report in _reports(source, tables, chunk):
            pickle.dump(report, pipe, pickle.HIGHEST_PROTOCOL)
            pipe.flush()
        status = 0
    except BrokenPipeError:
        status = 0  # nobody is interested any more
    except BaseException:  # noqa: BLE001 - it is raised in the other process
        with contextlib.suppress(OSError):
            pickle.dump(_Failure(traceback.format_exc()), pipe)
            pipe.flush()
    finally:
        os._exit(status)


def _leave_terminal() -> None:
    """Let go of the terminal: it has a screen on it, and may be closed."""
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for standard in range(3):
        os.dup2(nothing, standard)
    os.close(nothing)


def _reports(source: FileSource, tables: Tables, chunk: int) -> Iterator[_Report]:
    """Index the file; yield the first packets at once, then what comes in a moment.

    Something is told also while there are no packets: whoever listens sees how far it is, and
    whoever tells whether anybody listens.
    """
    indexer, news = Indexer(source, tables, chunk), GrowthReport(tables)
    tables.conversations.unwatch()
    due, told = time.monotonic() + _PACE, False
    step = Step.ADVANCED
    while step is Step.ADVANCED:
        step = indexer.step()
        now, some = time.monotonic(), tables.packets.count > 0
        if step is not Step.ADVANCED or now >= due or (some and not told):
            due, told = now + _PACE, some
            done = step is not Step.ADVANCED
            yield _Report(news.take(), indexer.read, done, indexer.error)
