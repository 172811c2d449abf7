"""From a file name to a saved capture: asked, waited for, shown, told."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

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

    def save_displayed(self, path: str) -> None:
        """Save the displayed packets to `path`."""
        target = _path(path)
        self._unless_kept(
            target, lambda: self._save(displayed(self._app.view), target, lambda _: None)
        )

    def save_all_and_quit(self, path: str) -> None:
        """Save every packet of a capture that was told to stop, then quit."""
        app, target = self._app, _path(path)

        def save(stopped: bool | None) -> None:
            if stopped:
                self._save(whole(app.capture), target, quit_if_complete)
            else:
                app.tell("nothing was saved; w saves, q asks again", Severity.WARNING)

        def quit_if_complete(result: SaveResult) -> None:
            if result.complete:
                app.exit(Ending.RELEASE)

        def wait() -> None:
            app.session.stop()
            app.push_screen(StoppingScreen(app.capture, lambda: not app.browser.live), save)

        self._unless_kept(target, wait)

    def _unless_kept(self, target: Path, deed: Callable[[], None]) -> None:
        """Do `deed`, unless `target` is there and the person wants to keep it."""

        def answered(overwrite: bool | None) -> None:
            if overwrite:
                deed()
            else:
                self._app.tell(f"save {target}: the file is kept, nothing was saved")

        if target.is_file():
            question = f"{target} is there already. Overwrite it?"
            self._app.push_screen(ConfirmScreen(question, "Overwrite"), answered)
        else:
            deed()

    def _save(
        self, numbers: Sequence[int], target: Path, then: Callable[[SaveResult], None]
    ) -> None:
        def done(result: SaveResult | None) -> None:
            if result is not None:
                self._app.tell(result.text, result.severity)
                then(result)

        self._app.push_screen(SaveScreen(self._app.capture, numbers, target), done)


def _path(text: str) -> Path:
    return Path(os.path.expanduser(text))
