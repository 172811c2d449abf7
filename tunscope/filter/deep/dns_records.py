"""The resource records of DNS messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from tunscope.filter.deep.dns_rare_records import RARE
from tunscope.filter.deep.dns_security_records import (
    add_delegation,
    add_denial,
    add_hash_parameters,
    add_hashed_denial,
    add_key,
    add_secret_key,
    add_signature,
    add_transaction_signature,
    add_zone_key,
)
from tunscope.filter.deep.dns_service_binding import add_binding
from tunscope.filter.deep.names import read_name
from tunscope.filter.layers.dissection import (
    NOTE,
    PROTOCOL_GROUP,
    UNDECODED_GROUP,
    WARN,
    CutShort,
    Dissection,
    take,
    u16,
    u32,
)

_OPT: Final = 41
#: Adds the fields of one record's data, which stands at `offset` to `stop` of `message`.
_Adder: TypeAlias = Callable[[Dissection, bytes, int, int], None]


def add_record(dissection: Dissection, message: bytes, offset: int, *, multicast: bool) -> int:
    """Note the record at `offset` of `message`; return where it ends."""
    name, offset, _ = read_name(message, offset)
    kind, group, ttl = u16(message, offset), u16(message, offset + 2), u32(message, offset + 4)
    size = u16(message, offset + 8)
    offset += 10
    stop = offset + size
    add = dissection.add
    if kind != _SRV or not _add_service(dissection, name):
        add("dns.resp.name", name)
    add("dns.resp.type", kind)
    if kind == _OPT:
        add("dns.rr.udp_payload_size", group & 0x7FFF if multicast else group)
        if multicast:
            add("dns.resp.cache_flush", group >> 15)
        add("dns.resp.ext_rcode", ttl >> 24)
        add("dns.resp.edns0_version", ttl >> 16 & 0xFF)
        add("dns.resp.z", ttl & 0xFFFF)
        add("dns.resp.z.do", ttl >> 15 & 1)
        add("dns.resp.z.reserved", ttl & 0x7FFF)
    else:
        add("dns.resp.class", group & 0x7FFF if multicast else group)
        if multicast:
            add("dns.resp.cache_flush", group >> 15)
        add("dns.resp.ttl", ttl)
        if ttl >> 31:
            words = "The uppermost bit of the TTL is set (RFC 2181, section 8)"
            dissection.expert("dns.ttl.high_bit_set", WARN, PROTOCOL_GROUP, words)
    add("dns.resp.len", size)
    if size:
        take(message, offset, size)
        adder = _ADDERS.get(kind)
        if adder is not None:
            adder(dissection, message, offset, stop)
        else:
            dissection.expert("dns.undecoded.type", NOTE, UNDECODED_GROUP, "Undecoded option")
            add("dns.data", message[offset:stop])
    return stop


def _add_service(dissection: Dissection, owner: str) -> bool:
    """Split an SRV record's owner, `_service._proto.name`; False if it is none."""
    parts = owner.split(".", 2)
    if len(parts) == 3 and parts[1].startswith("_"):
        dissection.add("dns.srv.service", parts[0])
        dissection.add("dns.srv.proto", parts[1])
        dissection.add("dns.srv.name", parts[2])
        return True
    parts = owner.split(".", 3)
    if len(parts) == 4:
        dissection.add("dns.srv.service", f"{parts[0]}.{parts[1]}")
        dissection.add("dns.srv.proto", parts[2])
        dissection.add("dns.srv.name", parts[3])
        return True
    return False


def _name(field: str) -> _Adder:
    def adder(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
        del stop
        dissection.add(field, read_name(message, offset)[0])

    return adder


def _address(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    del stop
    dissection.add("dns.a", u32(message, offset))


def _address_6(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    del stop
    dissection.add("dns.aaaa", take(message, offset, 16))


def _start_of_authority(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    del stop
    add = dissection.add
    name, offset, _ = read_name(message, offset)
    add("dns.soa.mname", name)
    name, offset, _ = read_name(message, offset)
    add("dns.soa.rname", name)
    for place, field in enumerate(
        ("serial_number", "refresh_interval", "retry_interval", "expire_limit", "minimum_ttl")
    ):
        add(f"dns.soa.{field}", u32(message, offset + 4 * place))


def _mail(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    del stop
    dissection.add("dns.mx.preference", u16(message, offset))
    dissection.add("dns.mx.mail_exchange", read_name(message, offset + 2)[0])


def _strings(prefix: str) -> _Adder:
    """Texts behind their lengths."""

    def adder(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
        while offset < stop:
            size = message[offset]
            dissection.add(f"{prefix}.length", size)
            text = take(message, offset + 1, size)
            dissection.add(prefix, text.decode("utf-8", "replace"))
            offset += 1 + size

    return adder


def _host_information(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    del stop
    for field in ("cpu", "os"):
        size = message[offset]
        dissection.add(f"dns.hinfo.{field}_length", size)
        text = take(message, offset + 1, size).decode("utf-8", "replace")
        dissection.add(f"dns.hinfo.{field}", text)
        offset += 1 + size


def _service(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    del stop
    dissection.add("dns.srv.priority", u16(message, offset))
    dissection.add("dns.srv.weight", u16(message, offset + 2))
    dissection.add("dns.srv.port", u16(message, offset + 4))
    dissection.add("dns.srv.target", read_name(message, offset + 6)[0])


def _naming_authority(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    del stop
    add = dissection.add
    add("dns.naptr.order", u16(message, offset))
    add("dns.naptr.preference", u16(message, offset + 2))
    offset += 4
    for field in ("flags", "service", "regex"):
        size = message[offset]
        add(f"dns.naptr.{field}_length", size)
        add(f"dns.naptr.{field}", take(message, offset + 1, size).decode("utf-8", "replace"))
        offset += 1 + size
    name, _, _ = read_name(message, offset)
    add("dns.naptr.replacement_length", len(name))
    add("dns.naptr.replacement", name)


def _options(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """EDNS options (RFC 6891)."""
    add = dissection.add
    while offset + 4 <= stop:
        code, size = u16(message, offset), u16(message, offset + 2)
        add("dns.opt", None)
        add("dns.opt.code", code)
        add("dns.opt.len", size)
        body = take(message, offset + 4, size)
        offset += 4 + size
        add("dns.opt.data", body)
        match code:
            case 5 | 6 | 7:
                name = ("dau", "dhu", "n3u")[code - 5]
                for algorithm in body:
                    add(f"dns.opt.{name}", algorithm)
            case 13:
                add("dns.opt.chain.fqdn", _escaped(body))
            case 8 if size >= 4:
                _client_subnet(dissection, body)
            case 10 if size >= 8:
                add("dns.opt.cookie.client", body[:8])
                add("dns.opt.cookie.server", body[8:])
            case 11 if size == 2:
                add("dns.opt.edns_tcp_keepalive.timeout", u16(body, 0))
            case 12:
                add("dns.opt.padding", body)
            case 15 if size >= 2:
                add("dns.opt.ext_error.info_code", u16(body, 0))
                if size > 2:
                    add("dns.opt.ext_error.extra_text", body[2:].decode("utf-8", "replace"))
            case _:
                pass


def _escaped(body: bytes) -> str:
    """A name with its lengths, as Wireshark writes it: up to the end, unprintable bytes in hex."""
    text = body.partition(b"\0")[0]
    return "".join(chr(octet) if 0x20 <= octet < 0x7F else f"\\x{octet:x}" for octet in text)


def _client_subnet(dissection: Dissection, body: bytes) -> None:
    add = dissection.add
    family = u16(body, 0)
    add("dns.opt.client.family", family)
    add("dns.opt.client.netmask", body[2])
    add("dns.opt.client.scope", body[3])
    if family == 1:
        add("dns.opt.client.addr4", int.from_bytes(body[4:8].ljust(4, b"\0")))
    elif family == 2:
        add("dns.opt.client.addr6", body[4:20].ljust(16, b"\0"))


def _tlsa(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    add = dissection.add
    add("dns.tlsa.certificate_usage", message[offset])
    add("dns.tlsa.selector", message[offset + 1])
    add("dns.tlsa.matching_type", message[offset + 2])
    add("dns.tlsa.certificate_association_data", message[offset + 3 : stop])


def _authorization(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    add = dissection.add
    size = message[offset + 1]
    if offset + 2 + size > stop:
        raise CutShort
    add("dns.caa.flags", message[offset])
    add("dns.caa.flags.issuer_critical", message[offset] >> 7)
    tag = take(message, offset + 2, size).decode("ascii", "replace")
    value = message[offset + 2 + size : stop].decode("utf-8", "replace")
    known = tag in ("issue", "issuewild", "iodef")
    add("dns.caa.tag_length", size)
    add("dns.caa.tag", tag)
    add(f"dns.caa.{tag}" if known else "dns.caa.unknown", value)
    add("dns.caa.value", value)


_SRV: Final = 33
_ADDERS: Final[dict[int, _Adder]] = {
    **RARE,
    1: _address,
    2: _name("dns.ns"),
    5: _name("dns.cname"),
    6: _start_of_authority,
    12: _name("dns.ptr.domain_name"),
    13: _host_information,
    15: _mail,
    16: _strings("dns.txt"),
    28: _address_6,
    33: _service,
    35: _naming_authority,
    39: _name("dns.dname"),
    41: _options,
    24: add_signature,
    25: add_key,
    43: add_delegation,
    46: add_signature,
    47: add_denial,
    48: add_zone_key,
    50: add_hashed_denial,
    51: add_hash_parameters,
    52: _tlsa,
    59: add_delegation,
    60: add_zone_key,
    64: add_binding,
    65: add_binding,
    99: _strings("dns.spf"),
    249: add_secret_key,
    250: add_transaction_signature,
    257: _authorization,
    32769: add_delegation,
}
