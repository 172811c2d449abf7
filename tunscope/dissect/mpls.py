"""MPLS label stacks (RFC 3032)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.ethernet import decode_ethernet
from tunscope.dissect.packet import ETHERTYPES, IP_PROTOCOLS, decode_data, entered

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

#: Labels of one stack that are decoded; no real stack has more than a handful.
_MAX_LABELS: Final = 64
_RESERVED: Final = {0: "IPv4 Explicit-Null", 1: "Router Alert", 2: "IPv6 Explicit-Null",
                    3: "Implicit-Null"}  # fmt: skip


@entered(ETHERTYPES, 0x8847, 0x8848)
@entered(IP_PROTOCOLS, 137)
def decode_mpls(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode labels up to the bottom of the stack, and guess at the payload by its first bits."""
    offset = 0
    for _ in range(_MAX_LABELS):
        dissection.enter("MPLS", "mpls")
        word = window.u32(offset)
        label, bottom = word >> 12, word >> 8 & 1
        shown = f"{label} ({_RESERVED[label]})" if label in _RESERVED else str(label)
        tree = parent.protocol(
            "mpls",
            f"MultiProtocol Label Switching Header, Label: {shown}, Exp: {word >> 9 & 7}, "
            f"S: {bottom}, TTL: {word & 255}",
            window.sub(offset),
            4,
        )
        name = _RESERVED.get(label)
        text = f"{name} ({label})" if name else f"{label} (0x{label:05x})"
        tree.field("mpls.label", 0, 4, text=text)
        for field in ("mpls.exp", "mpls.bottom", "mpls.ttl"):
            tree.field(field, 0, 4)
        offset += 4
        if bottom:
            break
    payload = window.sub(offset)
    if not payload.length:
        return
    version = payload.u8(0) >> 4
    decoder = {4: ETHERTYPES[0x0800], 6: ETHERTYPES[0x86DD]}.get(version, decode_data)
    if version == 0 and payload.length > 18:
        dissection.enter("PW Ethernet", "pwethheuristic")
        parent.protocol("pwethcw", "PW Ethernet Control Word", payload, 4)
        payload, decoder = payload.sub(4), decode_ethernet
    dissection.run(decoder, payload, parent)
