"""The commands that would build a lab by hand, for the person who wants to learn them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from tunscope.lab.interface import QUIET_IPV6
from tunscope.lab.plan import LabPlan
from tunscope.lab.topology import DEFAULT_MTU, Bridge, Device, Node, Topology, TunDevice, Veth
from tunscope.lab.traffic import Program


def explain(plan: LabPlan) -> str:
    """Return a shell script for root: commands, and as remarks what keeps running."""
    lines = [
        f"# {plan.name}: {plan.summary}",
        *topology_commands(plan.topology),
        "",
        *_programs("programs that hold devices", plan.owners(True)),
        "# tunscope",
        *(f"# {command} &" for command in _tunscope_commands(plan)),
        *_programs("traffic", plan.traffic(True)),
        "",
        "# afterwards",
        *(f"ip netns del {node.name}" for node in plan.topology.nodes),
    ]
    return "\n".join(lines) + "\n"


def topology_commands(topology: Topology) -> Iterator[str]:
    """Yield the commands that make the nodes and devices, in the order of the helper's steps."""
    for node in topology.nodes:
        yield ""
        yield from _preparation(node)
    made: set[str] = set()
    for node in topology.nodes:
        yield ""
        for device in node.devices:
            place = f"{device.name}@{node.name}"
            if place not in made:
                yield _creation(node.name, device)
            if isinstance(device, Veth):
                made.add(device.end)
    for node in topology.nodes:
        yield ""
        yield from _configuration(node)
    for node in topology.nodes:
        for command in node.commands:
            yield _inside(node.name, shlex.join(command))


def _preparation(node: Node) -> Iterator[str]:
    yield f"ip netns add {node.name}"
    yield f"ip -n {node.name} link set lo up"
    quiet = ((f"net.ipv6.conf.default.{key}", value) for key, value in QUIET_IPV6.items())
    for key, value in (*quiet, *node.sysctls):
        yield _inside(node.name, f"sysctl -qw {key}={value}")


def _creation(node: str, device: Device) -> str:
    if isinstance(device, TunDevice):
        uid = "" if device.uid is None else f" user {device.uid}"
        gid = "" if device.gid is None else f" group {device.gid}"
        return f"ip -n {node} tuntap add dev {device.name} mode {device.kind}{uid}{gid}"
    if isinstance(device, Bridge):
        filtering = " vlan_filtering 1" if device.vlan_filtering else ""
        return f"ip -n {node} link add name {device.name} type bridge{filtering}"
    end, _, end_node = device.end.partition("@")
    return f"ip -n {node} link add name {device.name} type veth peer name {end} netns {end_node}"


def _configuration(node: Node) -> Iterator[str]:
    for device in node.devices:
        yield from _device_commands(node.name, device)
    for route in node.routes:
        via = f"via {route.via}" if route.via is not None else f"dev {route.device}"
        yield f"ip -n {node.name} route add {route.destination} {via}"


def _device_commands(node: str, device: Device) -> Iterator[str]:
    name = device.name
    if device.mac is not None:
        yield f"ip -n {node} link set {name} address {device.mac}"
    if device.mtu != DEFAULT_MTU:
        yield f"ip -n {node} link set {name} mtu {device.mtu}"
    if not isinstance(device, Bridge) and device.bridge is not None:
        yield f"ip -n {node} link set {name} master {device.bridge}"
    if isinstance(device, Veth):
        for vlan in device.vlans:
            how = " pvid untagged" if vlan.untagged else ""
            yield f"bridge -n {node} vlan add dev {name} vid {vlan.number}{how}"
    for address in device.addresses:
        yield f"ip -n {node} addr add {address} dev {name}"
    yield f"ip -n {node} link set {name} up"


def _tunscope_commands(plan: LabPlan) -> Iterator[str]:
    """Yield what owns or watches devices: the shown one, then those that need an owner too."""
    shown = (plan.shown, *plan.beside)
    for place in (*shown, *plan.kept(shown)):
        name, _, node = place.partition("@")
        device = plan.tun(place)
        peer = f" --peer {device.peer}" if device is not None and device.peer else ""
        yield _inside(node, f"tunscope {name}{peer}")


def _programs(title: str, programs: Iterable[Program]) -> Iterator[str]:
    programs = tuple(programs)
    if programs:
        yield f"# {title}"
    for program in programs:
        if program.plain:
            yield f"# {_inside(program.node, shlex.join(program.argv))} &"
        else:
            yield f"# in {program.node}: {program.name}"


def _inside(node: str, command: str) -> str:
    return f"ip netns exec {node} {command}"
