"""PPP over Ethernet (RFC 2516) and the PPP protocol field (RFC 1661)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.packet import ETHERTYPES, decode_data, entered

if TYPE_CHECKING:
    from tunscope.dissect.packet import Decoder, Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_HEADER: Final = 6
_DISCOVERY: Final = 0x8863
_SESSION: Final = 0x8864
#: PPP protocol numbers to EtherTypes.
_PPP: Final = {0x0021: 0x0800, 0x0057: 0x86DD, 0x0281: 0x8847, 0x0283: 0x8848}
_TAGS: Final = {
    0x0101: "service_name", 0x0102: "ac_name", 0x0103: "host_uniq", 0x0104: "ac_cookie",
    0x0120: "max_payload", 0x0110: "relay_session_id",
}  # fmt: skip


def _add_header(window: Window, parent: Tree, name: str, title: str) -> tuple[Tree, int]:
    length = window.u16(4)
    tree = parent.protocol(name, title, window, _HEADER)
    tree.field("pppoe.version", 0, 1)
    tree.field("pppoe.type", 0, 1)
    tree.field("pppoe.code", 1, 1)
    tree.field("pppoe.session_id", 2, 2)
    tree.field("pppoe.payload_length", 4, 2)
    return tree, length


@entered(ETHERTYPES, _DISCOVERY)
def decode_discovery(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode a discovery packet and its tags."""
    dissection.enter("PPPoED", "pppoed")
    tree, length = _add_header(window, parent, "pppoed", "PPP-over-Ethernet Discovery")
    tree.end(_HEADER + length)
    window.shorten(_HEADER + length)
    if not length:
        return
    tags = tree.marked("pppoed.tags", "PPPoE Tags", _HEADER, length)
    offset, stop = _HEADER, _HEADER + length
    while offset + 4 <= stop:
        kind, size = window.u16(offset), window.u16(offset + 2)
        name = _TAGS.get(kind)
        if size:
            full = f"pppoed.tags.{name}" if name else "pppoed.tag.unknown_data"
            tags.field(full, offset + 4, size)
        offset += 4 + size
        if kind == 0:
            break


@entered(ETHERTYPES, _SESSION)
def decode_session(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode a session packet and the PPP packet in it."""
    dissection.enter("PPPoE", "pppoes")
    _, length = _add_header(window, parent, "pppoes", "PPP-over-Ethernet Session")
    window.shorten(_HEADER + length)
    dissection.run(decode_ppp, window.sub(_HEADER), parent)


@entered(ETHERTYPES, 0x880B)
def decode_ppp(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the protocol field, of one byte or two, and the payload."""
    dissection.enter("PPP", "ppp")
    size = 1 if window.u8(0) & 1 else 2
    number = window.number(0, size)
    tree = parent.protocol("ppp", "Point-to-Point Protocol", window, size)
    tree.field("ppp.protocol", 0, size)
    kind = _PPP.get(number)
    decoder: Decoder = decode_data if kind is None else ETHERTYPES[kind]
    dissection.run(decoder, window.sub(size), parent)
