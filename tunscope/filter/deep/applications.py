"""Every decoder of applications, registered: import this before decoding."""

from __future__ import annotations

from tunscope.filter.deep import (
    dhcp,
    dhcpv6,
    dns,
    http,
    nbns,
    ntp,
    openvpn,
    quic,
    ssh,
    tls,
    wireguard,
)

__all__ = [
    "dhcp",
    "dhcpv6",
    "dns",
    "http",
    "nbns",
    "ntp",
    "openvpn",
    "quic",
    "ssh",
    "tls",
    "wireguard",
]
