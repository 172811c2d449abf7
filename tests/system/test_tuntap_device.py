from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tunscope.device import tuntap
from tunscope.device.tuntap import TunFlags
from tunscope.errors import UsageError

if TYPE_CHECKING:
    from network_namespace import NetworkNamespace


@pytest.mark.parametrize("kind", ["tun", "tap"])
def test_a_device_lives_as_long_as_its_descriptor(netns: NetworkNamespace, kind: str) -> None:
    with netns.entered():
        fd = tuntap.create_tun("dev0", TunFlags("tun" if kind == "tun" else "tap"))
    assert f"tun type {kind} pi off vnet_hdr off persist off" in netns.ip("-d link show dev0")
    assert not os.get_blocking(fd)
    assert not os.get_inheritable(fd)
    assert tuntap.attached_name(fd) == "dev0"
    os.close(fd)
    assert netns.links() == []


def test_persistence_and_owner_are_kept_by_the_kernel(netns: NetworkNamespace) -> None:
    with netns.entered():
        fd = tuntap.create_tun("tun0", TunFlags("tun"))
    tuntap.set_persist(fd, True)
    tuntap.set_owner(fd, 4321)
    tuntap.set_group(fd, 65533)
    os.close(fd)
    assert "persist on user 4321 group 65533" in netns.ip("-d link show tun0")


def test_a_held_or_existing_device_is_busy(netns: NetworkNamespace) -> None:
    with netns.entered():
        fd = tuntap.create_tun("tun0", TunFlags("tun"))
        for another in (tuntap.create_tun, tuntap.open_tun):
            with pytest.raises(tuntap.DeviceBusyError):
                another("tun0", TunFlags("tun"))
        tuntap.set_persist(fd, True)
        os.close(fd)
        with pytest.raises(tuntap.DeviceBusyError):
            tuntap.create_tun("tun0", TunFlags("tun"))
        with pytest.raises(UsageError, match="tap"):
            tuntap.open_tun("tun0", TunFlags("tap"))


def test_the_vnet_header_size_is_the_kernels(netns: NetworkNamespace) -> None:
    with netns.entered():
        fd = tuntap.create_tun("tap0", TunFlags("tap", vnet_hdr=True))
    assert tuntap.get_vnet_hdr_size(fd) == 10
    os.close(fd)
