"""What the namespaces of a lab hold, judged by iproute2."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tunscope.device.proc_net_dev import tx_dropped
from tunscope.device.tuntap import attached_name
from tunscope.errors import TunscopeError
from tunscope.lab.explain import topology_commands
from tunscope.lab.lab import Lab
from tunscope.lab.namespaces import Namespaces
from tunscope.lab.pair import PAIR, TOPOLOGY
from tunscope.lab.process import NodeProcess
from tunscope.lab.topology import Node, Relay, Topology, TunDevice


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


def links(text: str) -> dict[str, tuple[object, ...]]:
    """What `ip -j -d addr` says of each device, in the parts that a lab sets."""
    return {
        link["ifname"]: (
            "UP" in link["flags"],
            link["mtu"],
            link["txqlen"],
            link.get("linkinfo", {}).get("info_kind"),
            sorted(
                f"{address['local']}/{address['prefixlen']}"
                for address in link["addr_info"]
                if address["scope"] != "link"  # made by the kernel, at random
            ),
        )
        for link in json.loads(text)
    }


def test_iproute2_finds_the_devices_as_the_topology_says(namespaces):
    client = links(output_of(namespaces, "client", "ip", "-j", "-d", "addr"))
    assert client["tun0"] == (True, 1500, 10_000, "tun", ["10.9.0.1/24", "fd00:9::1/64"])
    server = links(output_of(namespaces, "server", "ip", "-j", "-d", "addr"))
    assert server["tun1"] == (True, 1500, 10_000, "tun", ["10.9.0.2/24", "fd00:9::2/64"])
    assert client["lo"][0] is server["lo"][0] is True
    assert set(client) == {"lo", "tun0"}


def test_the_descriptors_are_those_of_the_devices(namespaces):
    devices = namespaces.descriptors.devices
    assert {name: attached_name(fd) for name, fd in devices.items()} == {
        "tun0": "tun0",
        "tun1": "tun1",
    }
    assert not any(os.get_blocking(fd) or os.get_inheritable(fd) for fd in devices.values())
    link = json.loads(output_of(namespaces, "client", "ip", "-j", "link", "show", "tun0"))[0]
    assert namespaces.indexes["tun0"] == link["ifindex"]


def test_commands_of_explain_build_the_same_devices(namespaces):
    made = {
        node.name: links(output_of(namespaces, node.name, "ip", "-j", "-d", "addr"))
        for node in TOPOLOGY.nodes
    }
    script = ["set -e", "mount -t tmpfs tmpfs /run", *topology_commands(TOPOLOGY)]
    script += [f"ip -n {node.name} -j -d addr" for node in TOPOLOGY.nodes]
    done = subprocess.run(
        ["unshare", "-m", "-n", "--propagation", "private", "sh", "-c", "\n".join(script)],
        capture_output=True,
        text=True,
        check=True,
    )
    by_hand = dict(zip(made, map(links, done.stdout.splitlines()), strict=True))
    assert by_hand == made


def test_what_a_full_queue_loses_is_counted_through_the_descriptor(namespaces):
    send = (
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "for i in range(12000):\n"
        "    try: s.sendto(b'x', ('10.9.0.2', 9))\n"
        "    except OSError: pass\n"
    )
    output_of(namespaces, "client", sys.executable, "-I", "-S", "-c", send)
    text = output_of(namespaces, "client", "ip", "-j", "-s", "link", "show", "tun0")
    counted = tx_dropped(namespaces.descriptors.statistics["client"], "tun0")
    assert counted == json.loads(text)[0]["stats64"]["tx"]["dropped"]
    assert counted >= 12_000 - 10_000
    assert tx_dropped(namespaces.descriptors.statistics["server"], "tun1") == 0


def test_a_quiet_device_is_quiet(namespaces):
    time.sleep(1.5)
    for name, fd in namespaces.descriptors.devices.items():
        with pytest.raises(BlockingIOError):
            print(name, os.read(fd, 2000).hex())


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
    topology = Topology("narrow", (Node("only", devices),), Relay("tun0", "tun0"))
    with pytest.raises(TunscopeError, match=r"lab narrow: configuration of tun0: Invalid argument"):
        Namespaces(topology)
    assert open_descriptors() == before


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

    monkeypatch.setattr("shutil.which", lambda name: None)
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


def test_explain_is_a_script_that_a_shell_can_read():
    for command in topology_commands(TOPOLOGY):
        assert "\n" not in command
        shlex.split(command)
