"""What an IPv6 address holds inside: MAC addresses, IPv4 addresses, tunnel endpoints."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import Dissection, u16

#: In an interface identifier: made of an address that is one of its kind in the world.
_UNIVERSAL: Final = 0x02


def add_embedded(dissection: Dissection, side: str, address: bytes) -> None:
    """Note what `address` (16 bytes) embeds: SLAAC (RFC 4291), ISATAP (RFC 5214), 6to4
    (RFC 3056), Teredo (RFC 4380), translated addresses (RFC 6052)."""
    if address[11:13] == b"\xff\xfe" and address[8] & _UNIVERSAL:
        mac = bytes([address[8] ^ _UNIVERSAL]) + address[9:11] + address[13:]
        _add(dissection, side, "slaac_mac", mac)
    elif address[8:12] in (b"\0\0\x5e\xfe", b"\2\0\x5e\xfe"):
        _add(dissection, side, "isatap_ipv4", int.from_bytes(address[12:]))
    if address[:2] == b"\x20\x02":
        _add(dissection, side, "6to4_gw_ipv4", int.from_bytes(address[2:6]))
        _add(dissection, side, "6to4_sla_id", u16(address, 6))
    elif address[:4] == b"\x20\x01\0\0":
        _add(dissection, side, "ts_ipv4", int.from_bytes(address[4:8]))
        _add(dissection, side, "tc_port", u16(address, 10) ^ 0xFFFF)
        _add(dissection, side, "tc_ipv4", int.from_bytes(address[12:]) ^ 0xFFFFFFFF)
    elif address[:12] == b"\0\x64\xff\x9b" + bytes(8):
        _add(dissection, side, "embed_ipv4", int.from_bytes(address[12:]))
        dissection.add("ipv6.embed_ipv4_prefix", address[:12])


def _add(dissection: Dissection, side: str, name: str, value: int | bytes) -> None:
    dissection.add_all((f"ipv6.{side}_{name}", f"ipv6.{name}"), value)
