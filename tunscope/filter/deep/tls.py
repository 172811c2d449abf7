"""TLS records (RFC 8446, RFC 5246) as far as they are readable: handshakes, alerts, lengths."""

from __future__ import annotations

from typing import Final

from tunscope.filter.deep.registry import decodes, guesses
from tunscope.filter.deep.tls_connection import Side, TlsConnection
from tunscope.filter.deep.tls_handshake import add_handshakes
from tunscope.filter.layers.dissection import (
    NOTE,
    PROTOCOL_GROUP,
    Dissection,
    Octets,
    Payload,
    u16,
)

_CHANGE, _ALERT, _HANDSHAKE, _APPLICATION, _HEARTBEAT = 20, 21, 22, 23, 24
_TYPES: Final = frozenset({20, 21, 22, 23, 24})
_HEADER: Final = 5
#: So many bytes that can be printed are taken for text.
_WORD: Final = 4
#: A record holds at most 2^14 bytes, and what encryption and compression add (RFC 5246, 6.2.3).
_LONGEST: Final = (1 << 14) + 2048
_PRINTABLE: Final = frozenset(range(0x20, 0x7F))
#: Behind its length, a hello in SSL version 2's form that offers a later version.
_VERSION_2_HELLO: Final = bytes((1, 3))


@decodes("tcp", "tls")
def decode_tls(dissection: Dissection, payload: Payload) -> bool:
    """Decode what a segment on one of TLS's ports carries, unless it is text."""
    connection = dissection.recall(TlsConnection, payload)
    octets = payload.octets
    if _is_text(octets) and not (connection.known and looks_like_records(octets)):
        return False
    _decode(dissection, payload, connection)
    return True


@guesses("tcp")
def guess_tls(dissection: Dissection, payload: Payload) -> bool:
    """Decode a segment that begins with a TLS record, on any port, and those that follow it."""
    connection = dissection.recall(TlsConnection, payload)
    octets = payload.octets
    if not looks_like_records(octets) and (not connection.known or _is_text(octets)):
        return False
    _decode(dissection, payload, connection)
    return True


def _is_text(octets: Octets) -> bool:
    start = octets.data[:_WORD]
    return octets.reported >= _HEADER and len(start) == _WORD and _PRINTABLE.issuperset(start)


def looks_like_records(octets: Octets) -> bool:
    """Whether `octets` begins with the header of a TLS record."""
    data = octets.data
    if len(data) < _HEADER or data[0] not in _TYPES or data[1] != 3 or data[2] > 4:
        return False
    return u16(data, 3) <= _LONGEST


def _decode(dissection: Dissection, payload: Payload, connection: TlsConnection) -> None:
    connection.port = connection.port or min(payload.source_port, payload.destination_port)
    side = (payload.network.source, payload.source_port)
    dissect_records(dissection, payload.octets, connection, side)


def dissect_records(
    dissection: Dissection, octets: Octets, connection: TlsConnection, side: Side
) -> None:
    """Note the records that `octets` holds whole, sent by `side` of the connection."""
    dissection.begin("tls", octets)
    data = octets.data
    offset = 0
    while offset + _HEADER <= len(data):
        kind, version, length = data[offset], u16(data, offset + 1), u16(data, offset + 3)
        if kind not in _TYPES:
            old = kind & 0x80 and data[2:4] == _VERSION_2_HELLO
            if connection.known and not (connection.newest or old):
                message = "Ignored Unknown Record"
                dissection.expert("tls.ignored_unknown_record", NOTE, PROTOCOL_GROUP, message)
            return
        if length > _LONGEST or offset + _HEADER + length > octets.reported:
            # The rest of the record is in another segment.
            return
        connection.known = True
        record = Octets(data[offset + _HEADER : offset + _HEADER + length], length)
        dissection.add("tls.record", None)
        opaque = connection.newest and kind == _APPLICATION
        dissection.add(f"tls.record.{'opaque' if opaque else 'content'}_type", kind)
        dissection.add("tls.record.version", version)
        dissection.add("tls.record.length", length)
        if not length:
            return
        _add_record(dissection, kind, record, connection, side)
        offset += _HEADER + length


def _add_record(
    dissection: Dissection, kind: int, record: Octets, connection: TlsConnection, side: Side
) -> None:
    """Note what a record holds, as far as it is not encrypted."""
    add = dissection.add
    data = record.data
    if kind == _CHANGE:
        add("tls.change_cipher_spec", None)
        if connection.change_cipher(side):
            add("tls.resumed", None)
    elif kind == _ALERT:
        add("tls.alert_message", None)
        if record.reported == 2 and side not in connection.encrypted:
            add("tls.alert_message.level", data[0])
            add("tls.alert_message.desc", data[1])
    elif kind == _HANDSHAKE and side in connection.encrypted:
        add("tls.handshake", None)
    elif kind == _HANDSHAKE:
        add_handshakes(dissection, record, connection, side)
    elif kind == _APPLICATION:
        add("tls.app_data", data)
        if connection.carried:
            add("tls.app_data_proto", connection.carried)
    elif kind == _HEARTBEAT and len(data) >= 3 and u16(data, 1) + 19 <= len(data):
        size = u16(data, 1)
        add("tls.heartbeat_message", None)
        add("tls.heartbeat_message.type", data[0])
        add("tls.heartbeat_message.payload_length", size)
        add("tls.heartbeat_message.payload", data[3 : 3 + size])
        add("tls.heartbeat_message.padding", data[3 + size :])
