"""From the kernel's facts to the rows of the devices screen, and from a wish to a request."""

from __future__ import annotations

import time

import pytest

from tunscope.cli.device_watch import DeviceWatch, device_request, device_row
from tunscope.device.facts import DeviceFacts, Owner, VethPeer
from tunscope.device.request import DeviceRequest
from tunscope.device.traffic import Traffic, parse_traffic
from tunscope.errors import TunscopeError
from tunscope.tui.devices import DeviceChoice, DeviceRow, NewDevice

TUN = DeviceFacts("tun0", 3, "tun", "up", 1500, 65534)


@pytest.mark.parametrize(
    ("owner", "state", "shown"),
    [
        (Owner(7748, "/usr/sbin/openvpn --config x"), "up", "openvpn 7748"),
        (None, "up", "unknown"),  # a carrier, so somebody holds it
        (None, "no-carrier", ""),
    ],
)
def test_the_owner_is_named_unknown_or_nobody(owner: Owner | None, state: str, shown: str) -> None:
    facts = DeviceFacts("tun0", 3, "tun", state, 1500, 65534, owner=owner)
    assert device_row(facts, Traffic(1, 2)).owner == shown


def test_peer_totals_and_unknown_packets_are_shown() -> None:
    veth = DeviceFacts("v0", 4, "veth", "up", 1500, 1, peer=VethPeer(5, "v1", "blue", 0))
    row = device_row(veth, Traffic(10, 2000))
    assert (row.peer, row.packets, row.octets, row.owner) == ("v1@blue", 10, 2000, "")
    assert row.capturable
    assert not device_row(DeviceFacts("x", 1, "x", "up", 1, 9999), Traffic(0, 0)).capturable


def test_a_wish_becomes_a_request() -> None:
    assert device_request(DeviceChoice("eth0")) == DeviceRequest("eth0")
    wish = DeviceChoice("lan", NewDevice("tap", "10.0.0.1/24", "1400"))
    assert device_request(wish) == DeviceRequest(
        "lan", kind="tap", addresses=("10.0.0.1/24",), mtu=1400
    )


@pytest.mark.parametrize(
    "wish",
    [
        DeviceChoice("a/b"),
        DeviceChoice("tun0", NewDevice("tuna")),
        DeviceChoice("tun0", NewDevice("tun", "10.0.0.300/24")),
        DeviceChoice("tun0", NewDevice("tun", "", "x")),
        DeviceChoice("tun0", NewDevice("tun", "", "5")),
    ],
)
def test_what_is_wrong_with_a_wish_is_said(wish: DeviceChoice) -> None:
    assert DeviceWatch(dict).mistake(wish)


def test_a_watch_looks_until_it_rests() -> None:
    asked: list[float] = []

    def owners() -> dict[str, Owner]:
        asked.append(time.monotonic())
        return {}

    watch = DeviceWatch(owners)
    assert watch.rows() == ()
    watch.watch()
    deadline = time.monotonic() + 20
    while not watch.rows() and time.monotonic() < deadline:
        time.sleep(0.02)
    watch.rest()
    names = [row.name for row in watch.rows()]
    assert "lo" in names
    assert isinstance(watch.rows()[0], DeviceRow)


def test_a_look_that_fails_is_told() -> None:
    def owners() -> dict[str, Owner]:
        raise TunscopeError("owners", "nobody answers")

    watch = DeviceWatch(owners)
    watch.watch()
    deadline = time.monotonic() + 20
    while not watch.failure and time.monotonic() < deadline:
        time.sleep(0.02)
    watch.rest()
    assert "nobody answers" in watch.failure


def test_totals_are_read_from_proc_net_dev() -> None:
    text = (
        b"Inter-|   Receive                                                |  Transmit\n"
        b" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n"
        b"    lo:     100       2    0    0    0     0          0         0      300       4  0 0\n"
        b"  lo: 1: 1 2 0 0 0 0 0 0 3 4 0 0\n"
        b"bad: x y\n"
        b"short: 1 2\n"
    )
    totals = parse_traffic(text.replace(b"lo:  ", b"lo: "))
    assert totals["lo"] == Traffic(6, 400)
    assert totals["lo: 1"] == Traffic(6, 4)
    assert set(totals) == {"lo", "lo: 1"}
