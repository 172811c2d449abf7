"""DNS over UDP and TCP, multicast DNS, LLMNR (RFC 1035, 2136, 6762, 4795)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.dns_names import read_name
from tunscope.dissect.dns_records import add_class, add_record, class_name, type_name
from tunscope.dissect.fieldtable import value_name
from tunscope.dissect.formats import shown_text
from tunscope.dissect.packet import TCP_PORTS, UDP_PORTS, entered

if TYPE_CHECKING:
    from tunscope.dissect.packet import Dissection
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_HEADER: Final = 12
_UPDATE: Final = 5
_SECTIONS: Final = ("Answers", "Authoritative nameservers", "Additional records")
_UPDATE_SECTIONS: Final = ("Prerequisites", "Updates", "Additional records")
_COUNTS: Final = ("queries", "answers", "auth_rr", "add_rr")
_UPDATE_COUNTS: Final = ("zones", "prerequisites", "updates", "add_rr")


@entered(UDP_PORTS, 53)
def decode_dns(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode a message over UDP."""
    dissection.enter("DNS", "dns")
    _decode_message(window, parent, "dns", "Domain Name System")


@entered(UDP_PORTS, 5353)
def decode_mdns(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode a multicast DNS message."""
    dissection.enter("MDNS", "mdns")
    _decode_message(window, parent, "mdns", "Multicast Domain Name System")


@entered(UDP_PORTS, 5355)
def decode_llmnr(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode a link-local multicast name resolution message."""
    dissection.enter("LLMNR", "llmnr")
    _decode_message(window, parent, "llmnr", "Link-local Multicast Name Resolution")


@entered(TCP_PORTS, 53)
def decode_dns_stream(window: Window, parent: Tree, dissection: Dissection) -> None:
    """Decode the messages of a segment, each behind its length (RFC 1035, 4.2.2)."""
    offset = 0
    while offset + 2 <= window.captured:
        dissection.enter("DNS", "dns")
        size = window.u16(offset)
        _decode_message(window.sub(offset, 2 + size), parent, "dns", "Domain Name System", prefix=2)
        offset += 2 + size


def _decode_message(
    window: Window, parent: Tree, name: str, title: str, *, prefix: int = 0
) -> None:
    message = window.sub(prefix)
    flags = message.u16(2)
    response, opcode = bool(flags & 0x8000), flags >> 11 & 15
    kind = "response" if response else "query"
    tree = parent.protocol(name, f"{title} ({kind})", window)
    if prefix:
        tree.field("dns.length", 0, 2)
    tree.window = message
    tree.field("dns.id", 0, 2)
    _add_flags(tree, flags, link_local=name == "llmnr")
    update = opcode == _UPDATE
    for place, section in enumerate(_UPDATE_COUNTS if update else _COUNTS):
        tree.field(f"dns.count.{section}", 4 + 2 * place, 2)
    counts = [message.u16(at) for at in (4, 6, 8, 10)]
    multicast = name == "mdns"
    offset = _HEADER
    if counts[0]:
        group = tree.group("Zone" if update else "Queries", offset, 0)
        for _ in range(counts[0]):
            offset = _add_question(group, message, offset, multicast=multicast)
            group.end(offset)
    for section, count in zip(_UPDATE_SECTIONS if update else _SECTIONS, counts[1:], strict=True):
        if not count:
            continue
        group = tree.group(section, offset, 0)
        for _ in range(count):
            offset = add_record(group, message, offset, multicast=multicast)
            group.end(offset)


def _add_flags(parent: Tree, flags: int, *, link_local: bool) -> None:
    response, opcode = bool(flags & 0x8000), flags >> 11 & 15
    text = value_name("dns.flags.opcode", opcode, "Unknown operation")
    if response:
        reply = value_name("dns.flags.rcode", flags & 15, "Unknown error")
        text += f" response, {reply}"
    tree = parent.field("dns.flags", 2, 2, note=f" {text}")
    if link_local:
        names = ["response", "opcode", "conflict", "truncated", "tentative"]
        names += ["rcode"] if response else []
    elif response:
        names = ["response", "opcode", "authoritative", "truncated", "recdesired", "recavail",
                 "z", "authenticated", "checkdisable", "rcode"]  # fmt: skip
    else:
        names = ["response", "opcode", "truncated", "recdesired", "z", "checkdisable"]
        if flags & 0x20:
            names.insert(5, "authenticated")
    for name in names:
        field = tree.field(f"dns.flags.{name}", 2, 2)
        if name == "z":
            field.label = f"{field.label.partition(' = ')[0]} = Z: reserved ({flags >> 6 & 1})"


def _add_question(parent: Tree, message: Window, offset: int, *, multicast: bool) -> int:
    raw, at, labels = read_name(message, offset)
    name = shown_text(raw)
    kind, group = message.u16(at), message.u16(at + 2)
    label = f"{name}: type {type_name(kind)}, class {class_name(group, multicast=multicast)}"
    if multicast:
        label += f', "Q{"U" if group & 0x8000 else "M"}" question'
    tree = parent.group(label, offset, at + 4 - offset)
    tree.field("dns.qry.name", offset, at - offset, value=name)
    for field, number in (("dns.qry.name.len", len(raw)), ("dns.count.labels", labels)):
        length = tree.field(field, offset, at - offset, value=number)
        length.label = f"[{length.label}]"
    tree.field("dns.qry.type", at, 2)
    add_class(tree, "dns.qry.class", at + 2, group, multicast=multicast)
    if multicast:
        tree.field("dns.qry.qu", at + 2, 2)
    return at + 4
