"""Resource records of DNS and what their types hold (RFC 1035, 2782, 6891, 4034, 9460)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.dissect.dns_data import READERS, add_options
from tunscope.dissect.dns_names import read_name
from tunscope.dissect.fieldtable import all_fields
from tunscope.dissect.formats import duration, mask_text, shown_text

if TYPE_CHECKING:
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

_OPTIONS: Final = 41
_SERVICE: Final = 33


def type_name(number: int) -> str:
    """Return the short name of a record type."""
    name = all_fields()["dns.qry.type"].names.get(number)
    return name.partition(" ")[0] if name else f"Unknown ({number})"


def class_name(number: int, *, multicast: bool) -> str:
    """Return the name of a class; multicast DNS keeps a flag in its highest bit."""
    if multicast:
        number &= 0x7FFF
    return all_fields()["dns.qry.class"].names.get(number) or f"Unknown ({number})"


def add_record(parent: Tree, message: Window, offset: int, *, multicast: bool) -> int:
    """Add the record at `offset`; return where the next one begins."""
    raw, at, _ = read_name(message, offset)
    name = shown_text(raw)
    kind, group, size = message.u16(at), message.u16(at + 2), message.u16(at + 8)
    body = at + 10
    stop = body + size
    tree = parent.group(f"{name}: type {type_name(kind)}", offset, stop - offset)
    if kind == _SERVICE:
        _add_service_name(tree, raw, offset, at - offset)
    else:
        tree.field("dns.resp.name", offset, at - offset, value=name)
    tree.field("dns.resp.type", at, 2)
    if kind == _OPTIONS:
        _add_extension(tree, at)
        add_options(tree, message, body, stop)
        return stop
    tree.label += f", class {class_name(group, multicast=multicast)}"
    add_class(tree, "dns.resp.class", at + 2, group, multicast=multicast)
    if multicast:
        tree.field("dns.resp.cache_flush", at + 2, 2)
        if group & 0x8000:
            tree.label += ", cache flush"
    seconds = message.u32(at + 4)
    tree.field("dns.resp.ttl", at + 4, 4, note=f" ({duration(seconds)})")
    tree.field("dns.resp.len", at + 8, 2)
    if not size:
        return stop
    reader = READERS.get(kind)
    if reader is None:
        message.check(body, size)
        tree.field("dns.data", body, size)
    else:
        tree.label += reader(tree, message, body, stop)
    return stop


def add_class(tree: Tree, field: str, at: int, group: int, *, multicast: bool) -> None:
    """Add a class; of multicast DNS without the flag in its highest bit."""
    if not multicast:
        tree.field(field, at, 2)
        return
    node = tree.field(field, at, 2, value=group & 0x7FFF)
    node.label = f"{mask_text(group, 0x7FFF, 16)} = {node.label}"


def _add_service_name(tree: Tree, raw: bytes, offset: int, size: int) -> None:
    """Add the parts of a name as a service record has them: service, protocol, domain."""
    service, _, rest = raw.partition(b".")
    protocol, _, domain = rest.partition(b".")
    for name, text in (("service", service), ("proto", protocol), ("name", domain)):
        tree.field(f"dns.srv.{name}", offset, size, value=shown_text(text))


def _add_extension(tree: Tree, at: int) -> None:
    """Add what the extension record has in place of class and time to live (RFC 6891)."""
    room = tree.window.u16(at + 2)
    tree.field("dns.rr.udp_payload_size", at + 2, 2, value=str(room))
    tree.field("dns.resp.ext_rcode", at + 4, 1)
    tree.field("dns.resp.edns0_version", at + 5, 1)
    flags = tree.field("dns.resp.z", at + 6, 2)
    flags.field("dns.resp.z.do", at + 6, 2)
    flags.field("dns.resp.z.reserved", at + 6, 2)
    tree.field("dns.resp.len", at + 8, 2)
