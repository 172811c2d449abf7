"""IPv6 (RFC 8200)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.formats import ipv6_text
from tunscope.dissect.ipv4 import services_text
from tunscope.dissect.ipv6_extensions import EXTENSIONS, NO_NEXT_HEADER, Chain
from tunscope.dissect.packet import ETHERTYPES, IP_PROTOCOLS, decode_data, entered
from tunscope.dissect.window import Malformed

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_HEADER: Final = 40
#: The prefix of addresses that hold an IPv4 address (RFC 3056).
_SIX_TO_FOUR: Final = b"\x20\x02"
#: Extension headers of one packet that are decoded; no real packet has more than a handful.
_MAX_EXTENSIONS: Final = 512


@entered(ETHERTYPES, 0x86DD)
@entered(IP_PROTOCOLS, 41)
def decode_ipv6(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the header, the extension headers, and the payload."""
    dissection.enter("IPv6", "ipv6")
    title = "Internet Protocol Version 6"
    tree = parent.protocol("ipv6", title, window, _HEADER)
    tree.bits("ipv6.version", 0, 4)
    if window.u8(0) >> 4 != 6:
        raise Malformed
    octet = window.u16(0) >> 4 & 0xFF
    services = tree.field("ipv6.tclass", 0, 4, text=f"0x{octet:02x} {services_text(octet)}")
    services.field("ipv6.tclass.dscp", 0, 4)
    services.field("ipv6.tclass.ecn", 0, 4)
    flow = window.u32(0) & 0xFFFFF
    tree.field("ipv6.flow", 1, 3, text=f"0x{flow:05x}")
    tree.field("ipv6.plen", 4, 2)
    tree.field("ipv6.nxt", 6, 1)
    tree.field("ipv6.hlim", 7, 1)
    for name, offset in (("ipv6.src", 8), ("ipv6.dst", 24)):
        tree.field(name, offset, 16)
    source, destination = window.take(8, 16), window.take(24, 16)
    tree.label = f"{title}, Src: {ipv6_text(source)}, Dst: {ipv6_text(destination)}"
    dissection.addresses = source, destination
    for side, offset, address in (("src", 8, source), ("dst", 24, destination)):
        if address.startswith(_SIX_TO_FOUR):
            for name, at, size in (("gw_ipv4", 2, 4), ("sla_id", 6, 2)):
                part = tree.field(f"ipv6.{side}_6to4_{name}", offset + at, size)
                part.label = f"[{part.label}]"
    length = window.u16(4)
    if length:
        window.shorten(_HEADER + length)
    chain = Chain(next_header=window.u8(6), offset=_HEADER)
    for _ in range(_MAX_EXTENSIONS):
        decoder = EXTENSIONS.get(chain.next_header)
        if decoder is None or chain.fragment_offset:
            break
        decoder(tree, window, chain, dissection)
    tree.end(_HEADER if chain.fragment_offset else chain.offset)
    payload = window.sub(chain.offset, None if not length else _HEADER + length - chain.offset)
    payload.fragment = payload.fragment or chain.fragment
    if chain.next_header == NO_NEXT_HEADER or chain.fragment_offset:
        dissection.run(decode_data, payload, parent)
        return
    dissection.run(IP_PROTOCOLS.get(chain.next_header, decode_data), payload, parent)
