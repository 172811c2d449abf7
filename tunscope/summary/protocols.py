"""Every reader of this package, entered into the registry by being imported here."""

from __future__ import annotations

from tunscope.summary import (  # noqa: F401
    arp,
    cisco,
    cooked,
    dhcp,
    dhcpv6,
    dns,
    eapol,
    ethernet,
    gre,
    http,
    icmp,
    icmpv6,
    igmp,
    ip,
    ipsec,
    ipv6,
    link_local,
    mpls,
    named,
    ntp,
    overlay,
    ppp,
    routing,
    sctp,
    stp,
    tcp,
    tls,
    udp,
)
from tunscope.summary.registry import LINK_TYPES

__all__ = ["LINK_TYPES"]
