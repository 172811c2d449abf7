"""What the namespaces of a lab hold, judged by iproute2."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tunscope.device.request import DeviceRequest
from tunscope.engine.options import CaptureOptions
from tunscope.errors import TunscopeError
from tunscope.lab.catalogue import LABS
from tunscope.lab.explain import topology_commands
from tunscope.lab.lab import Lab
from tunscope.lab.namespaces import Namespaces
from tunscope.lab.plans.pair import PAIR, TOPOLOGY
from tunscope.lab.process import NodeProcess
from tunscope.lab.topology import Bridge, Node, Route, Topology, TunDevice, Veth
from tunscope.relay.peer_request import PeerRequest


@pytest.fixture
def namespaces() -> Iterator[Namespaces]:
    running = Namespaces(TOPOLOGY)
    yield running
    running.close()


def output_of(namespaces: Namespaces, node: str, *words: str, timeout: float = 20) -> str:
    read_end, write_end = os.pipe()
    process = namespaces.spawn(node, words, stdout=write_end, stderr=2)
    os.close(write_end)
    with os.fdopen(read_end) as stream:
        text = stream.read()
    assert process.wait(timeout) == 0
    return text


def links(text: str) -> dict[str, dict[str, Any]]:
    """What `ip -j -d addr` says of each device, in the parts that a lab sets."""
    return {
        link["ifname"]: {
            "up": "UP" in link["flags"],
            "mtu": link["mtu"],
            "master": link.get("master"),
            "peer": link.get("link"),
            "kind": link.get("linkinfo", {}).get("info_kind"),
            "data": _settings(link.get("linkinfo", {})),
            "addresses": sorted(
                f"{address['local']}/{address['prefixlen']} {address.get('broadcast')}"
                for address in link["addr_info"]
                if address["scope"] != "link"  # made by the kernel, at random
            ),
        }
        for link in json.loads(text)
    }


def _settings(linkinfo: dict[str, Any]) -> dict[str, Any]:
    """What is set of a device of its kind; a bridge's numbers and clocks are nobody's doing."""
    data = linkinfo.get("info_data", {})
    names = ("type", "pi", "vnet_hdr", "persist", "user", "group", "vlan_filtering", "stp_state")
    return {name: data[name] for name in names if name in data}


def routes(text: str) -> list[str]:
    """What `ip -j route` says, without the state of the carrier."""
    return sorted(
        json.dumps({key: value for key, value in route.items() if key != "flags"}, sort_keys=True)
        for route in json.loads(text)
    )


def rules(text: str) -> list[Any]:
    """What `nft -j list ruleset` says, without the numbers that it gave."""
    found = json.loads(text)["nftables"]
    for entry in found:
        for value in entry.values():
            value.pop("handle", None)
    return [entry for entry in found if "metainfo" not in entry]


STATE: dict[str, Callable[[str], Any]] = {
    "ip -j -d addr": links,
    "ip -j -4 route": routes,
    "sysctl -n net.ipv4.ip_forward": str.strip,
    "nft -j list ruleset": rules,
}


def state_of(namespaces: Namespaces, node: str) -> tuple[Any, ...]:
    return tuple(
        read(output_of(namespaces, node, *command.split())) for command, read in STATE.items()
    )


MIXED = Topology(
    "mixed",
    (
        Node(
            "gate",
            (
                Bridge("br0", ("10.1.0.1/24",), mac="02:00:00:00:01:00"),
                Veth("port1", "eth0@host", bridge="br0"),
                TunDevice("tap0", "tap", bridge="br0", uid=0, gid=0),
                TunDevice("tun0", "tun", ("10.8.0.1/24",)),
            ),
            routes=(Route("10.20.0.0/16", device="tun0"),),
            sysctls=(("net.ipv4.ip_forward", "1"),),
        ),
        Node(
            "host",
            (Veth("eth0", "port1@gate", ("10.1.0.2/24",), mtu=1400, mac="02:00:00:00:00:02"),),
            routes=(Route("default", via="10.1.0.1"),),
        ),
    ),
)


def test_iproute2_finds_the_devices_as_the_topology_says():
    running = Namespaces(MIXED)
    try:
        gate = links(output_of(running, "gate", "ip", "-j", "-d", "addr"))
        host = json.loads(output_of(running, "host", "ip", "-j", "-d", "addr", "show", "eth0"))[0]
        ways = json.loads(output_of(running, "host", "ip", "-j", "route"))
        tunnel = json.loads(output_of(running, "gate", "ip", "-j", "route", "get", "10.20.3.4"))
        assert output_of(running, "gate", "sysctl", "-n", "net.ipv4.ip_forward") == "1\n"
        assert output_of(running, "host", "ping", "-c1", "-W2", "10.1.0.1")
    finally:
        running.close()
    assert set(gate) == {"lo", "br0", "port1", "tap0", "tun0"}
    assert all(link["up"] for link in gate.values())
    assert gate["br0"]["kind"] == "bridge"
    assert gate["br0"]["addresses"] == ["10.1.0.1/24 None"]
    assert gate["port1"]["master"] == gate["tap0"]["master"] == "br0"
    assert gate["tap0"]["data"] == {
        "type": "tap", "pi": False, "vnet_hdr": False, "persist": True, "user": "root",
        "group": "root",
    }  # fmt: skip
    assert gate["tun0"]["data"]["type"] == "tun"
    assert "user" not in gate["tun0"]["data"]
    assert (host["mtu"], host["address"]) == (1400, "02:00:00:00:00:02")
    assert {way["dst"]: way.get("gateway") for way in ways} == {
        "default": "10.1.0.1",
        "10.1.0.0/24": None,
    }
    assert tunnel[0]["dev"] == "tun0"


EXPLAINED = {"mixed": MIXED} | {name: plan.topology for name, plan in LABS.items()}


def made_by_the_helper(topology: Topology) -> dict[str, tuple[Any, ...]] | None:
    """The state of each node; None where the kernel cannot filter VLANs."""
    try:
        running = Namespaces(topology)
    except TunscopeError as error:
        if "VLAN filtering" not in str(error):
            raise
        return None
    try:
        for node in topology.nodes:
            for command in node.commands:
                output_of(running, node.name, *command)
        return {node.name: state_of(running, node.name) for node in topology.nodes}
    finally:
        running.close()


@pytest.mark.parametrize("topology", EXPLAINED.values(), ids=EXPLAINED)
def test_commands_of_explain_build_the_same_topology(topology):
    made = made_by_the_helper(topology)
    script = ["set -e", "mount -t tmpfs tmpfs /run", *topology_commands(topology)]
    for node in topology.nodes:
        script += [f"ip netns exec {node.name} {command}" for command in STATE]
    done = subprocess.run(
        ["unshare", "-m", "-n", "--propagation", "private", "sh", "-c", "\n".join(script)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made is None:
        assert "Operation not supported" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    lines = iter(done.stdout.splitlines(keepends=True))
    by_hand = {name: tuple(read(next(lines)) for read in STATE.values()) for name in made}
    assert by_hand == made


def test_programs_see_only_the_lab(namespaces):
    assert output_of(namespaces, "client", "hostname") == "client\n"
    processes = output_of(namespaces, "client", "ps", "-e", "-o", "pid=").split()
    assert len(processes) == 2  # process 1 and ps
    assert output_of(namespaces, "server", "cat", "/etc/resolv.conf").startswith(
        "nameserver 10.9.0.2\n"
    )
    assert Path("/proc/sys/kernel/hostname").read_text() != "client\n"


def test_statuses_signals_and_programs_that_are_missing(namespaces):
    assert namespaces.spawn("client", ["sh", "-c", "exit 3"]).wait(5) == 3
    sleeper = namespaces.spawn("client", ["sleep", "60"])
    assert sleeper.poll() is None
    sleeper.terminate()
    assert sleeper.wait(5) == -15
    with pytest.raises(TunscopeError, match="install nonesuch"):
        namespaces.spawn("client", ["nonesuch"]).wait(5)
    with pytest.raises(KeyError):
        namespaces.spawn("nowhere", ["true"])


def test_orphans_are_reaped_by_process_one(namespaces):
    script = "sh -c 'sleep 0.1 & exec true' & wait"
    assert namespaces.spawn("client", ["sh", "-c", script]).wait(5) == 0
    time.sleep(0.4)
    states = output_of(namespaces, "client", "ps", "-e", "-o", "stat=").split()
    assert not any(state.startswith("Z") for state in states)


def test_closing_ends_programs_and_gives_every_descriptor_back():
    before = open_descriptors()
    running = Namespaces(TOPOLOGY)
    program = running.spawn("client", ["setsid", "sleep", "600"])
    running.close()
    running.close()
    assert program.wait(1) == -9
    del program
    assert open_descriptors() == before
    assert not Path(f"/proc/{running.helper_pid}").exists()
    with pytest.raises(TunscopeError, match="the lab has ended"):
        running.spawn("client", ["true"])


def test_a_killed_helper_takes_the_lab_with_it(namespaces):
    program = namespaces.spawn("client", ["sleep", "600"])
    os.kill(namespaces.helper_pid, 9)
    assert program.wait(5) == -9


def test_a_topology_the_kernel_refuses_is_one_error_and_leaves_nothing():
    before = open_descriptors()
    devices = (TunDevice("tun0", "tun", ("10.0.0.1/24",), mtu=10),)
    topology = Topology("narrow", (Node("only", devices),))
    with pytest.raises(TunscopeError, match=r"lab narrow: configuration of tun0@only: Invalid arg"):
        Namespaces(topology)
    assert open_descriptors() == before


def test_an_engine_works_inside_a_node_and_sees_its_devices(namespaces):
    read_end, write_end = os.pipe()
    client = namespaces.engine("server", write_end)
    os.close(write_end)
    try:
        peer = PeerRequest("device", device="tun0", netns=namespaces.netns_path("client"))
        opening = client.open(DeviceRequest("tun1"), CaptureOptions(peer=peer))
        assert opening.facts.addresses[:2] == ("10.9.0.2/24", "fd00:9::2/64")
        client.start()
        assert output_of(namespaces, "client", "ping", "-c1", "-W2", "10.9.0.2")
    finally:
        client.close()
        os.close(read_end)


def test_a_program_of_the_traffic_that_ends_is_told_once():
    with Lab(PAIR) as running:
        running.start_traffic()
        assert running.failures() == []
        victims = output_of(running.namespaces, "client", "pgrep", "-x", "ping").split()
        assert len(victims) == 2
        output_of(running.namespaces, "client", "kill", "-9", victims[0])
        deadline = time.monotonic() + 5
        while not (lines := running.failures()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert len(lines) == 1
        assert lines[0].startswith("ping ")
        assert lines[0].endswith(" in client was ended by signal 9")
        assert running.failures() == []


def test_without_a_ping_ours_is_answered(namespaces, monkeypatch):
    from tunscope.lab.traffic import ping

    monkeypatch.setattr("shutil.which", lambda name, path: None)
    for address in ("10.9.0.1", "fd00:9::1"):  # the node's own: needs no relay
        before = echo_replies(namespaces)
        program = ping("client", address, 0.1)
        running: NodeProcess = namespaces.spawn("client", program.argv)
        deadline = time.monotonic() + 5
        while echo_replies(namespaces) < before + 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        running.kill()
        running.wait(5)


def echo_replies(namespaces: Namespaces) -> int:
    """Echo replies of both versions that the kernel of the client has sent."""
    text = output_of(namespaces, "client", "cat", "/proc/net/snmp", "/proc/net/snmp6")
    icmp = [line.split() for line in text.splitlines() if line.startswith("Icmp:")]
    total = int(dict(zip(*icmp, strict=True))["OutEchoReps"])
    for line in text.splitlines():
        if line.startswith("Icmp6OutEchoReplies"):
            total += int(line.split()[1])
    return total


def open_descriptors() -> set[str]:
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.add(f"{fd} {os.readlink(f'/proc/self/fd/{fd}')}")
    return {entry for entry in found if "/proc/" not in entry or "/fd" not in entry}


def test_arguments_too_long_for_a_lab_are_what_is_said(namespaces):
    with pytest.raises(TunscopeError, match=r"^true: its arguments and environment are too long"):
        namespaces.spawn("client", ("true", "x" * 250_000), env={})
    assert output_of(namespaces, "client", "echo", "well") == "well\n"
