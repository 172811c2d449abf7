"""Judges: iproute2's `ip -d link`, `ip addr` and `ip route`, before and after."""

from __future__ import annotations

import os
import re
import select
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tunscope.device.opening import OpenDevice, open_device
from tunscope.device.request import DeviceRequest
from tunscope.errors import TunscopeError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_namespace import NetworkNamespace

HOLD = """
import sys
from tunscope.device.tuntap import TunFlags, open_tun
open_tun(sys.argv[1], TunFlags(sys.argv[2], multi_queue=len(sys.argv) > 3))
print("held", flush=True)
sys.stdin.read()
"""


def opened(netns: NetworkNamespace, name: str, **fields: Any) -> OpenDevice:
    return open_device(DeviceRequest(name, netns=netns.name, **fields))


def state(netns: NetworkNamespace) -> str:
    """What iproute2 tells of the namespace, but for what the kernel changes by itself."""
    text = "".join(
        netns.ip(words) for words in ("-d link show", "addr show", "route show", "-6 route show")
    )
    text = re.sub(
        r"(valid_lft|preferred_lft|qdisc|addrgenmode|tso_max_size|[a-z_]+_timer) +\S+", "", text
    )
    text = re.sub(r"tentative|inet6 fe80:.*|fe80::/64 dev.*", "", text)
    return re.sub(r"\s+", " ", text)


def assert_state_becomes(netns: NetworkNamespace, expected: str) -> None:
    """Compare, giving the kernel's link watch its second to notice a lost carrier."""
    deadline = time.monotonic() + 5
    while state(netns) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    assert state(netns) == expected


def held_by_somebody(
    netns: NetworkNamespace, name: str, kind: str, *more: str
) -> subprocess.Popen[str]:
    child: subprocess.Popen[str] = netns.popen(
        sys.executable,
        "-c",
        HOLD,
        name,
        kind,
        *more,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def test_a_created_device_is_up_and_configured_and_gone_afterwards(
    netns: NetworkNamespace,
) -> None:
    device = opened(
        netns,
        "tun0",
        addresses=("10.9.0.1/24", "fd09::1/64"),
        routes=("10.8.0.0/16", "fd08::/48"),
        mtu=1400,
    )
    assert device.mode == "created"
    assert device.description() == "created tun0 (tun, 10.9.0.1/24, fd09::1/64)"
    assert device.tun_fd is not None
    assert device.packet_socket is None
    assert (device.vnet_header_size, device.packet_info) == (0, False)
    assert device.facts.driver == "tun"
    assert device.facts.state == "up"
    link = netns.ip("-d link show tun0")
    assert "mtu 1400" in link
    assert "qlen 10000" in link
    assert ",UP,LOWER_UP" in link
    assert "inet 10.9.0.1/24 brd 10.9.0.255" in netns.ip("addr show tun0")
    assert "10.8.0.0/16 dev tun0" in netns.ip("route show")
    assert "fd08::/48 dev tun0" in netns.ip("-6 route show")
    device.close()
    device.close()
    assert netns.links() == []


def test_packets_of_the_kernel_arrive_on_the_descriptor(netns: NetworkNamespace) -> None:
    netns.disable_ipv6()
    device = opened(netns, "tun0", addresses=("10.9.0.1/24",))
    assert device.tun_fd is not None
    netns.run("ping", "-c1", "-W0.1", "10.9.0.2", check=False)
    assert select.select([device.tun_fd], [], [], 5)[0]
    packet = os.read(device.tun_fd, 2000)
    assert packet[0] >> 4 == 4
    assert packet[16:20] == socket.inet_aton("10.9.0.2")
    device.close()


def test_a_tap_gets_its_mac_and_joins_a_bridge(netns: NetworkNamespace) -> None:
    netns.ip("link add br0 type bridge")
    device = opened(netns, "blue", kind="tap", mac="02-00-00-00-00-07", bridge="br0")
    assert device.facts.mac == "02:00:00:00:00:07"
    assert device.facts.master == "br0"
    assert "master br0" in netns.ip("link show blue")
    device.close()
    assert netns.links() == ["br0"]


def test_a_persistent_device_stays_with_its_user_and_address(netns: NetworkNamespace) -> None:
    device = opened(
        netns, "tun7", addresses=("10.9.0.1/24",), persist=True, user="4321", group="root"
    )
    device.close()
    assert "persist on user 4321 group root" in netns.ip("-d link show tun7")
    assert "10.9.0.1/24" in netns.ip("addr show tun7")


@pytest.mark.parametrize(
    "setup",
    [
        "tun0 mode tun",
        "tun0 mode tun pi",
        "tun0 mode tap vnet_hdr",
        "tun0 mode tap multi_queue pi vnet_hdr user 4321 group 4322",
        "tun0 mode tun multi_queue",
    ],
)
def test_an_attached_device_is_the_same_afterwards(netns: NetworkNamespace, setup: str) -> None:
    netns.ip(f"tuntap add {setup}")
    before = state(netns)
    device = opened(
        netns, "tun0", addresses=("10.9.0.1/24", "fd09::1/64"), routes=("10.8.0.0/16",), mtu=1300
    )
    assert device.mode == "attached"
    assert device.packet_info == (" pi" in setup)
    assert device.vnet_header_size == (10 if "vnet_hdr" in setup else 0)
    assert device.description().startswith("attached to tun0 (")
    during = state(netns)
    assert "mtu 1300" in during
    assert "qlen 10000" in during
    assert "10.8.0.0/16 dev tun0" in during
    device.close()
    assert_state_becomes(netns, before)


def test_what_an_attached_device_had_before_stays(netns: NetworkNamespace) -> None:
    netns.ip("link add br0 address 02:00:00:00:01:00 type bridge")
    netns.ip("link add br1 address 02:00:00:00:01:01 type bridge")
    netns.ip("tuntap add tap0 mode tap")
    netns.ip("link set tap0 up master br0 txqueuelen 20000 mtu 1300 address 02:00:00:00:00:01")
    netns.ip("addr add 10.9.0.5/24 dev tap0")
    netns.ip("addr add fd09::5/64 dev tap0 nodad")
    netns.ip("route add 10.8.0.0/16 dev tap0")
    before = state(netns)
    device = opened(
        netns,
        "tap0",
        addresses=("10.9.0.5/24", "10.9.0.6/24"),
        routes=("10.8.0.0/16", "10.7.0.0/16"),
        mac="02:00:00:00:00:02",
        bridge="br1",
        mtu=1290,
    )
    assert "master br1" in netns.ip("link show tap0")
    assert "10.9.0.6/24" in netns.ip("addr show tap0")
    device.close()
    assert_state_becomes(netns, before)


def test_ipv6_addresses_of_a_device_that_was_down_come_back(netns: NetworkNamespace) -> None:
    netns.ip("tuntap add tun0 mode tun")
    netns.ip("addr add fd09::5/64 dev tun0")
    opened(netns, "tun0").close()
    assert "state DOWN" in netns.ip("link show tun0")
    assert "inet6 fd09::5/64" in netns.ip("addr show tun0")


@pytest.mark.parametrize("kind", ["tun", "tap"])
def test_a_held_device_is_observed_and_its_owner_named(netns: NetworkNamespace, kind: str) -> None:
    holder = held_by_somebody(netns, "dev0", kind)
    device = opened(netns, "dev0")
    assert device.mode == "observed"
    assert device.tun_fd is None
    assert device.packet_socket is not None
    assert device.facts.owner is not None
    assert device.facts.owner.pid == holder.pid
    assert device.description() == f"observing dev0, owned by {device.facts.owner}"
    device.close()


def test_a_free_queue_of_a_held_device_is_not_taken(netns: NetworkNamespace) -> None:
    netns.ip("tuntap add tun0 mode tun multi_queue")
    holder = held_by_somebody(netns, "tun0", "tun", "multi_queue")
    device = opened(netns, "tun0")
    assert device.mode == "observed"
    assert device.facts.owner is not None
    assert device.facts.owner.pid == holder.pid
    device.close()


def test_owner_is_unknown_to_who_may_not_look(netns: NetworkNamespace) -> None:
    holder = held_by_somebody(netns, "tun0", "tun")
    told = netns.run(
        "setpriv",
        "--bounding-set=-sys_ptrace",
        sys.executable,
        "-c",
        "from tunscope.device.opening import open_device\n"
        "from tunscope.device.request import DeviceRequest\n"
        "print(open_device(DeviceRequest('tun0')).description())",
    ).stdout
    assert told == "observing tun0, owned by someone unknown\n"
    assert holder.poll() is None


def test_other_devices_are_observed_and_left_alone(netns: NetworkNamespace) -> None:
    netns.ip("link add va type veth peer name vb")
    netns.ip("link set va up")
    netns.ip("link set vb up")
    before = state(netns)
    device = opened(netns, "va")
    assert device.mode == "observed"
    assert device.facts.driver == "veth"
    assert device.description().startswith("observing va (veth")
    sender = opened(netns, "vb")
    assert device.packet_socket is not None
    assert sender.packet_socket is not None
    device.packet_socket.bind(("va", 3))
    device.packet_socket.settimeout(5)
    frame = b"\xff" * 6 + b"\2\0\0\0\0\1" + b"\x88\xb5" + b"hello" * 10
    sender.packet_socket.sendto(frame, ("vb", 0x88B5))
    while device.packet_socket.recv(2000) != frame:
        pass
    device.close()
    sender.close()
    assert_state_becomes(netns, before)


def test_observing_can_be_asked_for(netns: NetworkNamespace) -> None:
    netns.ip("tuntap add tun0 mode tun")
    netns.ip("link set tun0 up")
    device = opened(netns, "tun0", observe=True)
    assert device.mode == "observed"
    assert device.description() == "observing tun0, nobody owns it"
    device.close()


def test_drops_of_the_device_queue_are_counted_from_the_opening(netns: NetworkNamespace) -> None:
    netns.disable_ipv6()
    netns.ip("tuntap add tun0 mode tun")
    netns.ip("link set tun0 up")
    netns.ip("addr add 10.9.0.1/24 dev tun0")
    flood = (
        "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "for _ in range({}): s.sendto(b'x', ('10.9.0.2', 9))"
    )
    netns.python(flood.format(5))  # nobody attached: all dropped, before the opening
    device = opened(netns, "tun0")
    assert device.tx_dropped() == 0
    netns.python(flood.format(12000))
    assert device.tun_fd is not None
    received = 0
    while select.select([device.tun_fd], [], [], 0.1)[0]:
        os.read(device.tun_fd, 2000)
        received += 1
    assert received + device.tx_dropped() == 12000
    assert device.tx_dropped() > 0
    dropped = device.tx_dropped()
    netns.ip("link del tun0")
    assert device.tx_dropped() == dropped
    device.close()


@pytest.mark.parametrize(
    ("name", "fields", "part"),
    [
        ("tun1", {"observe": True}, "tun1: no such device (did you mean tun0?)"),
        ("vxlan9", {}, "no such device (only tun* and tap* are created"),
        ("tune0x", {"bridge": "br0"}, "carries no Ethernet"),
        ("tun1", {"mac": "02:00:00:00:00:01"}, "no MAC address"),
        ("tun0", {"kind": "tap"}, "is a tun device, not a tap"),
        ("lo", {"kind": "tun"}, "is a loopback device, not a tun"),
        ("lo", {"addresses": ("10.9.0.1/24",)}, "only observes"),
        ("tun0", {"user": "root", "persist": True}, "exists already"),
        ("tun1", {"user": "nobody-here", "persist": True}, "no such user"),
        ("tap1", {"bridge": "br9"}, "--bridge br9: no such device"),
        ("tap1", {"bridge": "lo"}, "not a bridge"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error_and_nothing_is_made(
    netns: NetworkNamespace, name: str, fields: dict[str, Any], part: str
) -> None:
    netns.ip("tuntap add tun0 mode tun")
    before = state(netns)
    with pytest.raises(UsageError) as caught:
        opened(netns, name, **fields)
    assert part in str(caught.value)
    assert_state_becomes(netns, before)


@pytest.mark.parametrize("existing", [False, True])
def test_a_late_refusal_takes_everything_back(netns: NetworkNamespace, existing: bool) -> None:
    if existing:
        netns.ip("tuntap add tun0 mode tun")
    netns.disable_ipv6()
    before = state(netns)
    with pytest.raises(TunscopeError, match="cannot add address fd09::1/64: IPv6 is disabled"):
        opened(netns, "tun0", mtu=1400, addresses=("10.9.0.1/24", "fd09::1/64"), persist=True)
    assert_state_becomes(netns, before)


def test_a_held_device_is_not_configured(netns: NetworkNamespace) -> None:
    holder = held_by_somebody(netns, "tun0", "tun")
    before = state(netns)
    with pytest.raises(UsageError, match=rf"held by python\S* \(pid {holder.pid}\)"):
        opened(netns, "tun0", addresses=("10.9.0.1/24",))
    assert_state_becomes(netns, before)


@pytest.mark.parametrize(
    ("capabilities", "name", "part"),
    [
        ("-net_admin", "tun5", "tun5: not permitted (needs CAP_NET_ADMIN; try sudo)"),
        ("-net_raw", "lo", "lo: cannot capture: not permitted (needs CAP_NET_RAW; try sudo)"),
    ],
)
def test_missing_rights_are_named(
    netns: NetworkNamespace, capabilities: str, name: str, part: str
) -> None:
    done = netns.run(
        "setpriv",
        f"--bounding-set={capabilities}",
        sys.executable,
        "-c",
        "import sys\n"
        "from tunscope.device.opening import open_device\n"
        "from tunscope.device.request import DeviceRequest\n"
        "from tunscope.errors import TunscopeError\n"
        "try: open_device(DeviceRequest(sys.argv[1]))\n"
        "except TunscopeError as error: print(error)",
        name,
    )
    assert done.stdout.strip() == part
    assert netns.links() == []


def test_the_user_of_a_device_needs_no_rights_to_attach(netns: NetworkNamespace) -> None:
    netns.ip("tuntap add tun0 mode tun user 0")
    netns.ip("link set tun0 up")
    before = state(netns)
    done = netns.run(
        "setpriv",
        "--bounding-set=-net_admin,-net_raw,-sys_ptrace",
        sys.executable,
        "-c",
        "from tunscope.device.opening import open_device\n"
        "from tunscope.device.request import DeviceRequest\n"
        "device = open_device(DeviceRequest('tun0'))\n"
        "print(device.description(), device.facts.txqueuelen)\n"
        "device.close()",
    )
    assert done.stdout == "attached to tun0 (tun) 500\n"
    assert_state_becomes(netns, before)


def test_a_device_is_opened_in_the_namespace_of_a_process_or_path(
    netns: NetworkNamespace, netns_factory: Callable[[], NetworkNamespace]
) -> None:
    other = netns_factory()
    sleeper = other.popen("sh", "-c", "echo inside; sleep 60", stdout=subprocess.PIPE)
    assert sleeper.stdout is not None
    assert sleeper.stdout.readline() == b"inside\n"
    for spec in (str(sleeper.pid), other.path, other.name):
        with netns.entered():
            device = open_device(DeviceRequest("tun3", netns=spec))
        assert other.links() == ["tun3"]
        assert netns.links() == []
        device.close()
    assert other.links() == []
