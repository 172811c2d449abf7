"""A form for a tun or tap device that is made to be captured on."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Input, Static

from tunscope.tui.devices import DeviceChoice, NewDevice
from tunscope.tui.screens.form import FormField, FormScreen

if TYPE_CHECKING:
    from collections.abc import Collection

    from textual.app import ComposeResult

    from tunscope.tui.devices import Devices


class NewDeviceScreen(FormScreen[DeviceChoice]):
    """Ends with the device to make."""

    FIELDS = (
        FormField("name", "Name", "its name, at most 15 bytes"),
        FormField("kind", "Kind", "tun: IP packets, tap: Ethernet frames"),
        FormField("address", "Address", "as in 10.9.0.1/24; may stay empty"),
        FormField("mtu", "MTU", "in bytes; may stay empty"),
    )
    REPLACES = False
    DEFAULT_CSS = """
    NewDeviceScreen > Vertical { width: 64; }
    NewDeviceScreen Horizontal > Static { width: 9; }
    NewDeviceScreen #mistake { margin-top: 1; }
    """

    def __init__(self, devices: Devices, taken: Collection[str]) -> None:
        """`taken` are the names there are."""
        super().__init__()
        self._devices = devices
        self._taken = taken
        free = next(name for number in count() if (name := f"tun{number}") not in taken)
        self._initial = {"name": free, "kind": "tun"}

    def compose(self) -> ComposeResult:
        """A line a field, what is wrong, the keys."""
        with Vertical():
            yield Static("A new device, gone when its capture ends", markup=False)
            yield from self.lines(self._initial)
            yield Static("", id="mistake", markup=False)
            yield self.key_line("form.send", "form.close", labels={"form.send": "Create"})

    @property
    def answer(self) -> DeviceChoice:
        """The device."""
        typed = self.typed
        new = NewDevice(typed["kind"], typed["address"], typed["mtu"])
        return DeviceChoice(typed["name"], new)

    def mistake(self) -> str:
        """Say what cannot be made."""
        choice = self.answer
        if choice.name in self._taken:
            return f"{choice.name}: there is a device of that name already"
        return self._devices.mistake(choice)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Let the name say the kind, until somebody says another."""
        if event.input.id == "name" and event.value[:3] in {"tun", "tap"}:
            self.input("kind").value = event.value[:3]
