"""The devices of this machine for the screen, looked at once a second on a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from tunscope.errors import TunscopeError, UsageError
from tunscope.tui.devices import UNKNOWN_OWNER, DeviceChoice, DeviceRow

if TYPE_CHECKING:
    from tunscope.device.facts import DeviceFacts, Owner
    from tunscope.device.request import DeviceRequest
    from tunscope.device.traffic import Traffic

_PAUSE_SECONDS: Final = 1.0


class DeviceWatch:
    """Implements `tui.devices.Devices`; `owners` tells who holds which device."""

    def __init__(self, owners: Callable[[], Mapping[str, Owner]]) -> None:
        self.failure = ""
        self._owners: Final = owners
        self._rows: Sequence[DeviceRow] = ()
        self._resting = threading.Event()
        self._resting.set()
        self._thread: threading.Thread | None = None

    def watch(self) -> None:
        """Look from now on."""
        self.rest()
        self._resting = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(self._resting,), name="devices", daemon=True
        )
        self._thread.start()

    def rest(self) -> None:
        """Look no more; does not wait."""
        self._resting.set()

    def rows(self) -> Sequence[DeviceRow]:
        """Return what the last look found."""
        return self._rows

    def mistake(self, choice: DeviceChoice) -> str:
        """Return what is wrong with a wish, "" if nothing is to be seen."""
        try:
            device_request(choice)
        except TunscopeError as error:
            return str(error)
        return ""

    def _run(self, resting: threading.Event) -> None:
        while not resting.is_set():
            try:
                self._rows, self.failure = self._look(), ""
            except (OSError, TunscopeError) as error:
                self.failure = f"devices: {error}"
            resting.wait(_PAUSE_SECONDS)

    def _look(self) -> Sequence[DeviceRow]:
        from tunscope.device.survey import survey
        from tunscope.device.traffic import Traffic, device_traffic

        totals = device_traffic()
        nothing = Traffic(0, 0)
        return tuple(
            device_row(facts, totals.get(facts.name, nothing)) for facts in survey(self._owners())
        )


def device_row(facts: DeviceFacts, traffic: Traffic) -> DeviceRow:
    """Return what the screen shows of a device."""
    owner = facts.owner
    holder = f"{owner.program} {owner.pid}" if owner is not None else ""
    if owner is None and facts.kind in {"tun", "tap"} and facts.state == "up":
        holder = UNKNOWN_OWNER  # it has a carrier, so somebody holds it
    return DeviceRow(
        name=facts.name,
        kind=facts.kind,
        state=facts.state,
        mtu=facts.mtu,
        addresses=facts.addresses,
        owner=holder,
        peer=str(facts.peer or facts.master or ""),
        packets=traffic.packets,
        octets=traffic.octets,
        capturable=facts.linktype is not None,
    )


def device_request(choice: DeviceChoice) -> DeviceRequest:
    """Return the request for a chosen device; UsageError says what is wrong with it."""
    from tunscope.device.request import DeviceRequest

    new = choice.new
    if new is None:
        return DeviceRequest(choice.name)
    if new.kind not in {"tun", "tap"}:
        raise UsageError("kind", f"{new.kind!r} is neither tun nor tap")
    if new.mtu and not (new.mtu.isascii() and new.mtu.isdecimal()):
        raise UsageError("mtu", f"{new.mtu!r} is not a number")
    return DeviceRequest(
        choice.name,
        kind="tun" if new.kind == "tun" else "tap",
        addresses=(new.address,) if new.address else (),
        mtu=int(new.mtu[:9]) if new.mtu else None,
    )
