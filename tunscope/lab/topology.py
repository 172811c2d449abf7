"""A lab as data: nodes, their devices and addresses, and the pair that tunscope joins.

Everything else is made from this: the namespaces (`helper`), the `ip` commands that would build
the same by hand (`explain`), and what the engine is told about its device. Addresses are in CIDR
form (`10.9.0.1/24`, `fd00:9::1/64`). Standard library only: the helper imports it bare.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tunscope.device.names import check_device_name


@dataclass(frozen=True, slots=True)
class TunDevice:
    """A tun or tap device whose descriptor tunscope will hold; sizes in bytes and packets."""

    name: str
    kind: Literal["tun", "tap"]
    addresses: tuple[str, ...]
    mtu: int = 1500
    txqueuelen: int = 10_000

    def __post_init__(self) -> None:
        check_device_name(self.name)
        for address in self.addresses:
            ipaddress.ip_interface(address)


@dataclass(frozen=True, slots=True)
class Node:
    """One network namespace with its devices; `name` is also its host name."""

    name: str
    devices: tuple[TunDevice, ...]


@dataclass(frozen=True, slots=True)
class Relay:
    """tunscope owns both devices and passes packets between them; it shows `device`."""

    device: str
    peer: str

    def other(self, name: str) -> str:
        """Return the device at the far end from `name`."""
        return self.peer if name == self.device else self.device


@dataclass(frozen=True, slots=True)
class Topology:
    """A whole lab. Device names are unique across its nodes; `nameserver` is an address or None."""

    name: str
    nodes: tuple[Node, ...]
    relay: Relay
    nameserver: str | None = None

    def __post_init__(self) -> None:
        names = [device.name for device in self.devices]
        if len(names) != len(set(names)):
            raise ValueError(f"lab {self.name}: a device name is used twice")
        for end in (self.relay.device, self.relay.peer):
            self.device(end)

    @property
    def devices(self) -> tuple[TunDevice, ...]:
        """Every device, node by node."""
        return tuple(device for node in self.nodes for device in node.devices)

    def device(self, name: str) -> TunDevice:
        """Return the device called `name`; KeyError if there is none."""
        for device in self.devices:
            if device.name == name:
                return device
        raise KeyError(name)

    def node_of(self, name: str) -> Node:
        """Return the node that has the device called `name`; KeyError if none has."""
        for node in self.nodes:
            if any(device.name == name for device in node.devices):
                return node
        raise KeyError(name)

    def to_json(self) -> str:
        """Return the topology as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Topology:
        """Rebuild what `to_json` wrote; KeyError, TypeError or ValueError for anything else."""
        data: dict[str, Any] = json.loads(text)
        nodes = tuple(
            Node(
                node["name"],
                tuple(
                    TunDevice(**{**device, "addresses": tuple(device["addresses"])})
                    for device in node["devices"]
                ),
            )
            for node in data["nodes"]
        )
        return cls(data["name"], nodes, Relay(**data["relay"]), data["nameserver"])
