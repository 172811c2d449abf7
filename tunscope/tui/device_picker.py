"""`tunscope` alone: the devices, before there is any capture."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding

from tunscope.tui.screen_app import ScreenApp
from tunscope.tui.screens.devices import DevicesScreen
from tunscope.tui.themes import THEMES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.binding import BindingType

    from tunscope.tui.devices import DeviceChoice, Devices

NO_OTHER_KEYS: Final[Mapping[str, str]] = MappingProxyType({})


class DevicePicker(ScreenApp["DeviceChoice"], inherit_bindings=False):
    """Shows `devices` and ends with the one to capture on, None after Esc or a signal."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q,ctrl+c", "quit", "Quit", show=False, priority=True, id="app.quit"),
    ]

    def __init__(
        self,
        devices: Devices,
        message: str = "",
        *,
        theme: str = THEMES[0].name,
        keys: Mapping[str, str] = NO_OTHER_KEYS,
        told_to_end: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(theme, keys, told_to_end)
        self._devices = devices
        self._message = message

    def on_mount(self) -> None:
        """Show the list."""
        self.push_screen(DevicesScreen(self._devices, self._message, "Quit"), self.exit)


def pick_device(
    devices: Devices,
    message: str = "",
    *,
    theme: str = THEMES[0].name,
    keys: Mapping[str, str] = NO_OTHER_KEYS,
    told_to_end: Callable[[], bool] = lambda: False,
) -> DeviceChoice | None:
    """Let the person choose in this terminal; `message` says what went wrong before.

    `keys` are those of the configuration, by the ids of actions; `told_to_end` knows whether a
    signal came before the screen was there. Raises TunscopeError when the screen fails.
    """
    app = DevicePicker(devices, message, theme=theme, keys=keys, told_to_end=told_to_end)
    choice = app.run()
    app.raise_failure("--debug shows where")
    return choice
