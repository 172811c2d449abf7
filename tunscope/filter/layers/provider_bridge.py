"""802.1ad service tags."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import Dissection, Octets, u16
from tunscope.filter.layers.ethernet import dissect_type
from tunscope.filter.layers.registry import takes

_SERVICE_TAG: Final = 0x88A8


@takes("ethertype", 0x88A8)
def dissect_service_tag(dissection: Dissection, octets: Octets) -> None:
    """Dissect a service tag, with the second one that may follow it, and what stands behind."""
    data = octets.data
    kind = u16(data, 2)
    size = 8 if kind == _SERVICE_TAG else 4
    wanted = dissection.begin("ieee8021ad", octets, size)
    if wanted:
        _add_tag(dissection, u16(data, 0), "id" if size == 4 else "svid")
    if size == 8:
        kind = u16(data, 6)
        if wanted:
            _add_tag(dissection, u16(data, 4), "cvid")
    if wanted:
        dissection.add("ieee8021ah.etype", kind)
    payload = octets.rest(size)
    dissect_type(dissection, kind, payload)
    octets.trim(size + payload.reported)


def _add_tag(dissection: Dissection, control: int, name: str) -> None:
    dissection.add("ieee8021ad.priority", control >> 13)
    dissection.add("ieee8021ad.dei", control >> 12 & 1)
    dissection.add(f"ieee8021ad.{name}", control & 0xFFF)
