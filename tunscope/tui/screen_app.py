"""What every application here does: themes, keys, messages, and a terminal in order at the end."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from textual import events
from textual.app import App
from textual.screen import SystemModalScreen

from tunscope.errors import TunscopeError
from tunscope.packet.printable import printable
from tunscope.tui.messages import LoggedMessage, sign_of
from tunscope.tui.pasted import in_one_line
from tunscope.tui.session import Severity
from tunscope.tui.terminal_input import TerminalDriver
from tunscope.tui.themes import THEMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ResultT = TypeVar("_ResultT")
_KEPT_MESSAGES: Final = 1000
_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)
#: Before its first frame is out the screen cannot end (seconds).
_FIRST_FRAME: Final = 0.1
_TOAST_SECONDS: Final = {
    Severity.INFORMATION: 3.0, Severity.WARNING: 6.0, Severity.ERROR: 10.0,
}  # fmt: skip


class TakesPastes:
    """Base of a widget that wants what is pasted as it is, and does not show it."""


def _told_nothing() -> bool:
    return False


class ScreenApp(App[_ResultT], inherit_bindings=False):
    """Has the themes of tunscope, and `keys` in the place of the keys of some actions by id.

    It ends when the process is told to end by a signal, or was before it was there to heed it,
    which `told_to_end` knows.
    """

    TITLE = "tunscope"

    def __init__(
        self,
        theme: str,
        keys: Mapping[str, str],
        told_to_end: Callable[[], bool] = _told_nothing,
    ) -> None:
        super().__init__(TerminalDriver)
        self._told_to_end = told_to_end
        self._handlers: dict[signal.Signals, Any] = {}
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme
        self.key_overrides = dict(keys)
        self.messages: list[LoggedMessage] = []
        self.failure: Exception | None = None
        if self.key_overrides:
            self.set_keymap(self.key_overrides)

    def on_ready(self) -> None:
        """Begin to heed signals."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            self._handlers[number] = signal.getsignal(number)
            # A thread other than the main one may run the application in a test.
            with suppress(ValueError, RuntimeError, NotImplementedError):
                loop.add_signal_handler(number, self.end_as_told)
        if self._told_to_end():
            self.set_timer(_FIRST_FRAME, self.end_as_told)

    def on_unmount(self) -> None:
        """Give the signals back."""
        loop = asyncio.get_running_loop()
        for number, handler in self._handlers.items():
            with suppress(ValueError, RuntimeError, NotImplementedError):
                loop.remove_signal_handler(number)
                signal.signal(number, handler)

    def end_as_told(self) -> None:
        """End because of a signal."""
        self.exit()

    async def on_event(self, event: events.Event) -> None:
        """Have nothing pasted into a line that could not be typed there."""
        if isinstance(event, events.Paste) and not event.is_forwarded:
            whole = isinstance(self.focused, TakesPastes)
            event = event if whole else events.Paste(in_one_line(event.text))
        await super().on_event(event)

    def refresh_css(self, animate: bool = True) -> None:
        """Put the theme into force, on the palette too, which Textual passes over."""
        super().refresh_css(animate)
        for screen in self.screen_stack:
            if isinstance(screen, SystemModalScreen):
                self.stylesheet.update(screen, animate=animate)

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
