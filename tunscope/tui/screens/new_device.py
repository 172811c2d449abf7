"""A form for a tun or tap device that is made to be captured on."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from tunscope.packet.printable import printable
from tunscope.tui.devices import DeviceChoice, NewDevice
from tunscope.tui.screens.form import FormScreen

if TYPE_CHECKING:
    from collections.abc import Collection

    from textual.app import ComposeResult

    from tunscope.tui.devices import Devices

_FIELDS = (
    ("name", "Name", "its name, at most 15 bytes"),
    ("kind", "Kind", "tun: IP packets, tap: Ethernet frames"),
    ("address", "Address", "as in 10.9.0.1/24; may stay empty"),
    ("mtu", "MTU", "in bytes; may stay empty"),
)


class NewDeviceScreen(FormScreen[DeviceChoice]):
    """Ends with the device to make, None after Esc; what is wrong is said as it is typed."""

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
            for name, label, hint in _FIELDS:
                with Horizontal():
                    yield Static(label, markup=False)
                    value = self._initial.get(name, "")
                    yield Input(
                        value, placeholder=hint, id=name, compact=True, select_on_focus=False
                    )
            yield Static("", id="mistake", markup=False)
            yield self.key_line("form.send", "form.close", labels={"form.send": "Create"})

    def on_mount(self) -> None:
        """Begin with the name."""
        self.query_one("#name", Input).focus()

    @property
    def _choice(self) -> DeviceChoice:
        typed = {name: self.query_one(f"#{name}", Input).value.strip() for name, *_ in _FIELDS}
        new = NewDevice(typed["kind"], typed["address"], typed["mtu"])
        return DeviceChoice(typed["name"], new)

    def _mistake(self) -> str:
        choice = self._choice
        if choice.name in self._taken:
            return f"{choice.name}: there is a device of that name already"
        return self._devices.mistake(choice)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say what is wrong so far; the name says the kind, until somebody says another."""
        event.stop()
        kind = self.query_one("#kind", Input)
        if event.input.id == "name" and event.value[:3] in {"tun", "tap"}:
            kind.value = event.value[:3]
        self.query_one("#mistake", Static).update(printable(self._mistake()))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Make it, if it can be."""
        event.stop()
        self.action_send()

    def action_send(self) -> None:
        """End with what was typed."""
        mistake = self._mistake()
        if mistake:
            self.query_one("#mistake", Static).update(printable(mistake))
        else:
            self.dismiss(self._choice)

    def action_close(self) -> None:
        """Make nothing."""
        self.dismiss(None)
