"""What somebody asks of a device: a checked value that travels to the engine as JSON."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, Self

from tunscope.device.names import check_device_name
from tunscope.errors import UsageError
from tunscope.packet.printable import printable

Kind = Literal["tun", "tap"]

#: Smallest IPv4 MTU (RFC 791) and the most that tun and tap take (drivers/net/tun.c).
MIN_MTU: Final = 68
MAX_MTU: Final = 65535
#: Smallest MTU of a link that carries IPv6 (RFC 8200, section 5).
MIN_MTU_IPV6: Final = 1280

_MAC: Final = re.compile(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}")


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """A device by name, how to open it and how to configure it while it is open.

    Every field is checked on construction, addresses and MACs are put into normal form;
    UsageError says what is wrong. `kind` None means: what exists, or what the name says.
    `user` and `group` are names or numbers. `netns` is a name of `ip netns`, a process id,
    or a path. `offload` makes a new device one that can exchange unsegmented packets
    (IFF_VNET_HDR).
    """

    name: str
    kind: Kind | None = None
    observe: bool = False
    addresses: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    mtu: int | None = None
    mac: str | None = None
    bridge: str | None = None
    persist: bool = False
    user: str | None = None
    group: str | None = None
    netns: str | None = None
    offload: bool = False

    def __post_init__(self) -> None:
        check_device_name(self.name)
        if self.kind not in {None, "tun", "tap"}:
            raise UsageError("device kind", f"{printable(str(self.kind))!r} is neither tun nor tap")
        object.__setattr__(self, "addresses", tuple(map(normal_address, self.addresses)))
        object.__setattr__(self, "routes", tuple(map(normal_route, self.routes)))
        if self.mtu is not None and not MIN_MTU <= self.mtu <= MAX_MTU:
            raise UsageError("--mtu", f"{self.mtu} is not between {MIN_MTU} and {MAX_MTU}")
        if self.mtu is not None and self.mtu < MIN_MTU_IPV6 and ":" in "".join(self.addresses):
            raise UsageError(
                "--mtu", f"{self.mtu} is too small for IPv6", f"{MIN_MTU_IPV6} will do"
            )
        if self.mac is not None:
            object.__setattr__(self, "mac", normal_mac(self.mac))
        if self.bridge is not None:
            check_device_name(self.bridge)
        if (self.user or self.group) and not self.persist:
            raise UsageError("--user/--group", "need --persist", "they say who may attach later")
        if self.observe and self.asks_for_changes:
            raise UsageError("--observe", "an observed device is left as it is")

    @property
    def asks_for_changes(self) -> bool:
        """Whether anything about the device itself is to be set."""
        return bool(
            self.addresses
            or self.routes
            or self.mtu is not None
            or self.mac is not None
            or self.bridge is not None
            or self.persist
        )

    def to_json(self) -> dict[str, Any]:
        """Return the request as an object for `json.dumps`."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Build a request from `to_json`'s object; UsageError on anything else."""
        if not isinstance(value, dict):
            raise UsageError("device request", "is no JSON object")
        known = {field.name for field in fields(cls)}
        for key in value:
            if key not in known:
                raise UsageError("device request", f"has no field {printable(str(key))!r}")
        if not isinstance(value.get("name"), str):
            raise UsageError("device request", "names no device")
        for key, item in value.items():
            if not _fits(key, item):
                raise UsageError("device request", f"field {key!r} has the wrong type")
        lists = {key: tuple(value[key]) for key in ("addresses", "routes") if key in value}
        return cls(**{**value, **lists})


def _fits(key: str, item: object) -> bool:
    """Whether `item` has the type of field `key`."""
    if key in {"addresses", "routes"}:
        return isinstance(item, list | tuple) and all(isinstance(text, str) for text in item)
    if key in {"observe", "persist", "offload"}:
        return isinstance(item, bool)
    if key == "mtu":
        return item is None or (isinstance(item, int) and not isinstance(item, bool))
    return item is None or isinstance(item, str)


def normal_address(text: str) -> str:
    """Return an interface address as ADDRESS/PREFIX; without a prefix it is a single host."""
    try:
        interface = ipaddress.ip_interface(text)
    except ValueError:
        raise UsageError(
            f"--addr {printable(text)}", "not an address", "as in 10.9.0.1/24 or fd00::1/64"
        ) from None
    if isinstance(interface, ipaddress.IPv6Interface) and interface.scope_id:
        raise UsageError(f"--addr {printable(text)}", "an address here has no zone")
    return interface.with_prefixlen


def normal_route(text: str) -> str:
    """Return a destination network as NETWORK/PREFIX; `default` is 0.0.0.0/0."""
    if text == "default":
        return "0.0.0.0/0"
    try:
        network = ipaddress.ip_interface(text).network
    except ValueError:
        raise UsageError(
            f"--route {printable(text)}", "not a network", "as in 10.9.0.0/24 or fd00::/64"
        ) from None
    if ipaddress.ip_interface(text).ip != network.network_address:
        raise UsageError(f"--route {printable(text)}", "has host bits set", f"meant: {network}")
    return str(network)


def normal_mac(text: str) -> str:
    """Return a unicast Ethernet address in lower case with colons."""
    if not _MAC.fullmatch(text):
        raise UsageError(f"--mac {printable(text)}", "not a MAC address", "as in 02:00:00:00:00:01")
    mac = text.lower().replace("-", ":")
    if int(mac[:2], 16) & 1 or mac == "00:00:00:00:00:00":
        raise UsageError(f"--mac {mac}", "not a unicast address", "as in 02:00:00:00:00:01")
    return mac
