"""What every application here does: its themes, its keys, a terminal in order when it fails."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

from textual.app import App

from tunscope.errors import TunscopeError
from tunscope.packet.printable import printable
from tunscope.tui.messages import LoggedMessage, sign_of
from tunscope.tui.session import Severity
from tunscope.tui.themes import THEMES

if TYPE_CHECKING:
    from collections.abc import Mapping

_ResultT = TypeVar("_ResultT")
_KEPT_MESSAGES: Final = 1000
_TOAST_SECONDS: Final = {
    Severity.INFORMATION: 3.0, Severity.WARNING: 6.0, Severity.ERROR: 10.0,
}  # fmt: skip


class ScreenApp(App[_ResultT], inherit_bindings=False):
    """Has the themes of tunscope, and `keys` in the place of the keys of some actions by id."""

    TITLE = "tunscope"

    def __init__(self, theme: str, keys: Mapping[str, str]) -> None:
        super().__init__()
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme
        self.key_overrides = dict(keys)
        self.messages: list[LoggedMessage] = []
        self.failure: Exception | None = None
        if self.key_overrides:
            self.set_keymap(self.key_overrides)

    def tell(self, text: str, severity: Severity = Severity.INFORMATION) -> None:
        """Show one sentence in a toast and keep it in the log; `text` may be hostile."""
        safe = printable(text)
        self.messages.append(LoggedMessage(time.time(), severity, safe))
        del self.messages[:-_KEPT_MESSAGES]
        seconds = _TOAST_SECONDS[severity]
        toast = f"{sign_of(severity)}{safe}"
        self.notify(toast, severity=severity.value, timeout=seconds, markup=False)

    def raise_failure(self, hint: str) -> None:
        """Raise TunscopeError with `hint` if the screen failed, its cause attached."""
        if self.failure is not None:
            what = printable(f"{type(self.failure).__name__}: {self.failure}")
            raise TunscopeError("the screen failed", what, hint) from self.failure

    def _handle_exception(self, error: Exception) -> None:
        """Remember the first failure; the terminal is restored as ever."""
        self.failure = self.failure or error
        super()._handle_exception(error)

    def _print_error_renderables(self) -> None:
        """Print no traceback over the person's terminal: `raise_failure` tells what failed."""
        self._exit_renderables.clear()
