"""Resource records that sign, deny and authenticate (RFC 4034, RFC 5155, RFC 8945)."""

from __future__ import annotations

from typing import Final

from tunscope.filter.deep.dns_type_bitmap import add_types
from tunscope.filter.deep.names import read_name
from tunscope.filter.layers.dissection import Dissection, take, u16, u32

#: How hashes are written (RFC 4648, 7).
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuv"
_KEY_FLAGS: Final = (
    ("authentication", 0x8000),
    ("confidentiality", 0x4000),
    ("required", 0x2000),
    ("associated_user", 0x0400),
    ("associated_named_entity", 0x0200),
    ("ipsec", 0x0080),
    ("mime", 0x0040),
)


def add_signature(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """Note a SIG or RRSIG record."""
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


def add_zone_key(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """Note a DNSKEY or CDNSKEY record."""
    add = dissection.add
    flags = u16(message, offset)
    prefix = "dns.dnskey.flags"
    add(prefix, flags)
    names = (("zone_key", 0x0100), ("key_revoked", 0x0080), ("secure_entry_point", 0x0001))
    dissection.add_bits(flags, ((f"{prefix}.{name}", mask) for name, mask in names))
    add(f"{prefix}.reserved", flags & 0xFE7E)
    _add_key(dissection, "dnskey", message, offset, stop)


def add_key(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """Note a KEY record (RFC 2535, 3.1)."""
    add = dissection.add
    flags = u16(message, offset)
    prefix = "dns.key.flags"
    add(prefix, flags)
    dissection.add_bits(flags, ((f"{prefix}.{name}", mask) for name, mask in _KEY_FLAGS))
    add(f"{prefix}.signatory", flags & 0x000F)
    _add_key(dissection, "key", message, offset, stop)


def _add_key(dissection: Dissection, kind: str, message: bytes, offset: int, stop: int) -> None:
    add = dissection.add
    add(f"dns.{kind}.protocol", message[offset + 2])
    add(f"dns.{kind}.algorithm", message[offset + 3])
    add(f"dns.{kind}.key_id", _key_tag(message[offset:stop]))
    add(f"dns.{kind}.public_key", message[offset + 4 : stop])


def _key_tag(record: bytes) -> int:
    """RFC 4034, appendix B."""
    total = sum(octet if place & 1 else octet << 8 for place, octet in enumerate(record))
    return (total + (total >> 16 & 0xFFFF)) & 0xFFFF


def add_delegation(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """Note a DS, CDS or DLV record."""
    add = dissection.add
    add("dns.ds.key_id", u16(message, offset))
    add("dns.ds.algorithm", message[offset + 2])
    add("dns.ds.digest_type", message[offset + 3])
    add("dns.ds.digest", message[offset + 4 : stop])


def add_denial(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """Note an NSEC record."""
    name, offset, _ = read_name(message, offset)
    dissection.add("dns.nsec.next_domain_name", name)
    add_types(dissection, message, offset, stop)


def add_hashed_denial(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """Note an NSEC3 record."""
    dissection.add("dns.nsec3.algo", message[offset])
    dissection.add("dns.nsec3.flags", message[offset + 1])
    dissection.add("dns.nsec3.flags.opt_out", message[offset + 1] & 1)
    offset = _add_salt(dissection, message, offset)
    size = message[offset]
    dissection.add("dns.nsec3.hash_length", size)
    dissection.add("dns.nsec3.hash_value", _base32(take(message, offset + 1, size)))
    add_types(dissection, message, offset + 1 + size, stop)


def add_hash_parameters(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """Note an NSEC3PARAM record."""
    del stop
    dissection.add("dns.nsec3.algo", message[offset])
    dissection.add("dns.nsec3.flags", message[offset + 1])
    _add_salt(dissection, message, offset)


def _add_salt(dissection: Dissection, message: bytes, offset: int) -> int:
    size = message[offset + 4]
    dissection.add("dns.nsec3.iterations", u16(message, offset + 2))
    dissection.add("dns.nsec3.salt_length", size)
    dissection.add("dns.nsec3.salt_value", take(message, offset + 5, size))
    return offset + 5 + size


def _base32(data: bytes) -> str:
    bits = int.from_bytes(data) << (-len(data) * 8) % 5
    count = -(-len(data) * 8 // 5)
    return "".join(_DIGITS[bits >> 5 * place & 31] for place in reversed(range(count)))


def add_secret_key(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """Note a TKEY record (RFC 2930)."""
    del stop
    add = dissection.add
    name, offset, _ = read_name(message, offset)
    add("dns.tkey.algo_name", name)
    add("dns.tkey.signature_inception", u32(message, offset) * 10**9)
    add("dns.tkey.signature_expiration", u32(message, offset + 4) * 10**9)
    add("dns.tkey.mode", u16(message, offset + 8))
    add("dns.tkey.error", u16(message, offset + 10))
    offset += 12
    for size_name, data_name in (("key_size", "key_data"), ("other_size", "other_data")):
        size = u16(message, offset)
        add(f"dns.tkey.{size_name}", size)
        if size:
            add(f"dns.tkey.{data_name}", take(message, offset + 2, size))
        offset += 2 + size


def add_transaction_signature(
    dissection: Dissection, message: bytes, offset: int, stop: int
) -> None:
    """Note a TSIG record."""
    del stop
    add = dissection.add
    name, offset, _ = read_name(message, offset)
    add("dns.tsig.algorithm_name", name)
    add("dns.tsig.time_signed", (u16(message, offset) << 32 | u32(message, offset + 2)) * 10**9)
    add("dns.tsig.fudge", u16(message, offset + 6))
    size = u16(message, offset + 8)
    add("dns.tsig.mac_size", size)
    add("dns.tsig.mac", None)
    take(message, offset + 10, size)
    offset += 10 + size
    add("dns.tsig.original_id", u16(message, offset))
    add("dns.tsig.error", u16(message, offset + 2))
    size = u16(message, offset + 4)
    add("dns.tsig.other_len", size)
    if size:
        add("dns.tsig.other_data", take(message, offset + 6, size))
