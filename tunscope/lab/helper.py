"""The process that builds a lab's namespaces and stays as their process 1.

Started bare (`python -I -S`) with the descriptor of a SOCK_SEQPACKET socket as its argument. It
reads one message, a `Topology` as JSON, and answers with one of

- `{"nodes": [NAME, ...], "devices": {NAME: INDEX, ...}, "ipv6": BOOL}` with these descriptors in
  this order: the user namespace; the network namespace of each node; /proc/net/dev of each
  node; the tun descriptor of each device;
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
from collections.abc import Iterator
from pathlib import Path

from tunscope.device.tuntap import TunFlags, create_tun
from tunscope.errors import TunscopeError
from tunscope.lab.init import MESSAGE_LIMIT, Init, ignore_terminal_signals
from tunscope.lab.interface import (
    add_address,
    interface_index,
    ipv6_available,
    quiet_ipv6,
    set_mtu,
    set_txqueuelen,
    set_up,
)
from tunscope.lab.mounts import make_private
from tunscope.lab.syscalls import (
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    set_parent_death_signal,
    unshare,
)
from tunscope.lab.topology import Node, Topology, TunDevice


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
    """Make every node and hand its descriptors over; return the nodes' network namespaces."""
    make_private(topology.nameserver)
    ipv6 = ipv6_available()
    namespaces: dict[str, int] = {}
    statistics: list[int] = []
    devices: dict[str, int] = {}
    indexes: dict[str, int] = {}
    for node in topology.nodes:
        with step("network namespace"):
            unshare(CLONE_NEWNET)
            namespaces[node.name] = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            statistics.append(os.open("/proc/self/net/dev", os.O_RDONLY | os.O_CLOEXEC))
        devices |= _build_node(node, ipv6=ipv6)
        indexes |= {device.name: interface_index(device.name) for device in node.devices}
    user = os.open("/proc/self/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    answer = {"nodes": list(namespaces), "devices": indexes, "ipv6": ipv6}
    handed_over = [user, *statistics, *devices.values()]
    socket.send_fds(
        control,
        [json.dumps(answer).encode()],
        [user, *namespaces.values(), *statistics, *devices.values()],
    )
    # A tun kept open here would keep its carrier up after the engine closed its own copy.
    for fd in handed_over:
        os.close(fd)
    return namespaces


def _build_node(node: Node, *, ipv6: bool) -> dict[str, int]:
    """Make the devices of one node in the current network namespace."""
    with step(f"loopback of {node.name}"):
        set_up("lo")
    if ipv6:
        quiet_ipv6()
    return {device.name: _build_device(device, ipv6=ipv6) for device in node.devices}


def _build_device(device: TunDevice, *, ipv6: bool) -> int:
    with step("/dev/net/tun"):
        fd = create_tun(device.name, TunFlags(kind=device.kind))
    with step(f"configuration of {device.name}"):
        set_mtu(device.name, device.mtu)
        set_txqueuelen(device.name, device.txqueuelen)
        for address in device.addresses:
            if ipv6 or ":" not in address:
                add_address(device.name, address)
        set_up(device.name)
    return fd


def _report_failure(control: socket.socket, failure: StepError) -> None:
    answer = {
        "failed": failure.step,
        "errno": failure.error.errno,
        "reason": failure.error.strerror or str(failure.error),
    }
    with contextlib.suppress(OSError):  # nobody is left to be told
        control.send(json.dumps(answer).encode())
