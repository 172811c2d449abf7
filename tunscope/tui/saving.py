"""Copies packets to a capture file of their own, on a thread, all or nothing."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunscope.errors import TunscopeError
from tunscope.tui import units
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
    """How a save ended, in one sentence; `complete` says that every packet is in the file."""

    complete: bool
    text: str
    severity: Severity


class SaveJob:
    """Saves the packets with these numbers, in their order, to `path`.

    The packets are written beside `path` and take its place at the end, so that a full disk or
    a change of mind leaves what was there. `written` and `result` may be read at any time.
    """

    def __init__(self, capture: CaptureIndex, numbers: Sequence[int], path: Path) -> None:
        self.total = len(numbers)
        self.written = 0
        self.result: SaveResult | None = None
        self._capture = capture
        self._numbers = numbers
        self._path = path
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
            self._copy(part)
            if self._cancelled.is_set():
                text = f"save {self._path}: cancelled, nothing written"
                return SaveResult(False, text, Severity.WARNING)
            part.replace(self._path)
        except KeyError as error:
            return self._failed(f"packet {error} is no longer kept")
        except (OSError, TunscopeError) as error:
            return self._failed(getattr(error, "strerror", None) or str(error))
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        text = f"saved {units.packets(self.written)} to {self._path}"
        return SaveResult(True, text, Severity.INFORMATION)

    def _failed(self, why: str) -> SaveResult:
        return SaveResult(False, f"save {self._path}: {why}", Severity.ERROR)

    def _copy(self, part: Path) -> None:
        from tunscope.capfile.writer import open_writer

        with open_writer(part, self._capture.interfaces) as writer:
            for number in self._numbers:
                if self._cancelled.is_set():
                    return
                writer.write(self._capture.record(number))
                self.written += 1
