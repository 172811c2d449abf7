"""EtherIP: Ethernet in IP (RFC 3378)."""

from __future__ import annotations

from tunscope.filter.layers.dissection import Dissection, Octets
from tunscope.filter.layers.ethernet import dissect_ethernet_without_fcs
from tunscope.filter.layers.registry import takes


@takes("ip.proto", 97)
def dissect_etherip(dissection: Dissection, octets: Octets) -> None:
    """Dissect an EtherIP header and the frame behind it."""
    dissection.begin("etherip", octets, 2, needs=2)
    dissect_ethernet_without_fcs(dissection, octets.rest(2))
