"""Saving, seen: a bar, a rate, and a way to stop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.widgets import Static

from tunscope.packet.printable import printable
from tunscope.tui import units
from tunscope.tui.dialog_keys import PROGRESS_KEYS
from tunscope.tui.saving import SaveJob, SaveResult
from tunscope.tui.screens.keyed import PanelScreen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tunscope.index.capture import CaptureIndex

_BAR_CELLS = 50


class SaveScreen(PanelScreen[SaveResult]):
    """Runs a `SaveJob` on its own thread and shows how far it is."""

    NAMESPACES = frozenset({"progress"})
    BINDINGS: ClassVar[list[BindingType]] = [*PROGRESS_KEYS]

    def __init__(self, capture: CaptureIndex, numbers: Sequence[int], path: Path) -> None:
        super().__init__()
        self._path = path
        self._job = SaveJob(capture, numbers, path)
        self._started = time.monotonic()
        self._bar = Static("", markup=False)

    def compose(self) -> ComposeResult:
        """What is saved where, how far it is, and how to stop it."""
        with Vertical():
            yield Static(f"Saving {printable(str(self._path))}", markup=False)
            yield self._bar
            yield self.key_line("progress.cancel")

    def on_mount(self) -> None:
        """Begin."""
        self._job.start()
        self.set_interval(1 / 10, self._pull)
        self._pull()

    def _pull(self) -> None:
        result = self._job.result
        if result is not None:
            self.dismiss(result)
            return
        done, total = self._job.written, self._job.total
        elapsed = max(0.001, time.monotonic() - self._started)
        full = _BAR_CELLS * done // max(1, total)
        self._bar.update(
            f"{'█' * full}{'░' * (_BAR_CELLS - full)}\n"
            f"{units.count(done)} of {units.count(total)} packets · "
            f"{units.packet_rate(done / elapsed)}"
        )

    def action_cancel(self) -> None:
        """Stop; what was begun is removed."""
        self._job.cancel()
