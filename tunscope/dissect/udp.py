"""UDP (RFC 768)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.applications import decode_application
from tunscope.dissect.formats import plural
from tunscope.dissect.packet import IP_PROTOCOLS, UDP_PORTS, entered
from tunscope.dissect.stream import add_learned, add_times

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_HEADER: Final = 8


@entered(IP_PROTOCOLS, 17)
def decode_udp(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the header, and the payload by its ports."""
    dissection.enter("UDP", "udp")
    source, destination = window.u16(0), window.u16(2)
    dissection.ports = source, destination
    label = f"User Datagram Protocol, Src Port: {source}, Dst Port: {destination}"
    tree = parent.protocol("udp", label, window, _HEADER)
    tree.field("udp.srcport", 0, 2)
    tree.field("udp.dstport", 2, 2)
    length = window.u16(4)
    if length < _HEADER and not (length == 0 and window.length > 0xFFFF):
        field = tree.field("udp.length", 4, 2, note=" (bogus, must be >= 8)")
        field.expert("udp.length.bad", "Error/Malformed", f"Bad length value {length} < 8")
        return
    if length > window.length and not window.fragment and not dissection.quoted:
        field = tree.field("udp.length", 4, 2, note=f" (bogus, payload length {window.length})")
        field.expert(
            "udp.length.bad", "Error/Malformed", f"Bad length value {length} > IP payload length"
        )
    else:
        tree.field("udp.length", 4, 2)
        if length:
            window.shorten(length)
    checksum = window.u16(6)
    if checksum:
        tree.field("udp.checksum", 6, 2, note=" [unverified]")
        tree.derived("udp.checksum.status", 2, 6)
    else:
        field = tree.field("udp.checksum", 6, 2, note=" [zero-value ignored]")
        status = field.field("udp.checksum.status", 6, 2, value=3)
        status.label = f"[{status.label}]"
    if not dissection.quoted:
        learned = dissection.take_learned()
        add_learned(tree, learned, "udp.stream")
        add_times(tree, learned, "udp.time_relative", "udp.time_delta")
    payload = window.sub(_HEADER)
    if not payload.captured:
        return
    tree.field(
        "udp.payload",
        _HEADER,
        payload.captured,
        label=f"UDP payload ({plural(payload.captured, 'byte')})",
    )
    decode_application(UDP_PORTS, payload, parent, dissection)
