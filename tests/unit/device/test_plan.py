from __future__ import annotations

from typing import Any

import pytest

from tunscope.device.facts import DeviceFacts, Owner
from tunscope.device.plan import Attach, Create, Observe, Plan, check_bridge, decide
from tunscope.device.request import DeviceRequest
from tunscope.device.tuntap import TunFlags
from tunscope.errors import UsageError

TUN = TunFlags("tun", no_pi=False, multi_queue=True, persist=True, owner=5)
OWNER = Owner(77, "/usr/sbin/openvpn --config a")


def device(kind: str, owner: Owner | None = None, name: str = "dev0") -> DeviceFacts:
    return DeviceFacts(name, 3, kind, "up", 1500, 1, owner=owner)


@pytest.mark.parametrize(
    ("request_", "facts", "flags", "plan"),
    [
        (DeviceRequest("tun0"), None, None, Create(TunFlags("tun"))),
        (DeviceRequest("tap-vm"), None, None, Create(TunFlags("tap"))),
        (DeviceRequest("blue", kind="tap"), None, None, Create(TunFlags("tap"))),
        (DeviceRequest("tun0", kind="tap"), None, None, Create(TunFlags("tap"))),
        (DeviceRequest("tun0", persist=True), None, None, Create(TunFlags("tun", persist=True))),
        (DeviceRequest("dev0"), device("tun"), TUN, Attach(TUN)),
        (DeviceRequest("dev0", mtu=1400), device("tun"), TUN, Attach(TUN)),
        (DeviceRequest("dev0", kind="tun"), device("tun"), TUN, Attach(TUN)),
        (DeviceRequest("dev0"), device("tun", OWNER), TUN, Observe()),
        (DeviceRequest("dev0", observe=True), device("tun"), TUN, Observe()),
        (DeviceRequest("dev0"), device("veth"), None, Observe()),
    ],
)
def test_what_is_done_with_a_device(
    request_: DeviceRequest, facts: DeviceFacts | None, flags: TunFlags | None, plan: Plan
) -> None:
    assert decide(request_, facts, flags) == plan


def test_a_queue_held_by_nobody_known_is_not_shared() -> None:
    assert decide(DeviceRequest("dev0"), device("tun"), TUN, held=True) == Observe()


@pytest.mark.parametrize(
    ("fields", "facts", "flags", "part"),
    [
        ({"name": "etho"}, None, None, "did you mean eth0?"),
        ({"name": "wg-office"}, None, None, "say --tun or --tap"),
        ({"name": "tun9", "observe": True}, None, None, "no such device"),
        ({"name": "dev0", "kind": "tap"}, device("tun"), TUN, "is a tun device, not a tap"),
        ({"name": "dev0", "kind": "tun"}, device("veth"), None, "is a veth device, not a tun"),
        ({"name": "dev0", "mtu": 1400}, device("veth"), None, "only observes"),
        ({"name": "dev0", "mtu": 1400}, device("tun", OWNER), TUN, "held by openvpn (pid 77)"),
        ({"name": "dev0", "mac": "02:00:00:00:00:01"}, device("tun"), TUN, "no MAC"),
        ({"name": "tun0", "bridge": "br0"}, None, None, "no Ethernet"),
        ({"name": "dev0", "persist": True, "user": "a"}, device("tun"), TUN, "exists already"),
    ],
)
def test_what_cannot_be_done_is_told_with_the_reason(
    fields: dict[str, Any], facts: DeviceFacts | None, flags: TunFlags | None, part: str
) -> None:
    with pytest.raises(UsageError) as caught:
        decide(DeviceRequest(**fields), facts, flags, existing=["lo", "eth0"])
    assert part in str(caught.value)


def test_names_from_the_kernel_are_shown_without_their_control_characters() -> None:
    evil = device("veth", name="a\x1b[31m")
    with pytest.raises(UsageError) as caught:
        decide(DeviceRequest("a\x1b[31m", mtu=1400), evil, None)
    assert str(caught.value).isprintable()


def test_a_bridge_has_to_be_one() -> None:
    request = DeviceRequest("tap0", bridge="br0")
    check_bridge(request, device("bridge"))
    check_bridge(DeviceRequest("tap0"), None)
    with pytest.raises(UsageError, match="ip link add br0 type bridge"):
        check_bridge(request, None)
    with pytest.raises(UsageError, match="is a veth device"):
        check_bridge(request, device("veth"))
