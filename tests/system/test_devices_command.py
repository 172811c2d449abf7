"""Judges: `ethtool -i`, `ip -d link` and the process that really holds the descriptor."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunscope.device.facts import Owner
from tunscope.device.inspector import Inspector

if TYPE_CHECKING:
    from collections.abc import Callable

    from network_namespace import NetworkNamespace

HOLD_TUN = """
import sys
from tunscope.device.tuntap import TunFlags, create_tun
create_tun(sys.argv[1], TunFlags(sys.argv[2]))
print("held", flush=True)
sys.stdin.read()
"""
HOLD_FILE = """
import sys
file = open(sys.argv[1], "r+b", buffering=0)
print("held", flush=True)
sys.stdin.read()
"""


def hold(netns: NetworkNamespace, code: str, *args: str) -> subprocess.Popen[str]:
    child: subprocess.Popen[str] = netns.popen(
        sys.executable, "-c", code, *args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    return child


def listed(netns: NetworkNamespace) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tunscope", "devices", "--json", "--netns", netns.name],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return {facts["name"]: facts for facts in json.loads(done.stdout)}


def test_each_kind_of_device_is_told_as_iproute2_and_ethtool_do(
    netns: NetworkNamespace, netns_factory: Callable[[], NetworkNamespace]
) -> None:
    other = netns_factory()
    for words in (
        "link add br0 address 02:00:00:00:00:09 mtu 1400 type bridge",
        "link add va type veth peer name vb",
        "link add vc type veth peer name vd",
        f"link set vd netns {other.name}",
        "link set va up master br0",
        "addr add 10.5.0.1/24 dev br0",
        "addr add fd05::1/64 dev br0",
        "tuntap add tun0 mode tun",
        "tuntap add tap0 mode tap",
        "link set tap0 up",
        "link add link vb name mv0 type macvtap mode bridge",
    ):
        netns.ip(words)
    found = listed(netns)
    assert {name: facts["kind"] for name, facts in found.items()} == {
        "lo": "loopback",
        "br0": "bridge",
        "va": "veth",
        "vb": "veth",
        "vc": "veth",
        "tun0": "tun",
        "tap0": "tap",
        "mv0": "macvtap",
    }
    for row in json.loads(netns.ip("-j link show")):
        facts = found[row["ifname"]]
        assert facts["index"] == row["ifindex"]
        assert facts["mtu"] == row["mtu"]
        assert facts["master"] == row.get("master")
        assert facts["txqueuelen"] == row.get("txqlen", 0)
    assert set(found["br0"]["addresses"]) == {"10.5.0.1/24", "fd05::1/64"}
    assert found["tap0"]["state"] == "no-carrier"
    assert found["tun0"]["state"] == "down"
    assert found["vb"]["peer"] == {
        "index": found["va"]["index"],
        "name": "va",
        "netns": None,
        "nsid": None,
    }
    assert (found["vc"]["peer"]["name"], found["vc"]["peer"]["netns"]) == ("vd", other.name)
    assert (found["tun0"]["linktype"], found["tap0"]["linktype"]) == (101, 1)
    if shutil.which("ethtool"):
        for name, facts in found.items():
            told = netns.run("ethtool", "-i", name, check=False).stdout.splitlines()
            driver = dict(line.split(": ", 1) for line in told if ": " in line).get("driver")
            assert facts["driver"] == driver, name


def test_owners_are_told_apart_by_namespace(
    netns: NetworkNamespace, netns_factory: Callable[[], NetworkNamespace]
) -> None:
    other = netns_factory()
    here = hold(netns, HOLD_TUN, "tun0", "tun")
    there = hold(other, HOLD_TUN, "tun0", "tap")
    for namespace, holder in ((netns, here), (other, there)):
        owner = listed(namespace)["tun0"]["owner"]
        assert owner["pid"] == holder.pid
        assert owner["command"].startswith(f"{sys.executable} -c ")
    with Inspector() as inspector:
        found = inspector.owners(netns=other.name, timeout=10)
        assert found == {"tun0": Owner(there.pid, found["tun0"].command)}


def test_a_device_that_moved_keeps_its_owner(
    netns: NetworkNamespace, netns_factory: Callable[[], NetworkNamespace]
) -> None:
    other = netns_factory()
    holder = hold(netns, HOLD_TUN, "tun0", "tun")
    netns.ip(f"link set tun0 netns {other.name}")
    assert listed(other)["tun0"]["owner"]["pid"] == holder.pid
    assert "tun0" not in listed(netns)


def test_the_holder_of_a_macvtap_is_found_through_its_device_file(
    netns: NetworkNamespace, tmp_path: Path
) -> None:
    netns.ip("link add va type veth peer name vb")
    netns.ip("link add link va name mv0 type macvtap mode bridge")
    index = listed(netns)["mv0"]["index"]
    number = netns.run(
        "unshare",
        "-m",
        "sh",
        "-c",
        f"mount -t sysfs none /sys && cat /sys/class/net/mv0/tap{index}/dev",
    ).stdout
    major, minor = map(int, number.split(":"))
    node = tmp_path / f"tap{index}"
    os.mknod(node, 0o600 | stat.S_IFCHR, os.makedev(major, minor))
    holder = hold(netns, HOLD_FILE, str(node))
    assert listed(netns)["mv0"]["owner"]["pid"] == holder.pid


def test_the_table_is_aligned_and_safe_to_show(netns: NetworkNamespace) -> None:
    netns.ip("link add br0 type bridge")
    netns.ip("addr add 10.5.0.1/24 dev br0")
    netns.ip("addr add 10.6.0.1/24 dev br0")
    holder = hold(netns, HOLD_TUN, "tun\x1b[31m", "tun")
    done = netns.tunscope("devices")
    assert done.returncode == 0
    header, *rows = done.stdout.splitlines()
    assert header.split() == ["NAME", "KIND", "STATE", "MTU", "ADDRESSES", "DRIVER", "OWNER"]
    assert all(line.isprintable() for line in (header, *rows))
    column = header.index("ADDRESSES")
    assert [row[column:].split()[0] for row in rows if "10." in row] == [
        "10.5.0.1/24",
        "10.6.0.1/24",
    ]
    evil = next(row for row in rows if row.startswith(r"tun\x1b[31m"))
    assert evil[header.index("OWNER") :].startswith(f"{holder.pid} {sys.executable} -c ")


def test_a_namespace_that_is_not_there_is_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tunscope", "devices", "--netns", "no-such-one"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "tunscope: --netns no-such-one: no such network namespace (ip netns list shows them)\n"
    )


def test_the_doctor_names_the_missing_right_and_its_remedy() -> None:
    done = subprocess.run(
        ["setpriv", "--bounding-set=-net_raw", sys.executable, "-m", "tunscope", "doctor"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if "CAP_NET_RAW" in line)
    assert lines[at].startswith("not ok  CAP_NET_RAW")
    assert lines[at + 1].strip() == "→ sudo tunscope DEVICE"
    assert lines[0].startswith("ok      kernel")


def test_owners_are_found_fast_enough_to_ask_each_second(netns: NetworkNamespace) -> None:
    hold(netns, HOLD_TUN, "tun0", "tun")
    with Inspector() as inspector:
        inspector.owners(timeout=10)
        times = []
        for _ in range(5):
            start = time.perf_counter()
            assert "tun0" in inspector.owners(netns=netns.name)
            times.append(time.perf_counter() - start)
    assert min(times) < 0.1
