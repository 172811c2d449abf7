"""Ethernet: DIX and 802.3 headers, padding, trailer and frame check sequence."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import (
    NOTE,
    PROTOCOL_GROUP,
    WARN,
    Dissection,
    Octets,
    take,
    u16,
    u32,
)
from tunscope.filter.layers.registry import (
    dissect_data,
    dissect_guarded,
    dissector_of,
    dissector_or_data,
    takes,
)
from tunscope.filter.manufacturers import manufacturers

_LARGEST_LENGTH: Final = 1500
_SMALLEST_TYPE: Final = 1536
_ADDRESS_NAMES: Final = {
    side: (
        (f"eth.{side}", "eth.addr"),
        (f"eth.{side}_resolved", "eth.addr_resolved"),
        (f"eth.{side}.oui", "eth.addr.oui"),
        (f"eth.{side}.lg", "eth.lg"),
        (f"eth.{side}.ig", "eth.ig"),
        (f"eth.{side}.oui_resolved", "eth.addr.oui_resolved"),
    )
    for side in ("dst", "src")
}


@takes("linktype", 1)
@takes("ethertype", 0x6558)
def dissect_ethernet(dissection: Dissection, octets: Octets) -> None:
    """Dissect an Ethernet frame, the frame check sequence guessed as Wireshark does."""
    dissect_frame_of(dissection, octets, maybe_fcs=True)


def dissect_ethernet_without_fcs(dissection: Dissection, octets: Octets) -> None:
    """Dissect an Ethernet frame that is known to end without a frame check sequence."""
    dissect_frame_of(dissection, octets, maybe_fcs=False)


def dissect_frame_of(dissection: Dissection, octets: Octets, *, maybe_fcs: bool) -> None:
    """Dissect an Ethernet frame; `maybe_fcs` guesses at a frame check sequence."""
    wanted = dissection.begin("eth", octets, 14, needs=14)
    data = octets.data
    kind = u16(data, 12)
    if wanted:
        _add_address(dissection, "dst", take(data, 0, 6))
        _add_address(dissection, "src", take(data, 6, 6))
        if data[6] & 1 and not 0 < kind <= _LARGEST_LENGTH:
            message = "Source MAC must not be a group address: IEEE 802.3-2002, Section 3.2.3(b)"
            dissection.expert("eth.src_not_group", WARN, PROTOCOL_GROUP, message)
    payload = octets.rest(14)
    if kind <= _LARGEST_LENGTH:
        _dissect_length(dissection, octets, payload, kind, wanted=wanted, maybe_fcs=maybe_fcs)
    elif kind < _SMALLEST_TYPE:
        if wanted:
            dissection.add("eth.invalid_lentype", kind)
            message = f"Invalid length/type: 0x{kind:04x} ({kind})"
            dissection.expert("eth.invalid_lentype.expert", WARN, PROTOCOL_GROUP, message)
        dissect_data(dissection, payload)
    else:
        if wanted:
            dissection.add("eth.type", kind)
        before = payload.reported
        dissect_type(dissection, kind, payload)
        dissection.resume("eth")
        if payload.reported < before and wanted:
            trailer = octets.rest(14 + payload.reported)
            add_trailer(dissection, octets, trailer, "eth.trailer", maybe_fcs=maybe_fcs)


def dissect_type(dissection: Dissection, kind: int, payload: Octets) -> None:
    """Dissect what EtherType `kind` announces; `payload` is trimmed to what it says it has."""
    dissection.protocols.append("ethertype")
    dissect_named_type(dissection, kind, payload)


def dissect_named_type(dissection: Dissection, kind: int, payload: Octets) -> None:
    """Dissect what a header names by EtherType `kind` without being followed by one."""
    dissect_guarded(dissection, dissector_or_data("ethertype", kind), payload)


def add_trailer(
    dissection: Dissection, frame: Octets, trailer: Octets, name: str, *, maybe_fcs: bool
) -> None:
    """Tell padding, trailer and frame check sequence behind a payload apart.

    Padding is what fills the frame to 60 bytes with zeros. Without knowing better, a frame of 64
    bytes or more with a trailer of at least 4 bytes is taken to end in a check sequence.
    """
    data, reported = trailer.data, trailer.reported
    if not data:
        return  # of what was not captured, nothing is said
    length = dissection.record.origlen
    padding = max(0, 60 - (length - reported)) if length >= 60 else 0
    padding = min(padding, reported)
    bad_padding = False
    if padding:
        filler = data[:padding]
        if len(filler) == padding and not any(filler):
            dissection.add("eth.padding", filler)
        else:
            padding, bad_padding = 0, True
    data, reported = data[padding:], reported - padding
    fcs = maybe_fcs and frame.reported >= 64 and reported >= 4
    captured = data
    if fcs:
        reported -= 4
        captured = data[:reported]
    if reported:
        dissection.add(name, captured)
        if bad_padding:
            message = (
                "Didn't find padding of zeros, and an undecoded trailer exists. "
                "There may be padding of non-zeros."
            )
            dissection.expert("eth.padding_bad", NOTE, PROTOCOL_GROUP, message)
    if fcs:
        dissection.add("eth.fcs", u32(data, reported))
        dissection.add("eth.fcs.status", 2)


def _add_address(dissection: Dissection, side: str, address: bytes) -> None:
    addresses, resolved, ouis, local, group, made_by = _ADDRESS_NAMES[side]
    oui = int.from_bytes(address[:3])
    dissection.add_all(addresses, address)
    dissection.add_all(resolved, address.hex(":"))
    dissection.add_all(ouis, oui)
    name = manufacturers().get(oui)
    if name is not None:
        dissection.add_all(made_by, name)
    dissection.add_all(local, address[0] >> 1 & 1)
    dissection.add_all(group, address[0] & 1)


def _dissect_length(
    dissection: Dissection,
    octets: Octets,
    payload: Octets,
    length: int,
    *,
    wanted: bool,
    maybe_fcs: bool,
) -> None:
    """802.3: a length, and LLC (or Novell's raw IPX) behind it."""
    if wanted:
        dissection.add("eth.len", length)
    novell = payload.data[:2] == b"\xff\xff"
    if length > payload.reported:
        if wanted:
            message = "Length field value goes past the end of the payload"
            dissection.expert("eth.len.past_end", WARN, PROTOCOL_GROUP, message)
        length = payload.reported
    trailer = payload.rest(length)
    payload.trim(length)
    table, number = ("novell", 0) if novell else ("llc", 0)
    dissect_guarded(dissection, dissector_of(table, number) or dissect_data, payload)
    dissection.resume("eth")
    if wanted and trailer.reported:
        add_trailer(dissection, octets, trailer, "eth.trailer", maybe_fcs=maybe_fcs)
