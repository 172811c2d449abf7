"""Waiting for the last packets of a capture that was told to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.widgets import Static

from tunscope.tui import units
from tunscope.tui.dialog_keys import PROGRESS_KEYS
from tunscope.tui.screens.keyed import PanelScreen

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tunscope.index.capture import CaptureIndex


class StoppingScreen(PanelScreen[bool]):
    """Ends with True as soon as `stopped` says so and the index has read to the end.

    Esc ends the wait with False; the capture goes on stopping.
    """

    NAMESPACES = frozenset({"progress"})
    BINDINGS: ClassVar[list[BindingType]] = [*PROGRESS_KEYS]

    def __init__(self, capture: CaptureIndex, stopped: Callable[[], bool]) -> None:
        super().__init__()
        self._capture = capture
        self._stopped = stopped
        self._progress = Static("", markup=False)

    def compose(self) -> ComposeResult:
        """What is waited for, and how to stop waiting."""
        with Vertical():
            yield self._progress
            yield self.key_line("progress.cancel")

    def on_mount(self) -> None:
        """Look at once, and then ten times a second."""
        self.set_interval(1 / 10, self._pull)
        self._pull()

    def _pull(self) -> None:
        stopped = self._stopped()
        if stopped and self._capture.complete:
            self.dismiss(True)
            return
        doing = "Reading the last packets" if stopped else "Waiting for the capture to stop"
        self._progress.update(f"{doing}: {units.packets(self._capture.count)} so far")

    def action_cancel(self) -> None:
        """Stop waiting."""
        self.dismiss(False)
