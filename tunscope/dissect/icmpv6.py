"""ICMPv6 (RFC 4443), neighbour discovery (RFC 4861), multicast listeners (RFC 2710, 3810)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.fieldtable import value_name
from tunscope.dissect.icmp import add_checksum, decode_quoted
from tunscope.dissect.neighbour_options import add_options
from tunscope.dissect.packet import IP_PROTOCOLS, decode_data, entered

if TYPE_CHECKING:
    from collections.abc import Callable

    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_PROTOCOL: Final = 58
#: Where the options of neighbour discovery begin.
_OPTIONS_AT: Final = {133: 8, 134: 16, 135: 24, 136: 24, 137: 40, 141: 8, 142: 8}
#: What stands in the four bytes behind the checksum, where it is one field.
_SECOND_WORD: Final = {
    1: "icmpv6.reserved", 2: "icmpv6.mtu", 3: "icmpv6.reserved", 4: "icmpv6.pointer",
    133: "icmpv6.reserved", 135: "icmpv6.reserved", 137: "icmpv6.reserved",
    141: "icmpv6.reserved", 142: "icmpv6.reserved",
}  # fmt: skip
_TARGETS: Final = {
    135: ("icmpv6.nd.ns.target_address",),
    136: ("icmpv6.nd.na.target_address",),
    137: ("icmpv6.nd.rd.target_address", "icmpv6.rd.na.destination_address"),
}


@entered(IP_PROTOCOLS, _PROTOCOL)
def decode_icmpv6(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the header, what its type has behind it, and a quoted packet."""
    dissection.enter("ICMPv6", "icmpv6")
    tree = parent.protocol("icmpv6", "Internet Control Message Protocol v6", window)
    kind, code = window.u8(0), window.u8(1)
    tree.field("icmpv6.type", 0, 1)
    name = _CODES.get(kind, {}).get(code)
    known = kind in _CODES
    text = f"{name} ({code})" if name else f"Unknown ({code})" if known else str(code)
    if known:
        text = f"{code} ({name or 'Unknown'})"
    tree.field("icmpv6.code", 1, 1, text=text)
    addresses = dissection.addresses
    pseudo = sum(
        int.from_bytes(address[at : at + 2], "big")
        for address in addresses
        for at in range(0, len(address), 2)
    )
    whole = len(addresses[0]) == 16
    add_checksum(tree, "icmpv6", window, pseudo + window.length + _PROTOCOL, whole=whole)
    if kind in _SECOND_WORD:
        tree.field(_SECOND_WORD[kind], 4, 4)
    for number, target in enumerate(_TARGETS.get(kind, ())):
        if kind == 136 and number == 0:
            _add_advertisement_flags(tree)
        tree.field(target, 8 + 16 * number, 16)
    if kind in {1, 2, 3, 4}:
        decode_quoted(0x86DD, window.sub(8), tree, dissection)
    elif kind in {128, 129}:
        tree.field("icmpv6.echo.identifier", 4, 2)
        tree.field("icmpv6.echo.sequence_number", 6, 2)
        dissection.run(decode_data, window.sub(8), tree)
    elif kind in _BODIES:
        _BODIES[kind](tree, window)
    elif kind not in _OPTIONS_AT and window.length > 4:
        tree.field("icmpv6.data", 4, max(window.captured - 4, 0))
    if kind in _OPTIONS_AT:
        add_options(tree, window, _OPTIONS_AT[kind], dissection)


def _add_advertisement_flags(tree: Tree) -> None:
    flags = tree.field("icmpv6.nd.na.flag", 4, 4)
    for name in ("r", "s", "o", "rsv"):
        field = flags.field(f"icmpv6.nd.na.flag.{name}", 4, 4)
        if name != "rsv" and field.value == "1":
            flags.label += f", {field.label.partition(' = ')[2].partition(':')[0]}"


def _router_advertisement(tree: Tree, window: Window) -> None:
    tree.field("icmpv6.nd.ra.cur_hop_limit", 4, 1)
    flags = tree.field("icmpv6.nd.ra.flag", 5, 1)
    for name in ("m", "o", "h", "prf", "p", "rsv"):
        field = flags.field(f"icmpv6.nd.ra.flag.{name}", 5, 1)
        heading, _, worded = field.label.partition(" = ")[2].partition(": ")
        if name == "prf":
            flags.label += f", {heading}: {worded.partition(' (')[0]}"
        elif name != "rsv" and field.value == "1":
            flags.label += f", {heading}"
    tree.field("icmpv6.nd.ra.router_lifetime", 6, 2)
    tree.field("icmpv6.nd.ra.reachable_time", 8, 4)
    tree.field("icmpv6.nd.ra.retrans_timer", 12, 4)


def _listener(tree: Tree, window: Window) -> None:
    """Add a query or report of version 1, or a query of version 2 where there is more of it."""
    extended = window.u8(0) == 130 and window.length > 24
    delay = "code" if extended else "delay"
    tree.field(f"icmpv6.mld.maximum_response_{delay}", 4, 2)
    tree.field("icmpv6.reserved", 6, 2)
    tree.field("icmpv6.mld.multicast_address", 8, 16)
    if not extended:
        return
    flags = tree.field("icmpv6.mld.flag", 24, 1)
    for name in ("s", "qrv", "reserved"):
        flags.field(f"icmpv6.mld.flag.{name}", 24, 1)
    tree.field("icmpv6.mld.qqi", 25, 1)
    tree.field("icmpv6.mld.nb_sources", 26, 2)
    for number in range(window.u16(26)):
        tree.field("icmpv6.mld.source_address", 28 + 16 * number, 16)


def _listener_report(tree: Tree, window: Window) -> None:
    tree.field("icmpv6.reserved", 4, 2)
    tree.field("icmpv6.mldr.nb_mcast_records", 6, 2)
    offset = 8
    for _ in range(window.u16(6)):
        sources, extra = window.u16(offset + 2), window.u8(offset + 1) * 4
        size = 20 + 16 * sources + extra
        kind = value_name("icmpv6.mldr.mar.record_type", window.u8(offset))
        record = tree.marked("icmpv6.mldr.mar", f"Multicast Address Record {kind}", offset, size)
        record.field("icmpv6.mldr.mar.record_type", offset, 1)
        record.field("icmpv6.mldr.mar.aux_data_len", offset + 1, 1)
        record.field("icmpv6.mldr.mar.nb_sources", offset + 2, 2)
        address = record.field("icmpv6.mldr.mar.multicast_address", offset + 4, 16)
        record.label += f": {address.value}"
        for number in range(sources):
            record.field("icmpv6.mldr.mar.source_address", offset + 20 + 16 * number, 16)
        if extra:
            record.field("icmpv6.mldr.mar.auxiliary_data", offset + size - extra, extra)
        offset += size


_BODIES: Final[dict[int, Callable[[Tree, Window], None]]] = {
    130: _listener,
    131: _listener,
    132: _listener,
    134: _router_advertisement,
    143: _listener_report,
}
_CODES: Final[dict[int, dict[int, str]]] = {
    1: {
        0: "no route to destination",
        1: "Administratively prohibited",
        2: "Beyond scope of source address",
        3: "Address unreachable",
        4: "Port unreachable",
        5: "Source address failed ingress/egress policy",
        6: "Reject route to destination",
        7: "Error in Source Routing Header",
    },
    3: {0: "hop limit exceeded in transit", 1: "fragment reassembly time exceeded"},
    4: {
        0: "erroneous header field encountered",
        1: "unrecognized Next Header type encountered",
        2: "unrecognized IPv6 option encountered",
        3: "IPv6 First Fragment has incomplete IPv6 Header Chain",
    },
}
