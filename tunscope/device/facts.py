"""What the kernel says about a device, as values that travel between processes as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from tunscope.packet.linktype import LinkType, from_arphrd


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that holds a device's descriptor; `command` is its command line, as it is."""

    pid: int
    command: str

    @property
    def program(self) -> str:
        """The last part of the program's path, for one-line messages."""
        first = self.command.split(" ", 1)[0]
        return first.rsplit("/", 1)[-1] or self.command

    def __str__(self) -> str:
        return f"{self.program} (pid {self.pid})"


@dataclass(frozen=True, slots=True)
class VethPeer:
    """The other end of a veth: its index there, and name and namespace where they are known.

    In another namespace than the device itself, `nsid` is the number that the kernel has for
    that namespace, and `netns` its name, or `pid N` of a process in it, or "unknown"; both are
    None when the peer is next to the device.
    """

    index: int
    name: str | None = None
    netns: str | None = None
    nsid: int | None = None

    def __str__(self) -> str:
        name = self.name or f"if{self.index}"
        return name if self.netns is None else f"{name}@{self.netns}"


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """One device at one moment.

    `kind` is what netlink's linkinfo calls it, "tun" and "tap" told apart, else "loopback" or
    "ethernet" by its hardware type. `state` is "down", "no-carrier", "up", or what operstate
    says besides. `addresses` are ADDRESS/PREFIX texts, `mtu` is in bytes, `txqueuelen` in
    packets, `arphrd` an ARPHRD_ value, `driver` what `ethtool -i` names. Names come from the
    kernel as they are: make them printable before showing them.
    """

    name: str
    index: int
    kind: str
    state: str
    mtu: int
    arphrd: int
    txqueuelen: int = 0
    addresses: tuple[str, ...] = ()
    mac: str | None = None
    master: str | None = None
    peer: VethPeer | None = None
    driver: str | None = None
    owner: Owner | None = None

    @property
    def linktype(self) -> LinkType | None:
        """Link type of a capture on this device; None where tunscope cannot capture."""
        return from_arphrd(self.arphrd)

    @property
    def is_up(self) -> bool:
        """Whether the device is administratively up."""
        return self.state != "down"

    def to_json(self) -> dict[str, Any]:
        """Return the facts as an object for `json.dumps`, the link type's number included."""
        linktype = self.linktype
        return asdict(self) | {"linktype": None if linktype is None else int(linktype)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Build the facts back from `to_json`'s object.

        Raises KeyError or TypeError for anything else: only the engine, never a capture or a
        person, writes these.
        """
        known = {item.name for item in fields(cls)}
        given = {key: item for key, item in value.items() if key in known}
        given["addresses"] = tuple(given.get("addresses", ()))
        if given.get("peer") is not None:
            given["peer"] = VethPeer(**given["peer"])
        if given.get("owner") is not None:
            given["owner"] = Owner(**given["owner"])
        return cls(**given)
