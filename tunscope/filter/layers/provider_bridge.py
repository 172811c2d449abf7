"""802.1ad service tags."""

from __future__ import annotations

from tunscope.filter.layers.dissection import Dissection, Octets, u16
from tunscope.filter.layers.ethernet import dissect_type
from tunscope.filter.layers.registry import takes


@takes("ethertype", 0x88A8)
def dissect_service_tag(dissection: Dissection, octets: Octets) -> None:
    """Dissect a service tag and what stands behind it."""
    wanted = dissection.begin("ieee8021ad", octets, 4)
    control, kind = u16(octets.data, 0), u16(octets.data, 2)
    if wanted:
        dissection.add("ieee8021ad.priority", control >> 13)
        dissection.add("ieee8021ad.dei", control >> 12 & 1)
        dissection.add("ieee8021ad.id", control & 0xFFF)
        dissection.add("ieee8021ah.etype", kind)
    payload = octets.rest(4)
    dissect_type(dissection, kind, payload)
    octets.trim(4 + payload.reported)
