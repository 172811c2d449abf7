"""QUIC (RFC 9000, RFC 9369): headers, and the Initial packets, which everybody can decrypt."""

from __future__ import annotations

from typing import Final

from tunscope.filter.deep.numbers import read_number
from tunscope.filter.deep.quic_connection import Handshake, QuicConnection, QuicCount
from tunscope.filter.deep.quic_frames import add_frames
from tunscope.filter.deep.registry import guesses
from tunscope.filter.deep.tls_connection import Side
from tunscope.filter.deep.tls_handshake import add_handshakes
from tunscope.filter.layers.dissection import (
    NOTE,
    SEQUENCE_GROUP,
    UNDECODED_GROUP,
    WARN,
    Dissection,
    Octets,
    Payload,
    take,
    u32,
)

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
_RETRANSMITTED: Final = "This QUIC frame has a reused stream offset (retransmission?)"
#: From the packet number on: the number, the sample behind it, and no less than a tag.
_SHORTEST: Final = 20


@guesses("udp")
def guess_quic(dissection: Dissection, payload: Payload) -> bool:
    """Decode a datagram that begins with a long header of a known version, and those of its
    conversation that follow it."""
    octets = payload.octets
    data = octets.data
    connection = dissection.recall(QuicConnection, payload)
    begins = len(data) >= 13 and data[0] & _LONG and _known(u32(data, 1))
    if not begins and (connection.number < 0 or not data):
        return False
    if connection.number < 0:
        connection.number = _next_number(dissection)
    if dissection.begin("quic", octets) or "tls" in dissection.wanted:
        _add_packets(dissection, octets, connection, payload)
    return True


def _next_number(dissection: Dissection) -> int:
    followed = dissection.conversations and dissection.conversations.applications
    if not followed:
        return 0
    count = followed.recall(QuicCount, None)
    count.connections += 1
    return count.connections - 1


def _known(version: int) -> bool:
    return (
        version in _VERSIONS
        or version & _GREASE_MASK == _GREASE
        or (version >> 8 == _DRAFTS and version & 0xFF >= _OLDEST_DRAFT)
    )


def _add_packets(
    dissection: Dissection, octets: Octets, connection: QuicConnection, payload: Payload
) -> None:
    """Note the packets that share a datagram (RFC 9000, 12.2)."""
    network = payload.network
    side = (network.source, payload.source_port)
    peer = (network.destination, payload.destination_port)
    offset = 0
    while offset < len(octets.data):
        dissection.add("quic.connection.number", connection.number)
        packet = octets.rest(offset)
        if not octets.data[offset] & _LONG:
            _add_short(dissection, packet, connection, peer)
            return
        size = _add_long(dissection, packet, connection, side)
        if not size:
            return
        offset += size


def _add_short(
    dissection: Dissection, octets: Octets, connection: QuicConnection, peer: Side
) -> None:
    """Note a packet with a short header: nothing tells its end, and all is encrypted."""
    data = octets.data
    add = dissection.add
    identity = connection.identities.get(peer, b"")
    add("quic.packet_length", octets.reported)
    add("quic.short", None)
    add("quic.header_form", 0)
    add("quic.fixed_bit", data[0] >> 6 & 1)
    add("quic.spin_bit", data[0] >> 5 & 1)
    if identity:
        add("quic.dcid", take(data, 1, len(identity)))
    if not connection.short:
        _add_failure(dissection)
    connection.short = True
    add("quic.remaining_payload", data[1 + len(identity) :])


def _add_failure(dissection: Dissection) -> None:
    message = "Failed to create decryption context: Secrets are not available"
    dissection.expert("quic.decryption_failed", WARN, UNDECODED_GROUP, message)


def _add_long(
    dissection: Dissection, octets: Octets, connection: QuicConnection, side: Side
) -> int:
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
            token, offset = read_number(data, offset)
            token_at = offset
            offset += token
        length, begin = read_number(data, offset)
        size = begin + length
    add("quic.packet_length", size or octets.reported)
    add("quic.header_form", 1)
    if not version:
        add("quic.vn.unused", first & 0x7F)
    else:
        if kind != _RETRY:
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
        connection.client = None
        for place in range(offset, len(data) - 3, 4):
            add("quic.supported_version", u32(data, place))
    elif kind == _RETRY:
        # The client begins anew, with keys from the identity that the server chose.
        connection.client = None
        add("quic.retry_token", data[offset:-_TAG])
        add("quic.retry_integrity_tag", data[-_TAG:])
    else:
        if kind == _INITIAL:
            add("quic.token_length", token)
            if token:
                add("quic.token", take(data, token_at, token))
        add("quic.length", length)
        connection.identities[side] = source
        packet = data[:size] if size <= len(data) else data
        if kind == _INITIAL:
            if connection.client is None:
                connection.begin(side, target, version)
            _add_initial(dissection, Octets(packet, size), begin, connection, side)
        else:
            _add_failure(dissection)
            add("quic.remaining_payload", packet[begin:])
    return size


def _add_initial(
    dissection: Dissection, octets: Octets, offset: int, connection: QuicConnection, side: Side
) -> None:
    """Note what an Initial packet protects, whose packet number stands at `offset`."""
    add = dissection.add
    packet = octets.data
    keys = connection.keys(side)
    if keys is None or len(packet) < offset + _SHORTEST:
        _add_failure(dissection)
        add("quic.remaining_payload", packet[offset:])
        return
    mask = keys.mask(packet, offset)
    first = packet[0] ^ mask[0] & 0x0F
    size = (first & 3) + 1
    hidden = packet[offset : offset + size]
    number = int.from_bytes(octet ^ mask[place + 1] for place, octet in enumerate(hidden))
    add("quic.long.reserved", first >> 2 & 3)
    add("quic.packet_number_length", first & 3)
    add("quic.packet_number", number)
    protected = packet[offset + size :]
    add("quic.payload", protected)
    if len(packet) < octets.reported:
        _add_failure(dissection)
        return
    frames = keys.decrypted(number, protected)
    handshake = connection.handshakes.setdefault(side, Handshake())

    def add_handshake(place: int, data: bytes) -> None:
        ready = handshake.in_order(place, data)
        if ready:
            dissection.begin("tls", Octets(ready, len(ready)))
            add_handshakes(dissection, Octets(ready, len(ready)), connection.tls, side)
            dissection.resume("quic")
        elif place + len(data) <= handshake.stop:
            dissection.expert("quic.retransmission", NOTE, SEQUENCE_GROUP, _RETRANSMITTED)

    add_frames(dissection, frames, add_handshake)


def _kind(first: int, version: int) -> int:
    """Return the packet's type as version 1 numbers it; version 2 counts from Retry on."""
    kind = first >> 4 & 3
    return (kind - 1) & 3 if version in _SECOND else kind
