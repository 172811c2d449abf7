"""802.1Q and 802.1ad tags."""

from __future__ import annotations

from tunscope.filter.layers.dissection import (
    PROTOCOL_GROUP,
    WARN,
    Dissection,
    Octets,
    u16,
)
from tunscope.filter.layers.ethernet import add_trailer, dissect_type
from tunscope.filter.layers.registry import (
    dissect_data,
    dissect_guarded,
    dissector_of,
    takes,
)


@takes("ethertype", 0x8100, 0x9100)
def dissect_vlan(dissection: Dissection, octets: Octets) -> None:
    """Dissect one tag and what stands behind it."""
    wanted = dissection.begin("vlan", octets, 4, needs=2)
    data = octets.data
    control = u16(data, 0)
    if wanted:
        dissection.add("vlan.priority", control >> 13)
        dissection.add("vlan.dei", control >> 12 & 1)
        dissection.add("vlan.id", control & 0xFFF)
    kind = u16(data, 2)
    payload = octets.rest(4)
    if kind <= 1500:
        if wanted:
            dissection.add("vlan.len", kind)
        _dissect_length(dissection, octets, payload, kind, wanted=wanted)
        return
    if wanted:
        dissection.add("vlan.etype", kind)
    before = payload.reported
    dissect_type(dissection, kind, payload)
    dissection.resume("vlan")
    if wanted and payload.reported < before:
        trailer = octets.rest(4 + payload.reported)
        add_trailer(dissection, octets, trailer, "vlan.trailer", maybe_fcs=False)


def _dissect_length(
    dissection: Dissection, octets: Octets, payload: Octets, length: int, *, wanted: bool
) -> None:
    if length > payload.reported:
        if wanted:
            message = "Length field value goes past the end of the payload"
            dissection.expert("vlan.len.past_end", WARN, PROTOCOL_GROUP, message)
        length = payload.reported
    trailer = payload.rest(length)
    payload.trim(length)
    dissect_guarded(dissection, dissector_of("llc", 0) or dissect_data, payload)
    dissection.resume("vlan")
    if wanted and trailer.reported:
        add_trailer(dissection, octets, trailer, "vlan.trailer", maybe_fcs=False)
