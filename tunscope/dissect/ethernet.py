"""Ethernet II and IEEE 802.3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.formats import mac_text
from tunscope.dissect.llc import decode_llc
from tunscope.dissect.packet import ETHERTYPES, LINK_TYPES, decode_data, entered

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_HEADER: Final = 14
#: Bytes a frame is padded to, without its check sequence.
_LEAST: Final = 60
_LEAST_CHECKED: Final = 64
#: Bytes of a frame check sequence.
_CHECK: Final = 4
_LAST_LENGTH: Final = 1500
_FIRST_TYPE: Final = 1536


def decode_ethernet(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode a frame without a check sequence."""
    dissection.enter("Ethernet", "eth")
    kind = window.u16(12)
    title = "IEEE 802.3 Ethernet"
    if kind > _LAST_LENGTH:
        source, destination = mac_text(window.take(6, 6)), mac_text(window.take(0, 6))
        version = "II" if kind >= _FIRST_TYPE else "Unknown"
        title = f"Ethernet {version}, Src: {source}, Dst: {destination}"
    raw = kind <= _LAST_LENGTH and window.captured > 16 and window.u16(14) == 0xFFFF
    tree = parent.protocol("eth", f"{title} Raw" if raw else title, window, _HEADER)
    for offset, name in ((0, "eth.dst"), (6, "eth.src")):
        add_address(tree, name, offset)
    payload = window.sub(_HEADER)
    if kind <= _LAST_LENGTH:
        tree.field("eth.len", 12, 2)
        payload.shorten(kind)
        dissection.run(decode_data if raw else decode_llc, payload, parent)
    elif kind < _FIRST_TYPE:
        tree.field("eth.invalid_lentype", 12, 2)
        dissection.run(decode_data, payload, parent)
        return
    else:
        tree.field("eth.type", 12, 2)
        decode_ethertype(kind, payload, parent, dissection)
    add_trailer(tree, "eth", window, _HEADER + payload.length, dissection)


def decode_ethertype(kind: int, payload: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the payload of a header with an EtherType; the decoder shortens it to its length."""
    dissection.layers.append("ethertype")
    dissection.run(ETHERTYPES.get(kind, decode_data), payload, parent)


def add_address(tree: Tree, name: str, offset: int) -> None:
    """Add a MAC address with its two telling bits."""
    address = tree.field(name, offset, 6)
    address.field("eth.addr", offset, 6)
    address.field(f"{name}.lg", offset, 3)
    address.field(f"{name}.ig", offset, 3)


def add_trailer(
    tree: Tree, layer: str, window: Window, offset: int, dissection: Dissection
) -> None:
    """Add what stands behind the payload: padding up to the least frame, a trailer, a checksum.

    Zeros that fill a frame up to 60 bytes are padding. Of what is left of a frame of 64 bytes or
    more, the last four are taken for its check sequence, as Wireshark does.
    """
    reported, left = window.length - offset, window.captured - offset
    if reported <= 0 or left < 0:
        return
    whole = dissection.record.origlen
    padding = max(_LEAST - (whole - reported), 0) if whole >= _LEAST else 0
    if padding and not any(window.rest(offset)[:padding]):
        tree.field("eth.padding", offset, padding)
        offset, reported, left = offset + padding, reported - padding, left - padding
    checked = window.length >= _LEAST_CHECKED and reported >= _CHECK and left >= _CHECK
    trailer = min(left, reported - _CHECK if checked else reported)
    if trailer > 0:
        tree.field(f"{layer}.trailer", offset, trailer)
    if checked and left >= trailer + _CHECK:
        tree.field("eth.fcs", offset + trailer, _CHECK, note=" [unverified]")
        tree.derived("eth.fcs.status", 2, offset + trailer)


entered(LINK_TYPES, 1)(decode_ethernet)
entered(ETHERTYPES, 0x6558)(decode_ethernet)
