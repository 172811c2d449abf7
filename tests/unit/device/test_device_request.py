from __future__ import annotations

import json

import pytest

from tunscope.device.request import DeviceRequest
from tunscope.errors import UsageError


def test_addresses_routes_and_mac_are_put_into_normal_form() -> None:
    request = DeviceRequest(
        "tap0",
        kind="tap",
        addresses=("10.9.0.1/24", "FD00::0001/64", "10.0.0.7"),
        routes=("default", "10.8.0.0/16", "fd01::/48"),
        mac="02-AA-BB-00-00-01",
    )
    assert request.addresses == ("10.9.0.1/24", "fd00::1/64", "10.0.0.7/32")
    assert request.routes == ("0.0.0.0/0", "10.8.0.0/16", "fd01::/48")
    assert request.mac == "02:aa:bb:00:00:01"


def test_a_request_survives_json() -> None:
    request = DeviceRequest(
        "tun0",
        kind="tun",
        addresses=("10.9.0.1/24",),
        routes=("10.8.0.0/16",),
        mtu=1400,
        persist=True,
        user="nobody",
        netns="blue",
    )
    assert DeviceRequest.from_json(json.loads(json.dumps(request.to_json()))) == request


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"name": "a" * 16}, "at most 15 bytes, this one 16"),
        ({"name": "ümlautdevice15x"}, "this one 16"),
        ({"name": ""}, "empty"),
        ({"name": "a b"}, "not a device name"),
        ({"name": "a/b"}, "not a device name"),
        ({"name": "tun%d"}, "not a device name"),
        ({"name": "."}, "not a device name"),
        ({"name": "a \x1b[31m"}, r"\x1b"),
        ({"name": "tun0", "addresses": ("10.9.0.1/33",)}, "--addr 10.9.0.1/33: not an address"),
        ({"name": "tun0", "addresses": ("fe80::1%eth0/64",)}, "no zone"),
        ({"name": "tun0", "routes": ("10.9.0.1/24",)}, "meant: 10.9.0.0/24"),
        ({"name": "tun0", "routes": ("there",)}, "not a network"),
        ({"name": "tun0", "mtu": 67}, "not between"),
        ({"name": "tun0", "mtu": 1279, "addresses": ("fd00::1/64",)}, "too small for IPv6"),
        ({"name": "tun0", "mac": "02:00:00:00:00"}, "not a MAC"),
        ({"name": "tun0", "mac": "01:00:00:00:00:00"}, "unicast"),
        ({"name": "tun0", "user": "nobody"}, "need --persist"),
        ({"name": "tun0", "observe": True, "mtu": 1400}, "left as it is"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(fields: dict[str, object], part: str) -> None:
    with pytest.raises(UsageError) as caught:
        DeviceRequest(**fields)  # type: ignore[arg-type]  # any field, wrong on purpose
    message = str(caught.value)
    assert part in message
    assert message.isprintable()


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"name": 5},
        {"name": "tun0", "mtu": "1400"},
        {"name": "tun0", "mtu": True},
        {"name": "tun0", "addresses": "10.9.0.1/24"},
        {"name": "tun0", "addresses": [1]},
        {"name": "tun0", "persist": 1},
        {"name": "tun0", "kind": "veth"},
        {"name": "tun0", "wrong": 1},
    ],
)
def test_json_of_another_shape_is_refused(value: object) -> None:
    with pytest.raises(UsageError):
        DeviceRequest.from_json(value)
