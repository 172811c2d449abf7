"""Making and configuring the interfaces of the current network namespace.

Standard library only; every function raises OSError with the kernel's errno.
"""

from __future__ import annotations

import fcntl
import ipaddress
import socket
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tunscope.lab.rtnetlink import NLM_F_CREATE, NLM_F_EXCL, attribute, nested, request

RTM_NEWLINK, RTM_SETLINK, RTM_NEWADDR, RTM_DELADDR, RTM_NEWROUTE = (
    16,
    19,
    20,
    21,
    24,
)  # linux/rtnetlink.h
RT_TABLE_MAIN, RTPROT_BOOT, RTN_UNICAST = 254, 3, 1
RT_SCOPE_UNIVERSE, RT_SCOPE_LINK = 0, 253
RTA_DST, RTA_OIF, RTA_GATEWAY = 1, 4, 5
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_MASTER = 1, 3, 4, 10  # linux/if_link.h
IFLA_LINKINFO, IFLA_AF_SPEC, IFLA_NET_NS_FD = 18, 26, 28
IFLA_INFO_KIND, IFLA_INFO_DATA = 1, 2
IFLA_BR_VLAN_FILTERING = 7
VETH_INFO_PEER = 1  # linux/veth.h
IFLA_BRIDGE_VLAN_INFO = 2  # linux/if_bridge.h
BRIDGE_VLAN_INFO_PVID, BRIDGE_VLAN_INFO_UNTAGGED = 2, 4
IFA_ADDRESS, IFA_LOCAL = 1, 2  # linux/if_addr.h
IFF_UP = 1  # linux/if.h
SIOCGIFHWADDR = 0x8927  # linux/sockios.h

_CREATE: Final = NLM_F_CREATE | NLM_F_EXCL
_IFREQ: Final = struct.Struct("=16s24x")  # the name, then a struct sockaddr with the MAC
_IFREQ_MAC: Final = slice(18, 24)
_IFINFO: Final = struct.Struct("=BxHiII")  # struct ifinfomsg
_IFADDR: Final = struct.Struct("=BBBBI")  # struct ifaddrmsg
_RTMSG: Final = struct.Struct("=8BI")  # struct rtmsg
_VLAN_INFO: Final = struct.Struct("=HH")  # flags, number

_SYSCTLS: Final = Path("/proc/sys")
QUIET_IPV6 = {"router_solicitations": "0", "accept_ra": "0", "accept_dad": "0"}


def ipv6_available() -> bool:
    """Say whether this kernel has IPv6 switched on."""
    try:
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close()
    except OSError:
        return False
    return True


def quiet_ipv6() -> None:
    """Keep devices made from now on in this namespace from looking for routers.

    Nothing answers in a lab, so each solicitation would only be noise. Where /proc/sys cannot
    be written the noise stays, which harms nobody.
    """
    for key, value in QUIET_IPV6.items():
        try:
            set_sysctl(f"net.ipv6.conf.default.{key}", value)
        except OSError:
            return


def set_sysctl(name: str, value: str) -> None:
    """Set a variable under /proc/sys, dots for slashes."""
    (_SYSCTLS / name.replace(".", "/")).write_text(value)


def add_bridge(name: str, *, vlan_filtering: bool = False) -> None:
    """Make a bridge; EOPNOTSUPP where the kernel has none, or none that filters VLANs."""
    filtering = (attribute(IFLA_BR_VLAN_FILTERING, b"\1"),) if vlan_filtering else ()
    info = nested(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, "bridge"), _info_data(filtering))
    request(RTM_NEWLINK, _link(0), attribute(IFLA_IFNAME, name), info, flags=_CREATE)


def add_veth(name: str, end: str, end_netns: int) -> None:
    """Make a veth pair: `name` here, `end` in the network namespace behind `end_netns`."""
    other = nested(
        VETH_INFO_PEER,
        _link(0),
        attribute(IFLA_IFNAME, end),
        attribute(IFLA_NET_NS_FD, end_netns),
    )
    info = nested(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, "veth"), _info_data((other,)))
    request(RTM_NEWLINK, _link(0), attribute(IFLA_IFNAME, name), info, flags=_CREATE)


def set_mtu(name: str, mtu: int) -> None:
    """Set the largest packet of the interface, in bytes."""
    _set(name, attribute(IFLA_MTU, mtu))


def set_mac(name: str, mac: str) -> None:
    """Set the Ethernet address."""
    _set(name, attribute(IFLA_ADDRESS, bytes.fromhex(mac.replace(":", ""))))


def set_bridge(name: str, bridge: str) -> None:
    """Plug the interface into a bridge."""
    _set(name, attribute(IFLA_MASTER, socket.if_nametoindex(bridge)))


def set_up(name: str) -> None:
    """Bring the interface up."""
    body = _IFINFO.pack(socket.AF_UNSPEC, 0, socket.if_nametoindex(name), IFF_UP, IFF_UP)
    request(RTM_NEWLINK, body)


def set_vlans(name: str, vlans: Iterable[tuple[int, bool]]) -> None:
    """Let the VLANs (number, whether untagged and the port's own) through a bridge port."""
    for number, untagged in vlans:
        flags = BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED if untagged else 0
        info = attribute(IFLA_BRIDGE_VLAN_INFO, _VLAN_INFO.pack(flags, number))
        body = _link(socket.if_nametoindex(name), socket.AF_BRIDGE)
        request(RTM_SETLINK, body, nested(IFLA_AF_SPEC, info))


def add_address(name: str, address: str) -> None:
    """Give the interface an address in CIDR form."""
    request(RTM_NEWADDR, *_address(name, address), flags=_CREATE)


def delete_address(name: str, address: str) -> None:
    """Take an address in CIDR form from the interface."""
    request(RTM_DELADDR, *_address(name, address))


def mac_of(name: str) -> bytes:
    """Return the Ethernet address of the interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        found = fcntl.ioctl(sock, SIOCGIFHWADDR, _IFREQ.pack(name.encode()))
    return found[_IFREQ_MAC]


def add_route(destination: str, *, via: str | None, device: str | None) -> None:
    """Route a network (or `default`, of IPv4) to a gateway, or straight to an interface."""
    network = ipaddress.ip_network("0.0.0.0/0" if destination == "default" else destination)
    attributes = []
    if network.prefixlen:
        attributes.append(attribute(RTA_DST, network.network_address.packed))
    if via is not None:
        attributes.append(attribute(RTA_GATEWAY, ipaddress.ip_address(via).packed))
    if device is not None:
        attributes.append(attribute(RTA_OIF, socket.if_nametoindex(device)))
    scope = RT_SCOPE_LINK if via is None and network.version == 4 else RT_SCOPE_UNIVERSE
    family = socket.AF_INET if network.version == 4 else socket.AF_INET6
    body = _RTMSG.pack(
        family, network.prefixlen, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, scope, RTN_UNICAST, 0
    )
    request(RTM_NEWROUTE, body, *attributes, flags=_CREATE)


def _address(name: str, address: str) -> tuple[bytes, bytes, bytes]:
    interface = ipaddress.ip_interface(address)
    family = socket.AF_INET if interface.version == 4 else socket.AF_INET6
    prefix, index = interface.network.prefixlen, socket.if_nametoindex(name)
    packed = interface.ip.packed
    return (
        _IFADDR.pack(family, prefix, 0, RT_SCOPE_UNIVERSE, index),
        attribute(IFA_LOCAL, packed),
        attribute(IFA_ADDRESS, packed),
    )


def _set(name: str, setting: bytes) -> None:
    request(RTM_NEWLINK, _link(socket.if_nametoindex(name)), setting)


def _link(index: int, family: int = socket.AF_UNSPEC) -> bytes:
    return _IFINFO.pack(family, 0, index, 0, 0)


def _info_data(attributes: Iterable[bytes]) -> bytes:
    return nested(IFLA_INFO_DATA, *attributes)
