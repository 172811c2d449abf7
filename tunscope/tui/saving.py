"""Copies packets to a capture file of their own, on a thread, all or nothing."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunscope.errors import TunscopeError
from tunscope.tui import units
from tunscope.tui.program_comments import ProgramComments
from tunscope.tui.session import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tunscope.index.capture import CaptureIndex
    from tunscope.index.view import View


def displayed(view: View) -> Sequence[int]:
    """Return the numbers of the packets in `view` now; later changes of it make no difference."""
    return view.numbers(0, len(view))


def whole(capture: CaptureIndex) -> Sequence[int]:
    """Return the numbers of all packets that are there now."""
    return range(capture.first_number, capture.count + 1)


@dataclass(frozen=True, slots=True)
class SaveResult:
    """How a save ended, in one sentence.

    `complete` says that everything that is still there of the packets is in the file, `last` is
    the newest number of the capture then if that was all of its packets, else 0. `revision` is
    that of the annotations in the file, -1 if they are not all in it.
    """

    complete: bool
    text: str
    severity: Severity
    last: int = 0
    revision: int = -1


class SaveJob:
    """Saves the packets with these numbers, in their order, to `path`.

    The packets are written beside `path` and take its place at the end, so that a full disk or
    a change of mind leaves what was there. Packets that are no longer kept are left out and
    counted; what is known of the programs behind the packets becomes comments. `written` and
    `result` may be read at any time.
    """

    def __init__(
        self,
        capture: CaptureIndex,
        numbers: Sequence[int],
        path: Path,
    ) -> None:
        self.total = len(numbers)
        self.written = 0
        self.result: SaveResult | None = None
        self._capture = capture
        self._numbers = numbers
        self._path = path
        self._with_program = ProgramComments(capture)
        self._gone = 0
        self._revision = capture.annotations.revision
        self._last = capture.count if self.total > capture.count - capture.first_number else 0
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="save", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Stop soon; `result` says when it has."""
        self._cancelled.set()

    def wait(self, timeout: float) -> None:
        """Wait for the end, `timeout` seconds at most."""
        self._thread.join(timeout)

    def _run(self) -> None:
        part = self._path.with_name(f".part{os.getpid()}-{self._path.name}")
        try:
            self.result = self._save(part)
        except Exception as error:  # noqa: BLE001  without a result the dialog would never end
            self.result = self._failed(f"{type(error).__name__}: {error}")

    def _save(self, part: Path) -> SaveResult:
        try:
            left_out = self._copy(part)
            if self._cancelled.is_set():
                text = f"save {self._path}: cancelled, nothing written"
                return SaveResult(False, text, Severity.WARNING)
            if self._gone and not self.written:
                return self._failed("none of the packets is there any more")
            part.replace(self._path)
        except (OSError, TunscopeError) as error:
            why = getattr(error, "strerror", None) or str(error)
            why = why.replace(str(part), str(self._path))
            return self._failed(why.removeprefix(f"{self._path}: "))
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        text = "; ".join([f"saved {units.packets(self.written)} to {self._path}", *left_out])
        severity = Severity.WARNING if left_out else Severity.INFORMATION
        return SaveResult(True, text, severity, self._last, self._saved_revision())

    def _failed(self, why: str) -> SaveResult:
        return SaveResult(False, f"save {self._path}: {why}", Severity.ERROR)

    def _saved_revision(self) -> int:
        return self._revision if self._last and not _is_pcap(self._path) else -1

    def _copy(self, part: Path) -> list[str]:
        """Write all packets to `part` and return what is not in it, a sentence each."""
        from tunscope.capfile.writer import open_writer

        capture = self._capture
        contents = capture.tables.contents
        comments = 0
        with open_writer(
            part, capture.interfaces, names=contents.names, comments=contents.comments
        ) as writer:
            for number in self._numbers:
                if self._cancelled.is_set():
                    return []
                try:
                    record = self._with_program(number, capture.record(number))
                except KeyError:
                    self._gone += 1
                    continue
                writer.write(record)
                comments += len(record.comments)
                self.written += 1
        left_out = [text.removeprefix(f"{part}: ") for text in writer.warnings]
        if self._gone:
            left_out.insert(0, f"{units.packets(self._gone)} no longer kept, left out")
        if comments and _is_pcap(self._path):
            left_out.append(f"a pcap has no place for comments, left out: {units.count(comments)}")
        return left_out


def _is_pcap(path: Path) -> bool:
    plain = path.with_suffix("") if path.suffix in {".gz", ".zst"} else path
    return plain.suffix == ".pcap"
