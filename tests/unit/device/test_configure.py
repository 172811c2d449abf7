"""What is changed is undone in reverse; the kernel's part is played by a double."""

from __future__ import annotations

import errno
import os

import pytest

from tunscope.device.configure import Configuration
from tunscope.device.facts import DeviceFacts
from tunscope.device.request import DeviceRequest
from tunscope.errors import TunscopeError

FOUND = DeviceFacts("tap0", 3, "tap", "down", 1500, 1, 500, ("10.9.0.5/24",), "02:00:00:00:00:01")


class RecordingLink:
    """Remembers every change; refuses those named in `refusals` with the errno given there."""

    def __init__(self) -> None:
        self.changes: list[tuple[object, ...]] = []
        self.refusals: dict[str, int] = {}
        self.present = {"10.9.0.5/24"}

    def _change(self, *what: object) -> None:
        number = self.refusals.get(str(what[0]))
        if number is not None:
            raise OSError(number, os.strerror(number))
        self.changes.append(what)

    def set_up(self, index: int, up: bool) -> None:
        self._change("up" if up else "down")

    def set_mtu(self, index: int, mtu: int) -> None:
        self._change("mtu", mtu)

    def set_mac(self, index: int, mac: str) -> None:
        self._change("mac", mac)

    def set_txqueuelen(self, index: int, packets: int) -> None:
        self._change("txqueuelen", packets)

    def set_master(self, index: int, master: int) -> None:
        self._change("master", master)

    def add_address(self, index: int, address: str) -> bool:
        if address in self.present:
            return False
        self._change("add", address)
        return True

    def del_address(self, index: int, address: str) -> None:
        self._change("del", address)

    def add_route(self, index: int, network: str) -> bool:
        return self.add_address(index, network)

    def del_route(self, index: int, network: str) -> None:
        self.del_address(index, network)


REQUEST = DeviceRequest(
    "tap0",
    addresses=("10.9.0.5/24", "10.9.0.6/24"),
    routes=("10.8.0.0/16",),
    mtu=1400,
    mac="02:00:00:00:00:02",
    bridge="br0",
)


def test_everything_is_undone_in_reverse_and_what_was_there_stays() -> None:
    link = RecordingLink()
    configuration = Configuration(link, FOUND, found_master=8)
    configuration.apply(REQUEST, bridge=9)
    assert link.changes == [
        ("mtu", 1400),
        ("mac", "02:00:00:00:00:02"),
        ("txqueuelen", 10_000),
        ("master", 9),
        ("up",),
        ("add", "10.9.0.6/24"),
        ("add", "10.8.0.0/16"),
    ]
    link.changes.clear()
    configuration.undo()
    assert link.changes == [
        ("del", "10.8.0.0/16"),
        ("del", "10.9.0.6/24"),
        ("down",),
        ("master", 8),
        ("txqueuelen", 500),
        ("mac", "02:00:00:00:00:01"),
        ("mtu", 1500),
    ]
    configuration.undo()
    assert len(link.changes) == 7


def test_a_device_that_is_as_wanted_is_not_touched() -> None:
    link = RecordingLink()
    found = DeviceFacts("tun0", 3, "tun", "no-carrier", 1400, 65534, 20_000)
    Configuration(link, found).apply(DeviceRequest("tun0", mtu=1400))
    assert link.changes == []


def test_addresses_that_went_with_the_device_going_down_come_back() -> None:
    link = RecordingLink()
    configuration = Configuration(link, FOUND)
    configuration.apply(DeviceRequest("tap0"))
    link.present.clear()
    link.changes.clear()
    configuration.undo()
    assert link.changes[-1] == ("add", "10.9.0.5/24")


@pytest.mark.parametrize(
    ("refused", "number", "part"),
    [
        ("mtu", errno.EINVAL, "cannot set the MTU to 1400: Invalid argument"),
        ("up", errno.EPERM, "cannot bring it up: not permitted (needs CAP_NET_ADMIN; try sudo)"),
        ("add", errno.ENETUNREACH, "cannot add address 10.9.0.6/24: Network is unreachable"),
    ],
)
def test_a_refusal_names_the_step(refused: str, number: int, part: str) -> None:
    link = RecordingLink()
    link.refusals[refused] = number
    with pytest.raises(TunscopeError) as caught:
        Configuration(link, FOUND).apply(REQUEST, bridge=9)
    assert part in str(caught.value)


def test_who_may_not_lengthen_the_queue_keeps_the_one_there_is() -> None:
    link = RecordingLink()
    link.refusals["txqueuelen"] = errno.EPERM
    configuration = Configuration(link, FOUND)
    configuration.apply(DeviceRequest("tap0"))
    configuration.undo()
    assert link.changes == [("up",), ("down",)]


def test_a_vanished_device_needs_no_undoing() -> None:
    link = RecordingLink()
    configuration = Configuration(link, FOUND)
    configuration.apply(REQUEST, bridge=9)
    link.refusals = dict.fromkeys(("del", "down", "master", "mtu", "mac"), errno.ENODEV)
    configuration.undo()


def test_a_refused_undo_is_told_after_the_others_were_done() -> None:
    link = RecordingLink()
    configuration = Configuration(link, FOUND)
    configuration.apply(REQUEST, bridge=9)
    link.refusals["master"] = errno.EPERM
    with pytest.raises(TunscopeError, match="could not be put back"):
        configuration.undo()
    assert link.changes[-1] == ("mtu", 1500)
