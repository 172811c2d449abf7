"""`tunscope` alone: the devices, before there is any capture."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import Binding

from tunscope.errors import TunscopeError
from tunscope.packet.printable import printable
from tunscope.tui.screens.devices import DevicesScreen
from tunscope.tui.themes import THEMES

if TYPE_CHECKING:
    from textual.binding import BindingType

    from tunscope.tui.devices import DeviceChoice, Devices


class DevicePicker(App["DeviceChoice"], inherit_bindings=False):
    """Shows `devices` and ends with the one to capture on, None after Esc."""

    TITLE = "tunscope"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q,ctrl+c", "quit", "Quit", show=False, priority=True, id="app.quit"),
    ]

    def __init__(self, devices: Devices, message: str = "", theme: str = THEMES[0].name) -> None:
        super().__init__()
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme
        self.failure: Exception | None = None
        self._devices = devices
        self._message = message

    def on_mount(self) -> None:
        """Show the list."""
        self.push_screen(DevicesScreen(self._devices, self._message, "Quit"), self.exit)

    def _handle_exception(self, error: Exception) -> None:
        """Remember the first failure; the terminal is restored as ever."""
        self.failure = self.failure or error
        super()._handle_exception(error)

    def _print_error_renderables(self) -> None:
        """Print no traceback over the person's terminal."""
        self._exit_renderables.clear()


def pick_device(
    devices: Devices, message: str = "", *, theme: str = THEMES[0].name
) -> DeviceChoice | None:
    """Let the person choose in this terminal; `message` says what went wrong before.

    Raises TunscopeError when the screen fails.
    """
    app = DevicePicker(devices, message, theme)
    choice = app.run()
    if app.failure is not None:
        what = printable(f"{type(app.failure).__name__}: {app.failure}")
        raise TunscopeError("the screen failed", what, "--debug shows where") from app.failure
    return choice
