"""IPv4 (RFC 791, 2474, 3168)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.formats import ipv4_text
from tunscope.dissect.ipv4_options import add_options, last_hop
from tunscope.dissect.packet import ETHERTYPES, IP_PROTOCOLS, decode_data, entered

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_LEAST: Final = 20
_CODEPOINTS: Final = {
    0: "CS0", 1: "LE", 8: "CS1", 10: "AF11", 12: "AF12", 14: "AF13", 16: "CS2", 18: "AF21",
    20: "AF22", 22: "AF23", 24: "CS3", 26: "AF31", 28: "AF32", 30: "AF33", 32: "CS4", 34: "AF41",
    36: "AF42", 38: "AF43", 40: "CS5", 44: "VOICE-ADMIT", 46: "EF PHB", 48: "CS6", 56: "CS7",
}  # fmt: skip
_CONGESTION: Final = ("Not-ECT", "ECT(1)", "ECT(0)", "CE")


def services_text(octet: int) -> str:
    """Return the short names in a differentiated services octet."""
    codepoint = _CODEPOINTS.get(octet >> 2, "Unknown")
    return f"(DSCP: {codepoint}, ECN: {_CONGESTION[octet & 3]})"


@entered(ETHERTYPES, 0x0800)
@entered(IP_PROTOCOLS, 4)
def decode_ipv4(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the header, and the payload by its protocol number."""
    dissection.enter("IPv4", "ip")
    first = window.u8(0)
    size = (first & 15) * 4
    title = "Internet Protocol Version 4"
    if first >> 4 == 6:
        ETHERTYPES[0x86DD](window, parent, dissection)
        return
    if first >> 4 != 4:
        label = f"Internet Protocol, bogus version ({first >> 4})"
        tree = parent.protocol("ip", label, window, 1)
        version = tree.bits("ip.version", 0, 4)
        version.expert("ip.bogus_ip_version", "Error/Protocol", "Bogus IP version")
        return
    tree = parent.protocol("ip", title, window, max(size, 1))
    tree.bits("ip.version", 0, 4)
    if size < _LEAST:
        length = tree.bits("ip.hdr_len", 4, 4, value=size, text=f"{size} bytes ({first & 15})")
        text = f"Bogus IP header length ({size}, must be at least {_LEAST})"
        length.expert("ip.bogus_header_length", "Error/Protocol", text)
        return
    tree.bits("ip.hdr_len", 4, 4, value=size, text=f"{size} bytes ({first & 15})")
    services = tree.field("ip.dsfield", 1, 1, note=f" {services_text(window.u8(1))}")
    services.field("ip.dsfield.dscp", 1, 1)
    services.field("ip.dsfield.ecn", 1, 1)
    total = window.u16(2)
    if total == 0:
        # A packet handed over for segmentation in hardware has no length yet.
        total = window.length
        tree.field(
            "ip.len",
            2,
            2,
            value=total,
            text=f"{total} bytes (reported as 0, presumed to be because of "
            '"TCP segmentation offload" (TSO))',
        )
    else:
        note = f" bytes (bogus, less than header length {size})" if total < size else ""
        tree.field("ip.len", 2, 2, note=note)
        if total < size:
            return
    window.shorten(total)
    tree.field("ip.id", 4, 2)
    _add_flags(tree, window)
    tree.field("ip.ttl", 8, 1)
    tree.field("ip.proto", 9, 1)
    tree.field("ip.checksum", 10, 2, note=" [validation disabled]")
    tree.derived("ip.checksum.status", 2, 10)
    tree.field("ip.src", 12, 4)
    source, destination = window.take(12, 4), window.take(16, 4)
    final = last_hop(window, size)
    tree.field("ip.cur_rt" if final else "ip.dst", 16, 4)
    tree.label = f"{title}, Src: {ipv4_text(source)}, Dst: {ipv4_text(final or destination)}"
    if final:
        tree.label += f", Via: {ipv4_text(destination)}"
    if size > _LEAST:
        add_options(tree, window, size)
    dissection.addresses = source, destination
    protocol, placement = window.u8(9), window.u16(6)
    payload = window.sub(size, total - size)
    payload.fragment = payload.fragment or bool(placement & 0x3FFF)
    if placement & 0x1FFF:
        dissection.run(decode_data, payload, parent)
        return
    dissection.run(IP_PROTOCOLS.get(protocol, decode_data), payload, parent)


def _add_flags(tree: Tree, window: Window) -> None:
    word = window.u16(6)
    names = [
        name
        for bit, name in ((0x8000, "Reserved bit"), (0x4000, "Don't fragment"),
                          (0x2000, "More fragments"))
        if word & bit
    ]  # fmt: skip
    text = "".join(f", {name}" for name in names)
    flags = tree.field("ip.flags", 6, 1, text=f"0x{word >> 13:x}{text}")
    for name in ("ip.flags.rb", "ip.flags.df", "ip.flags.mf"):
        flags.field(name, 6, 1)
    tree.field("ip.frag_offset", 6, 2, text=str((word & 0x1FFF) * 8))
