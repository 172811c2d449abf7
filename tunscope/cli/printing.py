"""``--print``: a line a packet while the capture runs, on a thread of its own."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from tunscope.capfile.reader import open_capture
from tunscope.errors import TunscopeError

if TYPE_CHECKING:
    from tunscope.packet.record import PacketRecord


class PrintedLines:
    """Prints what `stream` holds until it ends; `failure` tells why it ended early.

    `shows` chooses packets; numbers count all of them,
    from `first_number`. When nobody reads `output` any more the
    thread ends and `alive` turns false.
    """

    def __init__(
        self,
        stream: io.RawIOBase,
        shows: Callable[[PacketRecord], bool],
        output: TextIO,
        first_number: int = 1,
    ) -> None:
        self._stream = io.BufferedReader(stream, 1 << 16)
        self._shows = shows
        self._output = output
        self._first_number = first_number
        self.failure: TunscopeError | None = None
        self._thread = threading.Thread(target=self._run, name="print", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether lines are still being printed."""
        return self._thread.is_alive()

    def join(self) -> None:
        """Wait for the last line."""
        self._thread.join()

    def _run(self) -> None:
        try:
            self._print()
        except BrokenPipeError:
            pass
        except TunscopeError as error:
            self.failure = error
        except OSError as error:
            self.failure = TunscopeError("--print", f"cannot write: {error.strerror}")

    def _print(self) -> None:
        from tunscope.summary.conversation import ConversationTracker
        from tunscope.summary.line import clock_time, packet_line

        tracker = ConversationTracker()
        with open_capture(self._stream) as reader:
            for number, record in enumerate(reader, self._first_number):
                summary = tracker.summarize(record)
                if self._shows(record):
                    time = clock_time(record.ts_ns)
                    print(packet_line(number, record, summary, time), file=self._output, flush=True)
