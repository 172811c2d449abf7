"""The live list of devices: see who owns what, start capturing on one, make one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.widgets import Static

from tunscope.packet.printable import printable
from tunscope.tui import units
from tunscope.tui.devices import DeviceChoice
from tunscope.tui.dialog_keys import DEVICES_KEYS
from tunscope.tui.screens.keyed import KeyedScreen
from tunscope.tui.screens.new_device import NewDeviceScreen
from tunscope.tui.widgets.device_list import DeviceList
from tunscope.tui.widgets.title_line import TitleFacts, TitleLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from tunscope.tui.devices import Devices

_LOOKS_A_SECOND = 2


class DevicesScreen(KeyedScreen[DeviceChoice]):
    """Ends with the device to capture on, None after Esc."""

    NAMESPACES = frozenset({"devices"})
    BINDINGS: ClassVar[list[BindingType]] = [*DEVICES_KEYS]
    DEFAULT_CSS = """
    DevicesScreen { background: $background; }
    DevicesScreen DeviceList { height: 1fr; }
    DevicesScreen Static { height: auto; background: $panel; padding: 0 1; }
    DevicesScreen #failure { color: $text-error; }
    DevicesScreen #remark { color: $text-muted; }
    """

    def __init__(
        self,
        devices: Devices,
        message: str = "",
        leave: str = "Back",
        remark: str = "",
        capture: Callable[[], TitleFacts] = TitleFacts,
    ) -> None:
        """`message` says what went wrong before, `leave` what Esc is called.

        `remark` is what a person has to know of these devices. `capture` tells how the capture
        does that goes on meanwhile.
        """
        super().__init__()
        self._capture = capture
        self._title = TitleLine()
        self._devices = devices
        self._message = message
        self._leave = leave
        self._remark = remark
        self._list = DeviceList()

    def compose(self) -> ComposeResult:
        """The title, what went wrong, the devices, the keys."""
        yield self._title
        if self._message:
            yield Static(printable(self._message), markup=False, id="failure")
        if self._remark:
            yield Static(printable(self._remark), markup=False, id="remark")
        yield self._list
        labels = {"list.choose": "Capture", "devices.close": self._leave}
        yield self.key_line("list.choose", "devices.new", "devices.close", labels=labels)

    def on_mount(self) -> None:
        """Begin to look."""
        self._devices.watch()
        self._list.focus()
        self.set_interval(1 / _LOOKS_A_SECOND, self._pull)
        self._pull()

    def on_unmount(self) -> None:
        """Look no more."""
        self._devices.rest()

    def _pull(self) -> None:
        self._list.hint = self._devices.failure or "looking…"
        rows = self._devices.rows()
        self._list.show(rows)
        title = f"Devices {units.count(len(rows))}" if rows else "Devices"
        self._title.show(replace(self._capture(), title=title))

    def on_virtual_list_row_chosen(self) -> None:
        """Capture on the device under the cursor."""
        device = self._list.selected
        if device is None:
            return
        choice = DeviceChoice(device.name)
        mistake = self._devices.mistake(choice)
        if not device.capturable:
            mistake = f"{device.name}: packets of this kind of device are not known"
        if mistake:
            self.tell(mistake)
        else:
            self.dismiss(choice)

    def action_create(self) -> None:
        """Ask for a new device."""
        names = {row.name for row in self._devices.rows()}
        screen = NewDeviceScreen(self._devices, names)

        def asked(choice: DeviceChoice | None) -> None:
            if choice is not None:
                self.dismiss(choice)

        self.app.push_screen(screen, asked)

    def action_close(self) -> None:
        """Choose nothing."""
        self.dismiss(None)
