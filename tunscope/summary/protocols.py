"""Every reader of this package, entered into the registry by being imported here."""

from __future__ import annotations

from tunscope.summary import (  # noqa: F401
    arp,
    cooked,
    dns,
    ethernet,
    http,
    icmp,
    icmpv6,
    ip,
    ipv6,
    tcp,
    tls,
    udp,
)
from tunscope.summary.registry import LINK_TYPES

__all__ = ["LINK_TYPES"]
