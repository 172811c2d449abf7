"""Where a protocol may be at all: packets elsewhere need no closer look."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from tunscope.columns.layout import Layer
from tunscope.filter.columnar.carriers import CARRIERS, may_carry

if TYPE_CHECKING:
    from tunscope.columns.batch import Level
    from tunscope.filter.columnar.run import Run
    from tunscope.filter.columnar.verdict import Mask
    from tunscope.filter.table import Field

#: Protocols whose layer bit says for certain whether tshark shows them.
CERTAIN: Final[dict[str, Layer]] = {
    "eth": Layer.ETHERNET,
    "arp": Layer.ARP,
    "ip": Layer.IPV4,
    "ipv6": Layer.IPV6,
    "icmp": Layer.ICMP,
    "icmpv6": Layer.ICMPV6,
    "tcp": Layer.TCP,
    "udp": Layer.UDP,
    "sctp": Layer.SCTP,
    "gre": Layer.GRE,
    "vxlan": Layer.VXLAN,
    "geneve": Layer.GENEVE,
    "mpls": Layer.MPLS,
    "llc": Layer.LLC,
    "sll": Layer.COOKED,
    "null": Layer.LOOPBACK,
}
#: First part of a field's name -> layers of which one must be there for it.
_LAYERS: Final[dict[str, int]] = {
    **CERTAIN,
    "ip": Layer.IPV4 | Layer.IPV6,
    "eth": Layer.ETHERNET | Layer.COOKED | Layer.VLAN,
    "vlan": Layer.VLAN,
    "ieee8021ad": Layer.SHIMS,
    "ieee8021ah": Layer.SHIMS,
    "pppoe": Layer.PPPOE,
    "pppoes": Layer.PPPOE,
    "pppoed": Layer.PPPOE,
    "erspan": Layer.GRE,
    "gtp": Layer.UDP,
    "teredo": Layer.UDP,
    "udpencap": Layer.UDP,
}
#: First part of a field's name -> number of the protocol behind IP.
_PROTOCOLS: Final = {"igmp": 2, "esp": 50, "ipcomp": 108}


def possible(run: Run, field: Field) -> Mask:
    """Return the packets in which `field` may occur."""
    head = field.name.partition(".")[0]
    if head == "ipv6" and field.name.startswith(
        ("ipv6.hopopts", "ipv6.dstopts", "ipv6.routing", "ipv6.fraghdr", "ipv6.opt")
    ):
        return _any(run, _may_extend)
    if head in _LAYERS:
        bits = np.uint32(_LAYERS[head])
        return _any(run, lambda level: level["layers"] & bits != 0)
    if head in _PROTOCOLS:
        number = _PROTOCOLS[head]
        wanted = np.uint32(Layer.SHIMS | (Layer.UDP if head == "esp" else 0))
        return _any(
            run,
            lambda level: (level["ip_proto"] == number) | (level["layers"] & wanted != 0),
        )
    if head in CARRIERS:
        return _any(run, lambda level: may_carry(level, head))
    return np.ones(run.count, np.bool_)


def _may_extend(level: Level) -> Mask:
    extended = np.uint32(Layer.EXTENSION | Layer.SHIMS)
    mask: Mask = (level["layers"] & extended != 0) | np.isin(level["ip_proto"], (0, 43, 44, 60))
    return mask


def _any(run: Run, test: Callable[[Level], Mask]) -> Mask:
    packets: Mask | None = None
    for number, level in enumerate(run.levels):
        entries = test(level)
        packets = run.to_packets(entries, level.rows if number else None, packets)
    return np.zeros(run.count, np.bool_) if packets is None else packets
