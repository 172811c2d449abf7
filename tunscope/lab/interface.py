"""Configuring an interface of the current network namespace by plain ioctls (netdevice(7)).

A helper that starts in 20 ms cannot load a netlink library. Standard library only; every
function raises OSError with the kernel's errno.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import socket
import struct
from pathlib import Path

SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914  # linux/sockios.h
SIOCSIFADDR, SIOCSIFNETMASK = 0x8916, 0x891C
SIOCSIFMTU, SIOCGIFINDEX = 0x8922, 0x8933
IFF_UP = 1  # linux/if.h

_IFREQ_INT = struct.Struct("=16si20x")  # struct ifreq with an int in its union
_IFREQ_FLAGS = struct.Struct("=16sH22x")
_IFREQ_INET = struct.Struct("=16sH2x4s16x")  # struct sockaddr_in; the port stays 0
_IN6_IFREQ = struct.Struct("=16sIi")  # address, prefix length, interface index: linux/ipv6.h

RTM_SETLINK = 19  # linux/rtnetlink.h
IFLA_TXQLEN = 13  # linux/if_link.h
NLM_F_REQUEST, NLM_F_ACK = 1, 4  # linux/netlink.h
_SET_TXQLEN = struct.Struct("=IHHIIBxHiIIHHI")  # nlmsghdr, ifinfomsg, rtattr with a u32
_NLMSGERR = struct.Struct("=16xi")

_IPV6_SYSCTLS = Path("/proc/sys/net/ipv6/conf/default")
QUIET_IPV6 = {"router_solicitations": "0", "accept_ra": "0", "accept_dad": "0"}


def interface_index(name: str) -> int:
    """Return the kernel's number for the interface."""
    index: int = _IFREQ_INT.unpack(_request(SIOCGIFINDEX, _IFREQ_INT.pack(name.encode(), 0)))[1]
    return index


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
            (_IPV6_SYSCTLS / key).write_text(value)
        except OSError:
            return


def add_address(name: str, address: str) -> None:
    """Give the interface an address in CIDR form; IPv4 replaces the one it had."""
    interface = ipaddress.ip_interface(address)
    if isinstance(interface, ipaddress.IPv4Interface):
        for code, value in (
            (SIOCSIFADDR, interface.ip.packed),
            (SIOCSIFNETMASK, interface.network.netmask.packed),
        ):
            _request(code, _IFREQ_INET.pack(name.encode(), socket.AF_INET, value))
        return
    prefix = interface.network.prefixlen
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        request = _IN6_IFREQ.pack(interface.ip.packed, prefix, interface_index(name))
        fcntl.ioctl(sock, SIOCSIFADDR, request)


def set_mtu(name: str, mtu: int) -> None:
    """Set the largest packet of the interface, in bytes."""
    _request(SIOCSIFMTU, _IFREQ_INT.pack(name.encode(), mtu))


def set_txqueuelen(name: str, packets: int) -> None:
    """Set how many packets may wait for the owner of a tun or tap device.

    By rtnetlink: SIOCSIFTXQLEN asks for CAP_NET_ADMIN in the first user namespace.
    """
    request = _SET_TXQLEN.pack(
        _SET_TXQLEN.size, RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0,
        socket.AF_UNSPEC, 0, interface_index(name), 0, 0,
        8, IFLA_TXQLEN, packets,
    )  # fmt: skip
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as sock:
        sock.send(request)
        (error,) = _NLMSGERR.unpack_from(sock.recv(4096))
    if error:
        raise OSError(-error, os.strerror(-error))


def set_up(name: str) -> None:
    """Bring the interface up."""
    flags = _IFREQ_FLAGS.unpack(_request(SIOCGIFFLAGS, _IFREQ_FLAGS.pack(name.encode(), 0)))[1]
    _request(SIOCSIFFLAGS, _IFREQ_FLAGS.pack(name.encode(), flags | IFF_UP))


def _request(code: int, payload: bytes) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return fcntl.ioctl(sock, code, payload)
