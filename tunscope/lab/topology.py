"""A lab as data: nodes, their devices, addresses and routes, and what is at a tun's far end.

Everything else is made from this: the namespaces (`helper`), the commands that would build the
same by hand (`explain`), and what the engines are told. Addresses are in CIDR form
(`10.9.0.1/24`, `fd00:9::1/64`). A device of another node is written `DEVICE@NODE`. Standard
library only: the helper imports it bare.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, TypeAlias

from tunscope.device.names import check_device_name

DEFAULT_MTU: Final = 1500
#: Sysctls of a node without IPv6, whose neighbour discovery would only be noise.
ONLY_IPV4: Final = (("net.ipv6.conf.default.disable_ipv6", "1"),)
#: Sysctls of a node that routes for others.
FORWARDING: Final = (("net.ipv4.ip_forward", "1"),)


@dataclass(frozen=True, slots=True)
class Vlan:
    """A VLAN of a bridge port; an `untagged` one is also the port's own (pvid)."""

    number: int
    untagged: bool = False


@dataclass(frozen=True, slots=True)
class TunDevice:
    """A persistent tun or tap device, as `ip tuntap add` makes it.

    `peer` is what tunscope puts at its far end, in the words of `--peer` with nodes for network
    namespaces; None leaves the device to whoever attaches to it. `uid` and `gid` may attach
    without further rights.
    """

    name: str
    kind: Literal["tun", "tap"]
    addresses: tuple[str, ...] = ()
    peer: str | None = None
    mtu: int = DEFAULT_MTU
    mac: str | None = None
    bridge: str | None = None
    uid: int | None = None
    gid: int | None = None

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True, slots=True)
class Veth:
    """One end of a veth pair; `end` is the other one, which names this one."""

    name: str
    end: str
    addresses: tuple[str, ...] = ()
    mtu: int = DEFAULT_MTU
    mac: str | None = None
    bridge: str | None = None
    vlans: tuple[Vlan, ...] = ()

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True, slots=True)
class Bridge:
    """A bridge; its ports are the devices of its node that name it."""

    name: str
    addresses: tuple[str, ...] = ()
    mtu: int = DEFAULT_MTU
    mac: str | None = None
    vlan_filtering: bool = False

    def __post_init__(self) -> None:
        _check(self)


Device: TypeAlias = TunDevice | Veth | Bridge
_TYPES: Final[dict[str, type[Device]]] = {
    "tun": TunDevice,
    "veth": Veth,
    "bridge": Bridge,
}


@dataclass(frozen=True, slots=True)
class Route:
    """Packets for `destination` (a network, or `default`) go to `via`, or straight to `device`."""

    destination: str
    via: str | None = None
    device: str | None = None

    def __post_init__(self) -> None:
        if (self.via is None) == (self.device is None):
            raise ValueError(f"route to {self.destination}: needs a gateway or a device")


@dataclass(frozen=True, slots=True)
class Node:
    """One network namespace with its devices; `name` is also its host name.

    `sysctls` are (name, value) pairs, set before the devices are made. `commands` are run in the
    node once everything is built, in order.
    """

    name: str
    devices: tuple[Device, ...] = ()
    routes: tuple[Route, ...] = ()
    sysctls: tuple[tuple[str, str], ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()

    def device(self, name: str) -> Device:
        """Return the device called `name`; KeyError if there is none."""
        for device in self.devices:
            if device.name == name:
                return device
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Topology:
    """A whole lab. `nameserver` is the address that its programs ask for names, or None.

    `hidden` are folders of the host that its programs see empty. Name service daemons listen under
    /run, and would be asked instead.

    ValueError if a name is used twice, a veth has no other end or a port no bridge.
    """

    name: str
    nodes: tuple[Node, ...]
    nameserver: str | None = None
    hidden: tuple[str, ...] = ("/run",)

    def __post_init__(self) -> None:
        names = [node.name for node in self.nodes]
        if len(names) != len(set(names)):
            raise ValueError(f"lab {self.name}: a node name is used twice")
        for node in self.nodes:
            self._check_node(node)

    def _check_node(self, node: Node) -> None:
        names = [device.name for device in node.devices]
        if len(names) != len(set(names)):
            raise ValueError(f"lab {self.name}: a device name of {node.name} is used twice")
        bridges = {device.name for device in node.devices if isinstance(device, Bridge)}
        for device in node.devices:
            if not isinstance(device, Bridge) and device.bridge not in {None, *bridges}:
                raise ValueError(f"lab {self.name}: {device.name} is on no bridge of {node.name}")
            if isinstance(device, Veth):
                self._check_end(node, device)

    def _check_end(self, node: Node, device: Veth) -> None:
        here = f"{device.name}@{node.name}"
        try:
            other = self.find(device.end)[1]
        except KeyError:
            other = None
        if not isinstance(other, Veth) or other.end != here:
            raise ValueError(f"lab {self.name}: the other end of {here} is not {device.end}")

    def node(self, name: str) -> Node:
        """Return the node called `name`; KeyError if there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    def find(self, place: str) -> tuple[Node, Device]:
        """Return what `DEVICE@NODE` means; KeyError if there is no such device."""
        name, _, node_name = place.partition("@")
        node = self.node(node_name)
        return node, node.device(name)

    @property
    def places(self) -> tuple[str, ...]:
        """Every device as `DEVICE@NODE`, node by node."""
        return tuple(f"{device.name}@{node.name}" for node in self.nodes for device in node.devices)

    def to_json(self) -> str:
        """Return the topology as one line of JSON."""
        kinds = {kind: name for name, kind in _TYPES.items()}
        value = asdict(self)
        for node, written in zip(self.nodes, value["nodes"], strict=True):
            for device, fields in zip(node.devices, written["devices"], strict=True):
                fields["type"] = kinds[type(device)]
        return json.dumps(value)

    @classmethod
    def from_json(cls, text: str) -> Topology:
        """Rebuild what `to_json` wrote; KeyError, TypeError or ValueError for anything else."""
        data: dict[str, Any] = json.loads(text)
        nodes, hidden = tuple(map(_read_node, data["nodes"])), tuple(map(str, data["hidden"]))
        return cls(data["name"], nodes, data["nameserver"], hidden)


def _read_node(data: dict[str, Any]) -> Node:
    return Node(
        data["name"],
        tuple(map(_read_device, data["devices"])),
        tuple(Route(**route) for route in data["routes"]),
        tuple((str(name), str(value)) for name, value in data["sysctls"]),
        tuple(tuple(map(str, command)) for command in data["commands"]),
    )


def _read_device(data: dict[str, Any]) -> Device:
    fields = {**data, "addresses": tuple(data["addresses"])}
    kind = _TYPES[fields.pop("type")]
    if "vlans" in fields:
        fields["vlans"] = tuple(Vlan(**vlan) for vlan in fields["vlans"])
    return kind(**fields)


def _check(device: Device) -> None:
    check_device_name(device.name)
    for address in device.addresses:
        ipaddress.ip_interface(address)
