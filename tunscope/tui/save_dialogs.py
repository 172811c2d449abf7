"""From a file name to a saved capture: asked, waited for, shown, told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tunscope.tui import units
from tunscope.tui.saving import SaveResult, displayed, whole
from tunscope.tui.screens.confirm import ConfirmScreen
from tunscope.tui.screens.save import SaveScreen
from tunscope.tui.screens.stopping import StoppingScreen
from tunscope.tui.session import Ending, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tunscope.tui.app import TunscopeApp


class SaveDialogs:
    """What happens after a file name was given; a file that is there is never lost unasked."""

    def __init__(self, app: TunscopeApp) -> None:
        self._app = app
        self._saved_last = 0
        #: What `W` chose to save with the next file name.
        self.chosen: Sequence[int] = ()

    def loss(self) -> str:
        """Return what would be lost by quitting now, as one sentence; "" for nothing."""
        app = self._app
        status = app.browser.status
        packets = max(app.capture.count, status.counters.captured)
        if status.unsaved and packets > self._saved_last:
            return f"The capture of {units.packets(packets)} is not saved."
        annotations = app.capture.annotations
        if annotations.unsaved:
            return f"The comments on {units.packets(annotations.packets)} are not saved."
        return ""

    def save_displayed(self, path: str) -> None:
        """Save the displayed packets to `path`."""
        self._save_now(lambda: displayed(self._app.view), path)

    def save_chosen(self, path: str) -> None:
        """Save the packets in `chosen` to `path`."""
        self._save_now(lambda: self.chosen, path)

    def _save_now(self, numbers: Callable[[], Sequence[int]], path: str) -> None:
        target = _path(path)
        self._unless_kept(target, lambda: self._save(numbers(), target, lambda _: None))

    def save_all_then(self, path: str, then: Callable[[], None]) -> None:
        """Save every packet of a capture that was told to stop, then do something."""
        app, target = self._app, _path(path)

        def save(stopped: bool | None) -> None:
            if stopped:
                self._save(whole(app.capture), target, done)
            else:
                app.tell("nothing was saved; w saves, q asks again", Severity.WARNING)

        def done(result: SaveResult) -> None:
            if result.complete:
                if result.severity is not Severity.INFORMATION:
                    app.farewell = result.text
                then()

        def wait() -> None:
            app.session.stop()
            app.push_screen(StoppingScreen(app.capture, lambda: not app.browser.live), save)

        self._unless_kept(target, wait)

    def save_all_and_quit(self, path: str) -> None:
        """Save every packet of a capture that was told to stop, then quit."""
        self.save_all_then(path, lambda: self._app.exit(Ending.RELEASE))

    def _unless_kept(self, target: Path, deed: Callable[[], None]) -> None:
        """Do `deed`, unless `target` is there and the person wants to keep it."""

        def answered(overwrite: bool | None) -> None:
            if overwrite:
                deed()
            else:
                self._app.tell(f"save {target}: the file is kept, nothing was saved")

        if self._is_being_captured(target):
            why = "the capture is being written there (^e stops it)"
            self._app.tell(f"save {target}: {why}", Severity.WARNING)
            self._ask_again()
        elif target.is_file():
            question = f"{target} is there already. Overwrite it?"
            self._app.push_screen(ConfirmScreen(question, "Overwrite"), answered)
        else:
            deed()

    def _is_being_captured(self, target: Path) -> bool:
        """Whether `target` is the file that the engine writes at this moment."""
        if not self._app.browser.live:
            return False
        try:
            return target.samefile(self._app.capture.source.name)
        except OSError:
            return False

    def _save(
        self, numbers: Sequence[int], target: Path, then: Callable[[SaveResult], None]
    ) -> None:
        app = self._app

        def done(result: SaveResult | None) -> None:
            if result is not None:
                self._saved_last = max(self._saved_last, result.last)
                app.capture.annotations.mark_saved(result.revision)
                app.tell(result.text, result.severity)
                then(result)
                if result.severity is Severity.ERROR:
                    self._ask_again()

        app.push_screen(SaveScreen(app.capture, numbers, target), done)

    def _ask_again(self) -> None:
        """Leave what was typed to be mended."""
        browser = self._app.browser
        if self._app.screen is browser:
            browser.prompt.ask_again()


def _path(text: str) -> Path:
    return Path(os.path.expanduser(text))
