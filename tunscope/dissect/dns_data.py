"""What records of each type hold (RFC 1035, 2782, 3403, 4034, 6891, 9460)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tunscope.dissect.dns_names import read_name
from tunscope.dissect.fieldtable import value_name
from tunscope.dissect.formats import duration, ipv4_text, ipv6_text, shown_text

if TYPE_CHECKING:
    from tunscope.dissect.tree import Tree
    from tunscope.dissect.window import Window

#: Reads the data of a record between two offsets; returns what it adds to the record's label.
Reader = Callable[["Tree", "Window", int, int], str]


def add_options(parent: Tree, message: Window, offset: int, stop: int) -> None:
    """Add the options of an extension record (RFC 6891, 6.1.2)."""
    while offset + 4 <= stop:
        code, size = message.u16(offset), message.u16(offset + 2)
        name = value_name("dns.opt.code", code)
        option = parent.marked("dns.opt", f"Option: {name}", offset, 4 + size)
        option.field("dns.opt.code", offset, 2)
        option.field("dns.opt.len", offset + 2, 2)
        if size:
            option.field("dns.opt.data", offset + 4, size)
            _OPTIONS.get(code, _no_more)(option, message, offset + 4, size)
        offset += 4 + size


def _no_more(option: Tree, message: Window, offset: int, size: int) -> None:
    """Add nothing to the option's data."""


def _client_subnet(option: Tree, message: Window, offset: int, size: int) -> None:
    family = message.u16(offset)
    option.field("dns.opt.client.family", offset, 2)
    option.field("dns.opt.client.netmask", offset + 2, 1)
    option.field("dns.opt.client.scope", offset + 3, 1)
    octets = message.take(offset + 4, size - 4)
    if family == 1 and len(octets) <= 4:
        text = ipv4_text(octets.ljust(4, b"\0"))
        option.field("dns.opt.client.addr4", offset + 4, size - 4, value=text)
    elif family == 2 and len(octets) <= 16:
        text = ipv6_text(octets.ljust(16, b"\0"))
        option.field("dns.opt.client.addr6", offset + 4, size - 4, value=text)
    elif octets:
        option.field("dns.opt.client.addr", offset + 4, size - 4)


def _cookie(option: Tree, message: Window, offset: int, size: int) -> None:
    option.field("dns.opt.cookie.client", offset, min(size, 8))
    if size > 8:
        option.field("dns.opt.cookie.server", offset + 8, size - 8)


_OPTIONS: Final[dict[int, Callable[[Tree, Window, int, int], None]]] = {
    8: _client_subnet,
    10: _cookie,
}


def _address(tree: Tree, message: Window, offset: int, stop: int) -> str:
    tree.field("dns.a", offset, 4)
    return f", addr {ipv4_text(message.take(offset, 4))}"


def _address6(tree: Tree, message: Window, offset: int, stop: int) -> str:
    tree.field("dns.aaaa", offset, 16)
    return f", addr {ipv6_text(message.take(offset, 16))}"


def _name(field: str, word: str) -> Reader:
    """Return the reader of one domain name."""

    def read(tree: Tree, message: Window, offset: int, stop: int) -> str:
        text = add_name(tree, message, field, offset)[0]
        return f", {word} {text}" if word else f", {text}"

    return read


def add_name(tree: Tree, message: Window, field: str, offset: int) -> tuple[str, int]:
    """Add a domain name; return its text and where it ends."""
    raw, end, _ = read_name(message, offset)
    text = shown_text(raw)
    tree.field(field, offset, end - offset, value=text)
    return text, end


def _string(tree: Tree, message: Window, length: str, field: str, offset: int) -> tuple[str, int]:
    """Add a character string (RFC 1035, 3.3); return its text and where it ends."""
    size = message.u8(offset)
    tree.field(length, offset, 1)
    text = shown_text(message.take(offset + 1, size))
    tree.field(field, offset + 1, size)
    return text, offset + 1 + size


def _mail_exchange(tree: Tree, message: Window, offset: int, stop: int) -> str:
    tree.field("dns.mx.preference", offset, 2)
    text, _ = add_name(tree, message, "dns.mx.mail_exchange", offset + 2)
    return f", preference {message.u16(offset)}, mx {text}"


def _authority(tree: Tree, message: Window, offset: int, stop: int) -> str:
    primary, at = add_name(tree, message, "dns.soa.mname", offset)
    _, at = add_name(tree, message, "dns.soa.rname", at)
    tree.field("dns.soa.serial_number", at, 4)
    names = ("refresh_interval", "retry_interval", "expire_limit", "minimum_ttl")
    for place, name in enumerate(names, 1):
        add_duration(tree, message, f"dns.soa.{name}", at + 4 * place)
    return f", mname {primary}"


def add_duration(tree: Tree, message: Window, field: str, offset: int) -> None:
    """Add a number of seconds, also in words."""
    tree.field(field, offset, 4, note=f" ({duration(message.u32(offset))})")


def _texts(tree: Tree, message: Window, offset: int, stop: int) -> str:
    while offset < stop:
        _, offset = _string(tree, message, "dns.txt.length", "dns.txt", offset)
    return ""


def _service(tree: Tree, message: Window, offset: int, stop: int) -> str:
    for place, name in enumerate(("priority", "weight", "port")):
        tree.field(f"dns.srv.{name}", offset + 2 * place, 2)
    target, _ = add_name(tree, message, "dns.srv.target", offset + 6)
    priority, weight, port = (message.u16(offset + 2 * place) for place in range(3))
    return f", priority {priority}, weight {weight}, port {port}, target {target}"


def _host(tree: Tree, message: Window, offset: int, stop: int) -> str:
    cpu, at = _string(tree, message, "dns.hinfo.cpu_length", "dns.hinfo.cpu", offset)
    system, _ = _string(tree, message, "dns.hinfo.os_length", "dns.hinfo.os", at)
    return f", CPU {cpu}, OS {system}"


def _naming(tree: Tree, message: Window, offset: int, stop: int) -> str:
    tree.field("dns.naptr.order", offset, 2)
    tree.field("dns.naptr.preference", offset + 2, 2)
    flags, at = _string(tree, message, "dns.naptr.flags_length", "dns.naptr.flags", offset + 4)
    _, at = _string(tree, message, "dns.naptr.service_length", "dns.naptr.service", at)
    _, at = _string(tree, message, "dns.naptr.regex_length", "dns.naptr.regex", at)
    raw, _, _ = read_name(message, at)
    tree.derived("dns.naptr.replacement_length", len(raw), at)
    add_name(tree, message, "dns.naptr.replacement", at)
    order, preference = message.u16(offset), message.u16(offset + 2)
    return f", order {order}, preference {preference}, flags {flags}"


def _delegation(tree: Tree, message: Window, offset: int, stop: int) -> str:
    tree.field("dns.ds.key_id", offset, 2)
    tree.field("dns.ds.algorithm", offset + 2, 1)
    tree.field("dns.ds.digest_type", offset + 3, 1)
    tree.field("dns.ds.digest", offset + 4, stop - offset - 4)
    return ""


def _key(tree: Tree, message: Window, offset: int, stop: int) -> str:
    flags = tree.field("dns.dnskey.flags", offset, 2)
    for name in ("zone_key", "key_revoked", "secure_entry_point", "reserved"):
        flags.field(f"dns.dnskey.flags.{name}", offset, 2)
    tree.field("dns.dnskey.protocol", offset + 2, 1)
    tree.field("dns.dnskey.algorithm", offset + 3, 1)
    octets = message.take(offset, stop - offset)
    total = sum(octets[0::2]) * 256 + sum(octets[1::2])
    tree.derived("dns.dnskey.key_id", total + (total >> 16) & 0xFFFF, offset + 4)
    tree.field("dns.dnskey.public_key", offset + 4, stop - offset - 4)
    return ""


def _signature(tree: Tree, message: Window, offset: int, stop: int) -> str:
    tree.field("dns.rrsig.type_covered", offset, 2)
    tree.field("dns.rrsig.algorithm", offset + 2, 1)
    tree.field("dns.rrsig.labels", offset + 3, 1)
    add_duration(tree, message, "dns.rrsig.original_ttl", offset + 4)
    tree.field("dns.rrsig.signature_expiration", offset + 8, 4)
    tree.field("dns.rrsig.signature_inception", offset + 12, 4)
    tree.field("dns.rrsig.key_tag", offset + 16, 2)
    _, at = add_name(tree, message, "dns.rrsig.signers_name", offset + 18)
    tree.field("dns.rrsig.signature", at, stop - at)
    return ""


def _next_secure(tree: Tree, message: Window, offset: int, stop: int) -> str:
    text, at = add_name(tree, message, "dns.nsec.next_domain_name", offset)
    add_type_bitmap(tree, message, at, stop)
    return f", next domain name {text}"


def add_type_bitmap(tree: Tree, message: Window, offset: int, stop: int) -> None:
    """Add the types of a bit map (RFC 4034, 4.1.2)."""
    while offset + 2 <= stop:
        block, size = message.u8(offset), message.u8(offset + 1)
        for place, octet in enumerate(message.take(offset + 2, size)):
            for bit in range(8):
                if octet & 0x80 >> bit:
                    kind = block << 8 | place << 3 | bit
                    name = value_name("dns.qry.type", kind)
                    tree.field(
                        "dns.resp.type",
                        offset + 2 + place,
                        1,
                        value=kind,
                        label=f"RR type in bit map: {name}",
                    )
        offset += 2 + size


def _binding(tree: Tree, message: Window, offset: int, stop: int) -> str:
    tree.field("dns.svcb.svcpriority", offset, 2)
    _, at = add_name(tree, message, "dns.svcb.targetname", offset + 2)
    while at + 4 <= stop:
        size = message.u16(at + 2)
        key = value_name("dns.svcb.svcparam.key", message.u16(at), f"key{message.u16(at)}")
        parameter = tree.marked("dns.svcb.svcparam", f"SvcParam: {key}", at, 4 + size)
        parameter.field("dns.svcb.svcparam.key", at, 2)
        parameter.field("dns.svcb.svcparam.value.length", at + 2, 2)
        _PARAMETERS.get(message.u16(at), _opaque)(parameter, message, at + 4, at + 4 + size)
        at += 4 + size
    return ""


def _opaque(tree: Tree, message: Window, offset: int, stop: int) -> None:
    if stop > offset:
        tree.field("dns.svcb.svcparam.value", offset, stop - offset)


def _protocols(tree: Tree, message: Window, offset: int, stop: int) -> None:
    names = []
    while offset < stop:
        text, offset = _string(
            tree,
            message,
            "dns.svcb.svcparam.alpn.length",
            "dns.svcb.svcparam.alpn",
            offset,
        )
        names.append(text)
    tree.label += f"={','.join(names)}"


def _port(tree: Tree, message: Window, offset: int, stop: int) -> None:
    tree.field("dns.svcb.svcparam.port", offset, 2)
    tree.label += f"={message.u16(offset)}"


def _hints(size: int, name: str) -> Callable[[Tree, Window, int, int], None]:
    """Return the reader of a list of addresses of `size` bytes."""

    def read(tree: Tree, message: Window, offset: int, stop: int) -> None:
        texts = []
        for at in range(offset, stop - size + 1, size):
            field = tree.field(name, at, size)
            texts.append(field.value)
        tree.label += f"={','.join(texts)}"

    return read


_PARAMETERS: Final[dict[int, Callable[[Tree, Window, int, int], None]]] = {
    1: _protocols,
    3: _port,
    4: _hints(4, "dns.svcb.svcparam.ipv4hint.ip"),
    6: _hints(16, "dns.svcb.svcparam.ipv6hint.ip"),
}
#: Readers by record type.
READERS: Final[dict[int, Reader]] = {
    1: _address,
    2: _name("dns.ns", "ns"),
    5: _name("dns.cname", "cname"),
    6: _authority,
    12: _name("dns.ptr.domain_name", ""),
    13: _host,
    15: _mail_exchange,
    16: _texts,
    28: _address6,
    33: _service,
    35: _naming,
    39: _name("dns.dname", "dname"),
    43: _delegation,
    46: _signature,
    47: _next_secure,
    48: _key,
    64: _binding,
    65: _binding,
    99: _texts,
}
