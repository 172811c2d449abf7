"""Resource records of DNS that are seldom met: old types, mobility, keys for other protocols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from tunscope.filter.deep.dns_type_bitmap import add_types
from tunscope.filter.deep.names import read_name
from tunscope.filter.layers.dissection import Dissection, take, u16, u32, u64

_Adder: TypeAlias = Callable[[Dissection, bytes, int, int], None]


def _laid_out(*parts: str) -> _Adder:
    """An adder for data laid out as `parts` say: `field:kind`, with the kinds `1`, `2`, `4` and
    `8` for numbers of so many bytes, `b6` for bytes, `name`, `text` behind its length, `rest` and
    `string` for what is left."""
    layout = [part.split(":") for part in parts]

    def adder(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
        for field, kind in layout:
            name = f"dns.{field}"
            if kind in _NUMBERS:
                dissection.add(name, _NUMBERS[kind](message, offset))
                offset += int(kind)
            elif kind == "name":
                text, offset, _ = read_name(message, offset)
                dissection.add(name, text)
            elif kind == "text":
                size = message[offset]
                dissection.add(f"{name}_length", size)
                text = take(message, offset + 1, size).decode("utf-8", "replace")
                dissection.add(name, text)
                offset += 1 + size
            elif kind == "rest":
                dissection.add(name, message[offset:stop])
            elif kind == "string":
                dissection.add(name, message[offset:stop].decode("utf-8", "replace"))
            else:
                dissection.add(name, take(message, offset, int(kind[1:])))
                offset += int(kind[1:])

    return adder


def _octet(message: bytes, offset: int) -> int:
    return message[offset]


_NUMBERS: Final[dict[str, Callable[[bytes, int], int]]] = {
    "1": _octet,
    "2": u16,
    "4": u32,
    "8": u64,
}


def _integrated(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """An ISDN address and its subaddress."""
    for field in ("idsn", "idsn.sa"):
        if offset < stop:
            size = message[offset]
            dissection.add(f"dns.{field}.length", size)
            text = take(message, offset + 1, size).decode("utf-8", "replace")
            dissection.add(f"dns.{field}.address", text)
            offset += 1 + size


def _services(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    dissection.add("dns.wks.address", u32(message, offset))
    dissection.add("dns.wks.protocol", message[offset + 4])
    for octet in message[offset + 5 : stop]:
        if octet:
            dissection.add("dns.wks.bits", octet)


def _telephone(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    del stop
    size = message[offset]
    dissection.add("dns.x25.length", size)
    number = take(message, offset + 1, size).decode("utf-8", "replace")
    dissection.add("dns.x25.psdn_address", number)


def _next(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    name, offset, _ = read_name(message, offset)
    dissection.add("dns.nxt.next_domain_name", name)
    for place, octet in enumerate(message[offset:stop]):
        for bit in range(8):
            if octet & 0x80 >> bit:
                dissection.add("dns.resp.type", place * 8 + bit)


def _address_6_part(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    length = message[offset]
    dissection.add("dns.a6.prefix_len", length)
    size = 16 - length // 8 if length <= 128 else 0
    suffix = take(message, offset + 1, size)
    dissection.add("dns.a6.address_suffix", suffix.rjust(16, b"\0"))
    if offset + 1 + size < stop:
        dissection.add("dns.a6.prefix_name", read_name(message, offset + 1 + size)[0])


def _prefixes(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """Lists of address prefixes (RFC 3123)."""
    add = dissection.add
    while offset + 4 <= stop:
        family, size = u16(message, offset), message[offset + 3] & 0x7F
        add("dns.apl.address_family", family)
        add("dns.apl.coded_prefix", message[offset + 2])
        add("dns.apl.negation", message[offset + 3] >> 7)
        add("dns.apl.afdlength", size)
        part = take(message, offset + 4, size)
        if family == 1 and size <= 4:
            add("dns.apl.afdpart.ipv4", int.from_bytes(part.ljust(4, b"\0")))
        elif family == 2 and size <= 16:
            add("dns.apl.afdpart.ipv6", part.ljust(16, b"\0"))
        else:
            add("dns.apl.afdpart.data", part)
        offset += 4 + size


def _gateway(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """Keys for IPsec (RFC 4025)."""
    add = dissection.add
    kind = message[offset + 1]
    add("dns.ipseckey.gateway_precedence", message[offset])
    add("dns.ipseckey.gateway_type", kind)
    add("dns.ipseckey.gateway_algorithm", message[offset + 2])
    offset += 3
    if kind == 1:
        add("dns.ipseckey.gateway_ipv4", u32(message, offset))
        offset += 4
    elif kind == 2:
        add("dns.ipseckey.gateway_ipv6", take(message, offset, 16))
        offset += 16
    elif kind == 3:
        name, offset, _ = read_name(message, offset)
        add("dns.ipseckey.gateway_dns", name)
    if offset < stop:
        add("dns.ipseckey.public_key", message[offset:stop])


def _identity(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """The Host Identity Protocol (RFC 8005)."""
    add = dissection.add
    tag, key = message[offset], u16(message, offset + 2)
    add("dns.hip.hit.length", tag)
    add("dns.hip.hit.pk.algo", message[offset + 1])
    add("dns.hip.pk.length", key)
    offset += 4
    add("dns.hip.hit", take(message, offset, tag))
    add("dns.hip.pk", take(message, offset + tag, key))
    offset += tag + key
    while offset < stop:
        name, offset, _ = read_name(message, offset)
        add("dns.hip.rendezvous_server", name)


def _synchronisation(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """What of a child zone its parent may copy (RFC 7477)."""
    add = dissection.add
    flags = u16(message, offset + 4)
    add("dns.csync.soa", u32(message, offset))
    add("dns.csync.flags", flags)
    add("dns.csync.flags.immediate", flags & 1)
    add("dns.csync.flags.soaminimum", flags >> 1 & 1)
    add("dns.csync.type_bitmap", message[offset + 6 : stop])
    add_types(dissection, message, offset + 6, stop)


RARE: Final[dict[int, _Adder]] = {
    3: _laid_out("md:name"),
    4: _laid_out("mf:name"),
    7: _laid_out("mb:name"),
    8: _laid_out("mg:name"),
    9: _laid_out("mr:name"),
    10: _laid_out("null:rest"),
    11: _services,
    14: _laid_out("minfo.r:name", "minfo.e:name"),
    17: _laid_out("rp.mailbox:name", "rp.txt_rr:name"),
    18: _laid_out("afsdb.subtype:2", "afsdb.hostname:name"),
    19: _telephone,
    20: _integrated,
    21: _laid_out("rt.subtype:2", "rt.intermediate_host:name"),
    22: _laid_out("nsap.rdata:rest"),
    23: _laid_out("nsap_ptr.owner:name"),
    26: _laid_out("px.preference:2", "px.map822:name", "px.map400:name"),
    27: _laid_out("gpos.longitude:text", "gpos.latitude:text", "gpos.altitude:text"),
    29: _laid_out(
        "loc.version:1", "loc.size:1", "loc.horizontal_precision:1", "loc.vertical_precision:1",
        "loc.latitude:4", "loc.longitude:4", "loc.altitude:4",
    ),
    30: _next,
    36: _laid_out("kx.preference:2", "kx.key_exchange:name"),
    37: _laid_out("cert.type:2", "cert.key_tag:2", "cert.algorithm:1", "cert.certificate:rest"),
    38: _address_6_part,
    42: _prefixes,
    44: _laid_out("sshfp.algorithm:1", "sshfp.fingerprint.type:1", "sshfp.fingerprint:rest"),
    45: _gateway,
    49: _laid_out("dhcid.rdata:rest"),
    55: _identity,
    61: _laid_out("openpgpkey:string"),
    62: _synchronisation,
    63: _laid_out("zonemd.serial:4", "zonemd.scheme:1", "zonemd.hash_algo:1", "zonemd.digest:rest"),
    104: _laid_out("ilnp.nid.preference:2", "ilnp.nid:b8"),
    105: _laid_out("ilnp.l32.preference:2", "ilnp.l32:4"),
    106: _laid_out("ilnp.l64.preference:2", "ilnp.l64:b8"),
    107: _laid_out("ilnp.lp.preference:2", "ilnp.lp:name"),
    108: _laid_out("eui48:b6"),
    109: _laid_out("eui64:8"),
}  # fmt: skip
