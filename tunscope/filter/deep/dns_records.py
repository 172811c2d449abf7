"""The resource records of DNS messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from tunscope.filter.deep.names import read_name
from tunscope.filter.layers.dissection import CutShort, Dissection, take, u16, u32

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
    add("dns.resp.len", size)
    if size:
        take(message, offset, size)
        adder = _ADDERS.get(kind)
        if adder is not None:
            adder(dissection, message, offset, stop)
        else:
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
    name, end, _ = read_name(message, offset)
    add("dns.naptr.replacement_length", end - offset)
    add("dns.naptr.replacement", name)


def _options(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """EDNS options (RFC 6891)."""
    add = dissection.add
    while offset + 4 <= stop:
        code, size = u16(message, offset), u16(message, offset + 2)
        add("dns.opt.code", code)
        add("dns.opt.len", size)
        body = take(message, offset + 4, size)
        offset += 4 + size
        add("dns.opt.data", body)
        match code:
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


def _signature(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    add = dissection.add
    add("dns.rrsig.type_covered", u16(message, offset))
    add("dns.rrsig.algorithm", message[offset + 2])
    add("dns.rrsig.labels", message[offset + 3])
    add("dns.rrsig.original_ttl", u32(message, offset + 4))
    add("dns.rrsig.signature_expiration", u32(message, offset + 8) * 10**9)
    add("dns.rrsig.signature_inception", u32(message, offset + 12) * 10**9)
    add("dns.rrsig.key_tag", u16(message, offset + 16))
    name, offset, _ = read_name(message, offset + 18)
    add("dns.rrsig.signers_name", name)
    add("dns.rrsig.signature", message[offset:stop])


def _key(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    add = dissection.add
    flags = u16(message, offset)
    add("dns.dnskey.flags", flags)
    dissection.add_bits(
        flags,
        (
            ("dns.dnskey.flags.zone_key", 0x0100),
            ("dns.dnskey.flags.key_revoked", 0x0080),
            ("dns.dnskey.flags.secure_entry_point", 0x0001),
        ),
    )
    add("dns.dnskey.flags.reserved", flags & 0xFE7E)
    add("dns.dnskey.protocol", message[offset + 2])
    add("dns.dnskey.algorithm", message[offset + 3])
    add("dns.dnskey.key_id", _key_tag(message[offset:stop]))
    add("dns.dnskey.public_key", message[offset + 4 : stop])


def _key_tag(record: bytes) -> int:
    """RFC 4034, appendix B."""
    total = sum(octet if place & 1 else octet << 8 for place, octet in enumerate(record))
    return (total + (total >> 16 & 0xFFFF)) & 0xFFFF


def _delegation(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    add = dissection.add
    add("dns.ds.key_id", u16(message, offset))
    add("dns.ds.algorithm", message[offset + 2])
    add("dns.ds.digest_type", message[offset + 3])
    add("dns.ds.digest", message[offset + 4 : stop])


def _next_secure(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    name, offset, _ = read_name(message, offset)
    dissection.add("dns.nsec.next_domain_name", name)
    _type_bitmap(dissection, message, offset, stop)


def _type_bitmap(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """Which types a name has (RFC 4034, 4.1.2)."""
    while offset + 2 <= stop:
        window, size = message[offset], message[offset + 1]
        for place, octet in enumerate(take(message, offset + 2, size)):
            for bit in range(8):
                if octet & 0x80 >> bit:
                    dissection.add("dns.rr_types", window << 8 | place << 3 | bit)
        offset += 2 + size


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
    43: _delegation,
    46: _signature,
    47: _next_secure,
    48: _key,
    52: _tlsa,
    99: _strings("dns.spf"),
    257: _authorization,
}
