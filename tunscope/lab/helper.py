"""The process that builds a lab's namespaces and stays as their process 1.

Started bare (`python -I -S`) with the descriptor of a SOCK_SEQPACKET socket as its argument. It
reads one message, a `Topology` as JSON, and answers with one of

- `{"nodes": [NAME, ...], "ipv6": BOOL}` with these descriptors in this order: the user namespace;
  the network namespace of each node;
- `{"failed": STEP, "errno": N, "reason": TEXT}`.

After that the socket is the control socket of `init`.

The helper itself waits for process 1, so whoever waits for the helper knows that every process
of the lab is gone. Standard library only, and one thread: unshare(CLONE_NEWUSER) is refused in a
process with more.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tunscope.device.tuntap import TunFlags, create_tun, set_group, set_owner, set_persist
from tunscope.errors import TunscopeError
from tunscope.lab.init import MESSAGE_LIMIT, Init, ignore_terminal_signals
from tunscope.lab.interface import (
    add_address,
    add_bridge,
    add_route,
    add_veth,
    ipv6_available,
    quiet_ipv6,
    set_bridge,
    set_mac,
    set_mtu,
    set_sysctl,
    set_up,
    set_vlans,
)
from tunscope.lab.mounts import make_private
from tunscope.lab.syscalls import (
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    set_parent_death_signal,
    setns,
    unshare,
)
from tunscope.lab.topology import DEFAULT_MTU, Bridge, Device, Node, Topology, TunDevice, Veth


class StepError(Exception):
    """One step of the construction was refused by the kernel."""

    def __init__(self, step: str, error: OSError) -> None:
        super().__init__(step, error)
        self.step = step
        self.error = error


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Name what is being tried, for the person who reads why it failed."""
    try:
        yield
    except OSError as error:
        raise StepError(name, error) from error
    except TunscopeError as error:
        cause = error.__cause__
        raise StepError(
            name, cause if isinstance(cause, OSError) else OSError(error.why)
        ) from error


def main() -> int:
    """Build what the front end asks for; return the exit status of process 1."""
    ignore_terminal_signals()
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    topology = Topology.from_json(control.recv(MESSAGE_LIMIT).decode())
    try:
        _enter_user_namespace()
    except StepError as failure:
        _report_failure(control, failure)
        return 1
    pid = os.fork()
    if pid == 0:
        os._exit(_run_process_one(control, topology))
    control.close()
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def _enter_user_namespace() -> None:
    """Become root of a new user namespace; the next fork is process 1 of a new PID namespace."""
    uid, gid = os.geteuid(), os.getegid()
    with step("user namespace"):
        unshare(CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    with step("mount and PID namespace"):
        unshare(CLONE_NEWNS | CLONE_NEWPID)


def _run_process_one(control: socket.socket, topology: Topology) -> int:
    set_parent_death_signal(signal.SIGKILL)
    try:
        namespaces = _build(control, topology)
    except StepError as failure:
        _report_failure(control, failure)
        return 1
    except (BrokenPipeError, ConnectionResetError):  # the front end is gone already
        return 1
    Init(control, namespaces).run()
    return 0


def _build(control: socket.socket, topology: Topology) -> dict[str, int]:
    """Make every node and hand the namespaces over; return the nodes' network namespaces."""
    make_private(topology.nameserver, topology.hidden)
    ipv6 = ipv6_available()
    namespaces: dict[str, int] = {}
    for node in topology.nodes:
        with step("network namespace"):
            unshare(CLONE_NEWNET)
            namespaces[node.name] = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        _prepare(node, ipv6=ipv6)
    made: set[str] = set()
    for node in topology.nodes:
        setns(namespaces[node.name], CLONE_NEWNET)
        for device in node.devices:
            _make(device, node, namespaces, made)
    for node in topology.nodes:
        setns(namespaces[node.name], CLONE_NEWNET)
        _configure(node, ipv6=ipv6)
    user = os.open("/proc/self/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    answer = {"nodes": list(namespaces), "ipv6": ipv6}
    socket.send_fds(control, [json.dumps(answer).encode()], [user, *namespaces.values()])
    os.close(user)
    return namespaces


def _prepare(node: Node, *, ipv6: bool) -> None:
    """Set what devices of the current network namespace are born with."""
    with step(f"loopback of {node.name}"):
        set_up("lo")
    if ipv6:
        quiet_ipv6()
    for name, value in node.sysctls:
        if ipv6 or not name.startswith("net.ipv6."):
            with step(f"sysctl {name} of {node.name}"):
                set_sysctl(name, value)


def _make(device: Device, node: Node, namespaces: Mapping[str, int], made: set[str]) -> None:
    """Make a device of the current network namespace, unless a veth's other end brought it."""
    place = f"{device.name}@{node.name}"
    if isinstance(device, TunDevice):
        _make_tun(device)
    elif isinstance(device, Bridge):
        with step("VLAN filtering" if device.vlan_filtering else f"bridge {place}"):
            add_bridge(device.name, vlan_filtering=device.vlan_filtering)
    elif place not in made:
        end, _, end_node = device.end.partition("@")
        with step(f"veth pair {place}"):
            add_veth(device.name, end, namespaces[end_node])
        made.add(device.end)


def _make_tun(device: TunDevice) -> None:
    with step("/dev/net/tun"):
        fd = create_tun(device.name, TunFlags(kind=device.kind))
        try:
            if device.uid is not None:
                set_owner(fd, device.uid)
            if device.gid is not None:
                set_group(fd, device.gid)
            set_persist(fd, True)
        finally:
            os.close(fd)


def _configure(node: Node, *, ipv6: bool) -> None:
    """Give the devices of the current network namespace their ports and addresses, then routes."""
    for device in node.devices:
        with step(f"configuration of {device.name}@{node.name}"):
            _configure_device(device, ipv6=ipv6)
    for route in node.routes:
        if ipv6 or ":" not in route.destination:
            with step(f"route to {route.destination} in {node.name}"):
                add_route(route.destination, via=route.via, device=route.device)


def _configure_device(device: Device, *, ipv6: bool) -> None:
    name = device.name
    if device.mac is not None:
        set_mac(name, device.mac)
    if device.mtu != DEFAULT_MTU:
        set_mtu(name, device.mtu)
    if not isinstance(device, Bridge) and device.bridge is not None:
        set_bridge(name, device.bridge)
    if isinstance(device, Veth):
        set_vlans(name, ((vlan.number, vlan.untagged) for vlan in device.vlans))
    for address in device.addresses:
        if ipv6 or ":" not in address:
            add_address(name, address)
    set_up(name)


def _report_failure(control: socket.socket, failure: StepError) -> None:
    answer = {
        "failed": failure.step,
        "errno": failure.error.errno,
        "reason": failure.error.strerror or str(failure.error),
    }
    with contextlib.suppress(OSError):  # nobody is left to be told
        control.send(json.dumps(answer).encode())
