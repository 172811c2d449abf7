"""Every dissector of headers, registered: import this before dissecting."""

from __future__ import annotations

from tunscope.filter.layers import (
    arp,
    cooked,
    ethernet,
    gre,
    icmp,
    icmpv6,
    igmp,
    ipsec,
    ipv4,
    ipv6,
    ipv6_extensions,
    llc,
    mpls,
    overlay,
    pppoe,
    provider_bridge,
    sctp,
    tcp,
    udp,
    vlan,
)

__all__ = [
    "arp",
    "cooked",
    "ethernet",
    "gre",
    "icmp",
    "icmpv6",
    "igmp",
    "ipsec",
    "ipv4",
    "ipv6",
    "ipv6_extensions",
    "llc",
    "mpls",
    "overlay",
    "pppoe",
    "provider_bridge",
    "sctp",
    "tcp",
    "udp",
    "vlan",
]
