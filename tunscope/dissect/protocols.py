"""Every decoder of this package, entered into the tables by being imported here."""

from __future__ import annotations

from tunscope.dissect import (  # noqa: F401
    ah,
    arp,
    carp,
    cooked,
    dhcp,
    dns,
    ethernet,
    gre,
    http,
    icmp,
    icmpv6,
    ipv4,
    ipv6,
    llc,
    mpls,
    overlay,
    pppoe,
    scapy_protocols,
    tcp,
    tls,
    udp,
    vlan,
)
from tunscope.dissect.frame import decode_frame

__all__ = ["decode_frame"]
