"""Layers put into a packet and taken out of it; what is below is told what it carries now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from tunscope.dissect.building import Ends, fill_ends
from tunscope.dissect.editing import EditablePacket
from tunscope.dissect.expression import first_line, layer_class
from tunscope.dissect.form_fields import own_bytes
from tunscope.dissect.scapy_layers import scapy_layers
from tunscope.errors import UsageError
from tunscope.packet.edit import refreshed
from tunscope.packet.layers import layers_of
from tunscope.packet.linktype import LinkType
from tunscope.packet.printable import printable

_INSERTABLE: Final = (
    "Ether", "Dot1Q", "ARP", "IP", "IPv6", "ICMP", "ICMPv6EchoRequest", "TCP", "UDP", "DNS",
    "GRE", "VXLAN", "Raw",
)  # fmt: skip
_TAGS: Final = frozenset({"Dot1Q", "Dot1AD"})
_LOAD: Final = b"tunscope"


def insertable(packet: EditablePacket, place: int) -> tuple[str, ...]:
    """Return the names of the layers that may become layer `place` of the packet."""
    found = list(scapy_layers(packet.data, packet.linktype))
    if place == 0:
        first = type(found[0][0]).__name__ if found else "IP"
        outer = ("Ether",) if packet.linktype == LinkType.ETHERNET else ("IP", "IPv6")
        return tuple(name for name in outer if name == "Ether" or _carries(name, first))
    lower = type(found[place - 1][0])
    return tuple(name for name in _INSERTABLE if name == "Raw" or _follows(name, lower))


def _follows(name: str, lower: type[Any]) -> bool:
    known = layer_class(name)._overload_fields
    says = known.get(layer_class("Ether") if lower.__name__ in _TAGS else lower)
    # Scapy's "Ethernet in Ethernet" is a length of one byte to everybody else.
    return says is not None and not (name == "Ether" and says.get("type") == 1)


def insert_layer(packet: EditablePacket, place: int, name: str) -> EditablePacket:
    """Return the packet with a new layer, named as scapy does, before layer `place`.

    Its own lengths and checksums are computed. UsageError if it cannot be there.
    """
    found = list(scapy_layers(packet.data, packet.linktype))
    if not 0 <= place <= len(found) or name not in insertable(packet, place):
        raise UsageError(printable(name), "cannot be there")
    layer = layer_class(name)()
    if name == "Raw":
        layer.load = _LOAD
    fill_ends(layer, _ends(found))
    if place < len(found):
        for field, value in _says(layer, type(found[place][0])).items():
            layer.setfieldval(field, value)
    says = _says(found[place - 1][0], type(layer)) if place else {}
    return _spliced(packet, found, place, place, layer, says)


def remove_layer(packet: EditablePacket, place: int) -> EditablePacket:
    """Return the packet without the own bytes of layer `place`; what it carried stays.

    UsageError if nothing would be left.
    """
    found = list(scapy_layers(packet.data, packet.linktype))
    if not 0 <= place < len(found):
        raise UsageError("edit", f"there is no layer {place}")
    if len(found) == 1:
        raise UsageError("edit", "it is the only layer")
    says: dict[str, Any] = {}
    removed = found[place][0]
    if place and type(removed).__name__ in _TAGS:
        says = {"type": removed.type}
    elif place and place + 1 < len(found):
        says = _says(found[place - 1][0], type(found[place + 1][0]))
    return _spliced(packet, found, place, place + 1, None, says)


def _spliced(
    packet: EditablePacket,
    found: list[tuple[Any, int, int]],
    start: int,
    stop: int,
    layer: Any,
    says: dict[str, Any],
) -> EditablePacket:
    """Put `layer` in the place of layers `start` to `stop`; the one below `says` what it has."""
    end = len(packet.data) - packet.trailer
    first = found[start][1] if start < len(found) else min(found[-1][2], end)
    last = found[stop - 1][2] if stop > start else first
    # Each of scapy's fields encodes values in a way of its own and raises what it likes.
    try:
        own = b"" if layer is None else own_bytes(layer)
        head = packet.data[:first]
        if start and says:
            below, begin, _ = found[start - 1]
            head = head[:begin] + _saying(below, says)
    except Exception as error:  # noqa: BLE001
        raise UsageError("edit", printable(first_line(error))) from None
    data = head + own + packet.data[last:]
    automatic = _moved(packet, data, first, last, len(own))
    return replace(
        packet,
        data=refreshed(data, packet.linktype, automatic, packet.trailer),
        automatic=automatic,
    )


def _moved(packet: EditablePacket, data: bytes, first: int, last: int, size: int) -> frozenset[int]:
    """Return which headers are automatic once bytes `first` to `last` have become `size` others."""
    before = layers_of(packet.data, packet.linktype, len(packet.data) - packet.trailer)
    starts = {layer.start for index, layer in enumerate(before) if index in packet.automatic}
    after = layers_of(data, packet.linktype, len(data) - packet.trailer)
    return frozenset(
        index
        for index, layer in enumerate(after)
        if (layer.start in starts if layer.start < first else False)
        or first <= layer.start < first + size
        or (layer.start >= first + size and layer.start - size + last - first in starts)
    )


def _saying(below: Any, says: dict[str, Any]) -> bytes:
    """Return the own bytes of a layer after these fields of it were set, as far as it has them."""
    layer = below.copy()
    layer.remove_payload()
    known = {field.name for field in layer.fields_desc}
    for name, value in says.items():
        if name in known:
            layer.setfieldval(name, value)
    layer.clear_cache()
    return own_bytes(layer)


def _says(lower: Any, carried: Any) -> dict[str, Any]:
    """Return how `lower` says that it carries a layer of class `carried`; empty if it cannot."""
    says: dict[str, Any] = carried._overload_fields.get(type(lower), {})
    if not says and type(lower).__name__ in _TAGS:  # an EtherType is one wherever it stands
        says = carried._overload_fields.get(layer_class("Ether"), {})
    return says


def _carries(lower: str, upper: str) -> bool:
    carried = layer_class(upper)
    return carried is not None and layer_class(lower) in carried._overload_fields


def _ends(found: list[tuple[Any, int, int]]) -> Ends:
    """Return the addresses that the packet has already."""
    ends: dict[str, str] = {"source6": "2001:db8::1", "destination6": "2001:db8::2"}
    for layer, *_ in found:
        match type(layer).__name__:
            case "IP":
                ends |= {"source4": layer.src, "destination4": layer.dst}
            case "IPv6":
                ends |= {"source6": layer.src, "destination6": layer.dst}
            case "Ether":
                ends |= {"source_mac": layer.src, "destination_mac": layer.dst}
    return Ends(**ends)
