"""The commands that would build a lab by hand, for the person who wants to learn them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tunscope.lab.interface import QUIET_IPV6
from tunscope.lab.plan import LabPlan
from tunscope.lab.topology import Node, Topology, TunDevice
from tunscope.lab.traffic import Program


def explain(plan: LabPlan) -> str:
    """Return a shell script for root: commands, and remarks where no command can do it."""
    lines = [
        f"# {plan.name}: {plan.summary}",
        *topology_commands(plan.topology),
        *_relay_remarks(plan.topology),
        *_traffic_remarks(plan.traffic(True)),
        "",
        "# afterwards",
        *(f"ip netns del {node.name}" for node in plan.topology.nodes),
    ]
    return "\n".join(lines) + "\n"


def topology_commands(topology: Topology) -> Iterator[str]:
    """Yield the commands that make the nodes and devices, in order."""
    for node in topology.nodes:
        yield ""
        yield from _node_commands(node)


def _node_commands(node: Node) -> Iterator[str]:
    yield f"ip netns add {node.name}"
    yield f"ip -n {node.name} link set lo up"
    for key, value in QUIET_IPV6.items():
        yield f"ip netns exec {node.name} sysctl -qw net.ipv6.conf.default.{key}={value}"
    for device in node.devices:
        yield from _device_commands(node.name, device)


def _device_commands(node: str, device: TunDevice) -> Iterator[str]:
    name = device.name
    yield f"ip -n {node} tuntap add dev {name} mode {device.kind}"
    yield f"ip -n {node} link set {name} mtu {device.mtu} txqueuelen {device.txqueuelen}"
    for address in device.addresses:
        yield f"ip -n {node} addr add {address} dev {name}"
    yield f"ip -n {node} link set {name} up"


def _relay_remarks(topology: Topology) -> Iterator[str]:
    relay = topology.relay
    yield ""
    yield f"# No ip command joins {relay.device} and {relay.peer}: tunscope holds both descriptors,"
    yield "# reads each packet from one and writes it into the other. Until then both devices"
    yield "# say NO-CARRIER, since nobody holds them."


def _traffic_remarks(programs: Iterable[Program]) -> Iterator[str]:
    yield ""
    yield "# traffic"
    for program in programs:
        if program.argv[0] == "ping":
            yield f"# ip netns exec {program.node} {' '.join(program.argv)} &"
        else:
            yield f"# in {program.node}: {program.name}"
