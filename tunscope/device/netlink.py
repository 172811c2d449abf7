"""Devices, addresses and routes by rtnetlink.

Everything that the kernel refuses is an OSError with its errno.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

from tunscope.device.facts import DeviceFacts, VethPeer
from tunscope.device.namespaces import entered
from tunscope.device.pyroute import pyroute2_module
from tunscope.device.tuntap import TunFlags

_IFF_UP: Final = 1 << 0
_IFF_LOWER_UP: Final = 1 << 16
_ARPHRD_ETHER: Final = 1
_ARPHRD_LOOPBACK: Final = 772
_IFLA_TUN_TAP: Final = 2
_DUMP_ATTEMPTS: Final = 5

_T = TypeVar("_T")

_exceptions = pyroute2_module("netlink.exceptions")
_IPRoute = pyroute2_module("iproute.linux").IPRoute


@dataclass(frozen=True, slots=True)
class LinkStats:
    """A device's counters since it was made (struct rtnl_link_stats64)."""

    rx_packets: int
    tx_packets: int
    rx_bytes: int
    tx_bytes: int
    rx_dropped: int
    tx_dropped: int


@dataclass(frozen=True, slots=True)
class TunDevice:
    """How a tun or tap device is set up, and how many descriptors hold a queue of it.

    The kernel tells the number only of multi-queue devices; None otherwise.
    """

    flags: TunFlags
    queues: int | None


class Netlink:
    """An rtnetlink socket in the current network namespace, or in that of descriptor `netns`.

    To be used in the thread that made it, and not inside an asyncio event loop.
    """

    def __init__(self, netns: int | None = None) -> None:
        if netns is None:
            self._ipr = _IPRoute()
        else:
            with entered(netns):
                self._ipr = _IPRoute()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self._ipr.close()

    # What is there.

    def link(self, name: str) -> DeviceFacts | None:
        """Return the facts of one device, None if there is no such device.

        Owner, driver and a veth peer's name are not netlink's to tell and stay None.
        """
        message = self._one(ifname=name)
        if message is None:
            return None
        index = message["index"]
        return _facts(message, self._addresses(index).get(index, []), self._names())

    def links(self) -> list[DeviceFacts]:
        """Return the facts of all devices, by index."""
        messages = self._dump(self._ipr.get_links)
        names = {message["index"]: message.get("IFLA_IFNAME") for message in messages}
        addresses = self._addresses()
        return [
            _facts(message, addresses.get(message["index"], []), names)
            for message in sorted(messages, key=lambda message: int(message["index"]))
        ]

    def tun_device(self, name: str) -> TunDevice | None:
        """Return how a tun or tap device is set up; None if `name` is no such device."""
        message = self._one(ifname=name)
        return None if message is None else _tun_device(message)

    def tun_flags(self, name: str) -> TunFlags | None:
        """Return a tun or tap device's flags; None if `name` is no such device."""
        device = self.tun_device(name)
        return None if device is None else device.flags

    def stats(self, index: int) -> LinkStats | None:
        """Return a device's counters; None if it is gone."""
        message = self._one(index=index)
        if message is None:
            return None
        counters = message.get("IFLA_STATS64")
        return LinkStats(**{name: counters[name] for name in LinkStats.__dataclass_fields__})

    def netns_id(self, netns: int) -> int | None:
        """Return the number by which this namespace knows that of descriptor `netns`, if any."""
        answer = _refusals_as_oserror(lambda: self._ipr.get_netnsid(fd=netns))
        number = None if answer is None else answer["nsid"]
        return None if number is None or number < 0 or number > 0x7FFFFFFF else int(number)

    # What to change.

    def set_up(self, index: int, up: bool) -> None:
        """Bring a device administratively up or down."""
        self._set(index, state="up" if up else "down")

    def set_mtu(self, index: int, mtu: int) -> None:
        """Set the MTU in bytes."""
        self._set(index, mtu=mtu)

    def set_mac(self, index: int, mac: str) -> None:
        """Set the hardware address."""
        self._set(index, address=mac)

    def set_txqueuelen(self, index: int, packets: int) -> None:
        """Set the length of the device's transmit queue."""
        self._set(index, txqlen=packets)

    def set_gso_max_size(self, index: int, size: int) -> None:
        """Set the most bytes that an unsegmented packet on the device may have."""
        self._set(index, gso_max_size=size)

    def set_master(self, index: int, master: int) -> None:
        """Make a device a port of the bridge with index `master`; 0 takes it out."""
        self._set(index, master=master)

    def add_address(self, index: int, address: str) -> bool:
        """Add ADDRESS/PREFIX; False if it was there."""
        return self._added(lambda: self._ipr.addr("add", **_address(index, address)))

    def del_address(self, index: int, address: str) -> None:
        """Remove ADDRESS/PREFIX."""
        _refusals_as_oserror(lambda: self._ipr.addr("del", **_address(index, address)))

    def add_route(self, index: int, network: str) -> bool:
        """Add a route to NETWORK/PREFIX through the device; False if it was there."""
        return self._added(lambda: self._ipr.route("add", **_route(index, network)))

    def del_route(self, index: int, network: str) -> None:
        """Remove the route to NETWORK/PREFIX through the device."""
        _refusals_as_oserror(lambda: self._ipr.route("del", **_route(index, network)))

    def _one(self, **which: Any) -> Any:
        try:
            messages = tuple(self._ipr.link("get", **which))
        except _exceptions.NetlinkError as error:
            if error.code == 19:  # ENODEV
                return None
            raise OSError(error.code, str(error.args[-1])) from error
        return messages[0] if messages else None

    def _addresses(self, index: int | None = None) -> dict[int, list[str]]:
        which = {} if index is None else {"index": index}
        found: dict[int, list[str]] = {}
        for message in self._dump(lambda: self._ipr.get_addr(**which)):
            text = message.get("IFA_LOCAL") or message.get("IFA_ADDRESS")
            if text is not None:
                found.setdefault(message["index"], []).append(f"{text}/{message['prefixlen']}")
        return found

    def _names(self) -> dict[int, str]:
        messages = self._dump(self._ipr.get_links)
        return {message["index"]: message.get("IFLA_IFNAME") for message in messages}

    def _dump(self, dump: Callable[[], Iterable[Any]]) -> list[Any]:
        """Collect a dump, again if devices changed while the kernel wrote it."""
        for _ in range(_DUMP_ATTEMPTS - 1):
            try:
                return list(dump())
            except _exceptions.NetlinkDumpInterrupted:
                continue
        return _refusals_as_oserror(lambda: list(dump()))

    def _set(self, index: int, **what: Any) -> None:
        _refusals_as_oserror(lambda: tuple(self._ipr.link("set", index=index, **what)))

    @staticmethod
    def _added(add: Callable[[], Any]) -> bool:
        try:
            _refusals_as_oserror(add)
        except FileExistsError:
            return False
        return True


def _refusals_as_oserror(call: Callable[[], _T]) -> _T:
    try:
        return call()
    except _exceptions.NetlinkError as error:
        raise OSError(error.code, str(error.args[-1])) from error


def _address(index: int, text: str) -> dict[str, Any]:
    interface = ipaddress.ip_interface(text)
    what = {"index": index, "address": str(interface.ip), "prefixlen": interface.network.prefixlen}
    if interface.version == 4 and interface.network.prefixlen < 31:
        what["broadcast"] = str(interface.network.broadcast_address)
    return what


def _route(index: int, text: str) -> dict[str, Any]:
    network = ipaddress.ip_network(text)
    family = socket.AF_INET if network.version == 4 else socket.AF_INET6
    destination = text if network.prefixlen else "default"
    scope = {"scope": 253} if network.version == 4 else {}  # RT_SCOPE_LINK: no gateway
    return {"family": family, "dst": destination, "oif": index, **scope}


def _facts(message: Any, addresses: list[str], names: dict[int, str]) -> DeviceFacts:
    kind = _kind(message)
    master = message.get("IFLA_MASTER")
    return DeviceFacts(
        name=message.get("IFLA_IFNAME"),
        index=message["index"],
        kind=kind,
        state=_state(message),
        mtu=message.get("IFLA_MTU") or 0,
        arphrd=message["ifi_type"],
        txqueuelen=message.get("IFLA_TXQLEN") or 0,
        addresses=tuple(addresses),
        mac=_mac(message),
        master=None if master is None else names.get(master, f"if{master}"),
        peer=_peer(message, names) if kind == "veth" else None,
    )


def _kind(message: Any) -> str:
    kind = message.get(("linkinfo", "kind"))
    if kind == "tun":
        device = _tun_device(message)
        return device.flags.kind if device else "tun"
    if kind:
        return str(kind)
    arphrd = message["ifi_type"]
    if arphrd == _ARPHRD_LOOPBACK:
        return "loopback"
    return "ethernet" if arphrd == _ARPHRD_ETHER else f"arphrd {arphrd}"


def _state(message: Any) -> str:
    flags = message["flags"]
    if not flags & _IFF_UP:
        return "down"
    if not flags & _IFF_LOWER_UP:
        return "no-carrier"
    state = str(message.get("IFLA_OPERSTATE") or "").lower()
    return "up" if state in {"", "unknown"} else state


def _mac(message: Any) -> str | None:
    """Return an Ethernet address; tunnels keep their IP address in the same attribute."""
    mac = message.get("IFLA_ADDRESS")
    if message["ifi_type"] not in {_ARPHRD_ETHER, _ARPHRD_LOOPBACK} or not mac:
        return None
    return str(mac)


def _peer(message: Any, names: dict[int, str]) -> VethPeer | None:
    index = message.get("IFLA_LINK")
    if not index:
        return None
    number = message.get("IFLA_LINK_NETNSID")
    if number is None:
        return VethPeer(index, names.get(index))
    return VethPeer(index, netns="unknown", nsid=number)


def _tun_device(message: Any) -> TunDevice | None:
    if message.get(("linkinfo", "kind")) != "tun":
        return None
    data = message.get(("linkinfo", "data"))
    if data is None:
        return None
    multi_queue = bool(data.get("IFLA_TUN_MULTI_QUEUE"))
    queues = [data.get(f"IFLA_TUN_NUM_{part}QUEUES") or 0 for part in ("", "DISABLED_")]
    return TunDevice(
        TunFlags(
            kind="tap" if data.get("IFLA_TUN_TYPE") == _IFLA_TUN_TAP else "tun",
            no_pi=not data.get("IFLA_TUN_PI"),
            vnet_hdr=bool(data.get("IFLA_TUN_VNET_HDR")),
            multi_queue=multi_queue,
            persist=bool(data.get("IFLA_TUN_PERSIST")),
            owner=data.get("IFLA_TUN_OWNER"),
            group=data.get("IFLA_TUN_GROUP"),
        ),
        sum(queues) if multi_queue else None,
    )
