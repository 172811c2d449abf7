"""ICMP for IPv4 (RFC 792, 950, 1191, 1256, 4884)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.formats import duration, time_text
from tunscope.dissect.packet import ETHERTYPES, IP_PROTOCOLS, decode_data, entered
from tunscope.packet.checksum import internet_checksum

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_ECHO: Final = (0, 8)
_UNREACHABLE: Final = 3
_FRAGMENTATION_NEEDED: Final = 4
_REDIRECT: Final = 5
_ADVERTISEMENT: Final = 9
_PARAMETER: Final = 12
#: Types that quote the packet they complain about, behind eight bytes.
_QUOTING: Final = frozenset({3, 4, 5, 11, 12})
#: Types with an identifier and a sequence number.
_NUMBERED: Final = frozenset({0, 8, 13, 14, 15, 16, 17, 18})
_TIMESTAMPS: Final = (13, 14)
_MASKS: Final = (17, 18)
_DAY_MS: Final = 86_400_000
#: A ping's first bytes are taken for a time if it is this near the packet's own (seconds).
_NEAR: Final = 24 * 3600


@entered(IP_PROTOCOLS, 1)
def decode_icmp(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the header, what its type has behind it, and a quoted packet."""
    dissection.enter("ICMP", "icmp")
    tree = parent.protocol("icmp", "Internet Control Message Protocol", window)
    kind, code = window.u8(0), window.u8(1)
    title = _TYPES.get(kind, "Unknown")
    if kind == _ADVERTISEMENT and code in {0, 16}:
        title = "Mobile IP Advertisement"
    tree.field("icmp.type", 0, 1, text=f"{kind} ({title})")
    _add_code(tree, kind, code)
    add_checksum(tree, "icmp", window, 0)
    if kind in _NUMBERED:
        tree.field("icmp.ident", 4, 2)
        tree.field("icmp.ident_le", 4, 2, little=True)
        tree.field("icmp.seq", 6, 2)
        tree.field("icmp.seq_le", 6, 2, little=True)
    if kind in _ECHO:
        _add_echo_data(tree, window, dissection)
    elif kind in _TIMESTAMPS:
        for offset, name in ((8, "originate"), (12, "receive"), (16, "transmit")):
            number = window.u32(offset)
            tree.field(
                f"icmp.{name}_timestamp", offset, 4, text=f"{number}{_since_midnight(number)}"
            )
    elif kind in _MASKS:
        tree.field("icmp.address_mask", 8, 4)
    elif kind == _ADVERTISEMENT:
        _add_advertisement(tree, window)
    elif kind in _QUOTING:
        _add_rest(tree, kind, code)
        decode_quoted(0x0800, window.sub(8), tree, dissection)


def _add_code(tree: Tree, kind: int, code: int) -> None:
    names = _CODES.get(kind)
    text = str(code) if names is None else f"{code} ({names.get(code, 'Unknown code')})"
    tree.field("icmp.code", 1, 1, text=text)


def add_checksum(
    tree: Tree, layer: str, window: Window, pseudo_header_sum: int, *, whole: bool = True
) -> None:
    """Add a checksum at offset 2, verified if all bytes it covers are there."""
    sent = window.u16(2)
    name = f"{layer}.checksum"
    if not whole or window.captured < window.length or window.fragment:
        tree.field(name, 2, 2, note=" [unverified]")
        tree.derived(f"{name}.status", 2, 2)
        return
    left = internet_checksum(window.rest(), pseudo_header_sum)
    if left == 0:
        tree.field(name, 2, 2, note=" [correct]")
        tree.derived(f"{name}.status", 1, 2)
        return
    right = internet_checksum(window.take(0, 2) + bytes(2) + window.rest(4), pseudo_header_sum)
    field = tree.field(name, 2, 2, text=f"0x{sent:04x} incorrect, should be 0x{right:04x}")
    field.expert(f"{name}_bad", "Warning/Checksum", f"Bad checksum [should be 0x{right:04x}]")
    tree.derived(f"{name}.status", 0, 2)


def _add_rest(tree: Tree, kind: int, code: int) -> None:
    if kind == _UNREACHABLE and code == _FRAGMENTATION_NEEDED:
        tree.field("icmp.unused", 4, 2)
        tree.field("icmp.mtu", 6, 2)
    elif kind == _REDIRECT:
        tree.field("icmp.redir_gw", 4, 4)
    elif kind == _PARAMETER:
        tree.field("icmp.pointer", 4, 1)
        tree.field("icmp.unused", 5, 3)
    elif kind != 4:
        tree.field("icmp.unused", 4, 4)


def decode_quoted(ethertype: int, window: Window, tree: Tree, dissection: Dissection) -> None:
    """Decode the packet an error quotes, below the error's own fields."""
    if not window.length:
        return
    protocol, addresses = dissection.protocol, dissection.addresses
    quoted, dissection.quoted = dissection.quoted, True
    dissection.run(ETHERTYPES[ethertype], window, tree)
    dissection.quoted = quoted
    dissection.protocol, dissection.addresses = protocol, addresses


def _add_echo_data(tree: Tree, window: Window, dissection: Dissection) -> None:
    """Show a ping's payload; many pings begin it with the time they were sent."""
    offset = 8
    if window.length >= 16 and window.captured >= 16:
        data = window.take(8, 8)
        for order in ("little", "big"):
            seconds = int.from_bytes(data[:4], order)
            micros = int.from_bytes(data[4:], order)
            sent = seconds * 1_000_000_000 + micros * 1000
            apart = abs(dissection.record.ts_ns - sent) / 1e9
            if micros < 1_000_000 and apart < _NEAR:
                tree.field("icmp.data_time", 8, 8, value=time_text(sent))
                offset = 16
                break
    dissection.run(decode_data, window.sub(offset), tree)


def _since_midnight(number: int) -> str:
    """Return a time of day in words, as it stands behind the number."""
    if number >= _DAY_MS:
        return ""
    seconds, millis = divmod(number, 1000)
    hours, minutes = divmod(seconds // 60, 60)
    parts = [
        f"{count} {unit}{'' if count == 1 else 's'}"
        for count, unit in ((hours, "hour"), (minutes, "minute"))
        if count
    ]
    parts.append(f"{seconds % 60}.{millis:03d} seconds")
    return f" ({', '.join(parts)} after midnight UTC)"


def _add_advertisement(tree: Tree, window: Window) -> None:
    count, size = window.u8(4), window.u8(5)
    tree.field("icmp.num_addrs", 4, 1)
    tree.field("icmp.addr_entry_size", 5, 1)
    lifetime = window.u16(6)
    tree.field("icmp.lifetime", 6, 2, note=f" ({duration(lifetime)})")
    if size < 2:
        return
    for at in range(8, 8 + count * size * 4, size * 4):
        tree.field("icmp.router_address", at, 4)
        tree.field("icmp.pref_level", at + 4, 4)


_TYPES: Final = {
    0: "Echo (ping) reply",
    1: "Reserved",
    2: "Reserved",
    3: "Destination unreachable",
    4: "Source quench (flow control)",
    5: "Redirect",
    6: "Alternate host address",
    8: "Echo (ping) request",
    9: "Router advertisement",
    10: "Router solicitation",
    11: "Time-to-live exceeded",
    12: "Parameter problem",
    13: "Timestamp request",
    14: "Timestamp reply",
    15: "Information request",
    16: "Information reply",
    17: "Address mask request",
    18: "Address mask reply",
    19: "Reserved (for security)",
    30: "Traceroute",
    31: "Datagram Conversion Error",
    32: "Mobile Host Redirect",
    33: "IPv6 Where-Are-You",
    34: "IPv6 I-Am-Here",
    35: "Mobile Registration Request",
    36: "Mobile Registration Reply",
    37: "Domain Name Request",
    38: "Domain Name Reply",
    39: "SKIP",
    40: "Photuris",
    41: "Experimental mobility protocols",
    42: "Extended Echo request",
    43: "Extended Echo reply",
}
_CODES: Final[dict[int, dict[int, str]]] = {
    3: {
        0: "Network unreachable",
        1: "Host unreachable",
        2: "Protocol unreachable",
        3: "Port unreachable",
        4: "Fragmentation needed",
        5: "Source route failed",
        6: "Destination network unknown",
        7: "Destination host unknown",
        8: "Source host isolated",
        9: "Network administratively prohibited",
        10: "Host administratively prohibited",
        11: "Network unreachable for TOS",
        12: "Host unreachable for TOS",
        13: "Communication administratively filtered",
        14: "Host precedence violation",
        15: "Precedence cutoff in effect",
    },
    5: {
        0: "Redirect for network",
        1: "Redirect for host",
        2: "Redirect for TOS and network",
        3: "Redirect for TOS and host",
    },
    6: {0: "Alternate address for host"},
    9: {0: "Normal router advertisement", 16: "Does not route common traffic"},
    11: {0: "Time to live exceeded in transit", 1: "Fragment reassembly time exceeded"},
    12: {0: "Pointer indicates the error", 1: "Required option missing", 2: "Bad length"},
}
