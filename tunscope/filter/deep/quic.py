"""QUIC's invariants and long headers (RFC 8999, RFC 9000, 17.2); what is encrypted stays so."""

from __future__ import annotations

from typing import Final

from tunscope.filter.deep.registry import guesses
from tunscope.filter.layers.dissection import Dissection, Octets, Payload, take, u32

_LONG, _FIXED = 0x80, 0x40
_VERSION_1, _VERSION_2 = 0x00000001, 0x6B3343CF
_VERSION_2_DRAFT: Final = 0x709A50C4
_SECOND: Final = frozenset({_VERSION_2, _VERSION_2_DRAFT})
#: What is spoken besides the drafts: RFC 9000 and 9369, Facebook's and Google's own.
_VERSIONS: Final = _SECOND | {
    *(_VERSION_1, 0xFACEB001, 0xFACEB002, 0xFACEB00E),
    *(0x51303530, 0x54303530, 0x54303531),
}
_OLDEST_DRAFT: Final = 11
#: Versions set aside to provoke negotiation (RFC 9000, 15), and the drafts' numbers.
_GREASE_MASK, _GREASE = 0x0F0F0F0F, 0x0A0A0A0A
_DRAFTS: Final = 0xFF0000
_LONGEST_ID: Final = 20
_INITIAL, _RETRY = 0, 3
_TAG: Final = 16


@guesses("udp")
def guess_quic(dissection: Dissection, payload: Payload) -> bool:
    """Decode a datagram that begins with a long header of a known version."""
    octets = payload.octets
    data = octets.data
    if len(data) < 13 or not data[0] & _LONG or not _known(u32(data, 1)):
        return False
    if dissection.begin("quic", octets):
        _add_packets(dissection, octets)
    return True


def _known(version: int) -> bool:
    return (
        version in _VERSIONS
        or version & _GREASE_MASK == _GREASE
        or (version >> 8 == _DRAFTS and version & 0xFF >= _OLDEST_DRAFT)
    )


def _add_packets(dissection: Dissection, octets: Octets) -> None:
    """Note the packets that share a datagram (RFC 9000, 12.2)."""
    offset = 0
    while offset < len(octets.data) and octets.data[offset] & _LONG:
        size = _add_long(dissection, octets.rest(offset))
        if not size:
            return
        offset += size


def _add_long(dissection: Dissection, octets: Octets) -> int:
    """Note a packet with a long header; return its size, 0 if it fills the datagram."""
    data = octets.data
    add = dissection.add
    first, version = data[0], u32(data, 1)
    target = take(data, 6, data[5])
    source_at = 6 + data[5]
    source = take(data, source_at + 1, data[source_at])
    offset = source_at + 1 + data[source_at]
    kind = _kind(first, version)
    size = 0
    token = token_at = 0
    if version and kind != _RETRY:
        if kind == _INITIAL:
            token, offset = _number(data, offset)
            token_at = offset
            offset += token
        length, begin = _number(data, offset)
        size = begin + length
    add("quic.packet_length", size or octets.reported)
    add("quic.header_form", 1)
    if not version:
        add("quic.vn.unused", first & 0x7F)
    else:
        add("quic.fixed_bit", first >> 6 & 1)
        add(
            "quic.long.packet_type_v2" if version in _SECOND else "quic.long.packet_type",
            first >> 4 & 3,
        )
    add("quic.version", version)
    add("quic.dcil", len(target))
    if target:
        add("quic.dcid", target)
    add("quic.scil", len(source))
    if source:
        add("quic.scid", source)
    if not version:
        for place in range(offset, len(data) - 3, 4):
            add("quic.supported_version", u32(data, place))
    elif kind == _RETRY:
        add("quic.retry_token", data[offset:-_TAG])
        add("quic.retry_integrity_tag", data[-_TAG:])
    else:
        if kind == _INITIAL:
            add("quic.token_length", token)
            if token:
                add("quic.token", take(data, token_at, token))
        add("quic.length", length)
    return size


def _kind(first: int, version: int) -> int:
    """Return the packet's type as version 1 numbers it; version 2 counts from Retry on."""
    kind = first >> 4 & 3
    return (kind - 1) & 3 if version in _SECOND else kind


def _number(data: bytes, offset: int) -> tuple[int, int]:
    """Return a number of variable length and where it ends (RFC 9000, 16)."""
    size = 1 << (data[offset] >> 6)
    number = int.from_bytes(take(data, offset, size), "big")
    return number & ((1 << (8 * size - 2)) - 1), offset + size
