"""TLS records (RFC 8446, RFC 5246) as far as they are readable: handshakes, alerts, lengths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tunscope.filter.deep.registry import decodes, guesses
from tunscope.filter.deep.tls_handshake import add_handshakes
from tunscope.filter.layers.dissection import Dissection, Octets, Payload, u16

_CHANGE, _ALERT, _HANDSHAKE, _APPLICATION, _HEARTBEAT = 20, 21, 22, 23, 24
_TYPES: Final = frozenset({20, 21, 22, 23, 24})
_HEADER: Final = 5
_WEB_PORT: Final = 443
#: A record holds at most 2^14 bytes, and what encryption and compression add (RFC 5246, 6.2.3).
_LONGEST: Final = (1 << 14) + 2048


@decodes("tcp", "tls")
def decode_tls(dissection: Dissection, payload: Payload) -> bool:
    """Decode what a segment on one of TLS's ports carries."""
    dissect_records(dissection, payload.octets, _carried(payload))
    return True


@guesses("tcp")
def guess_tls(dissection: Dissection, payload: Payload) -> bool:
    """Decode a segment that begins with a TLS record, on any port."""
    if not looks_like_records(payload.octets):
        return False
    dissect_records(dissection, payload.octets, _carried(payload))
    return True


def looks_like_records(octets: Octets) -> bool:
    """Whether `octets` begins with the header of a TLS record."""
    data = octets.data
    if len(data) < _HEADER or data[0] not in _TYPES or data[1] != 3 or data[2] > 4:
        return False
    return u16(data, 3) <= _LONGEST


def _carried(payload: Payload) -> str:
    web = _WEB_PORT in (payload.source_port, payload.destination_port)
    return "Hypertext Transfer Protocol" if web else ""


def dissect_records(dissection: Dissection, octets: Octets, carried: str) -> None:
    """Note the records that `octets` holds whole; `carried` names what they protect, if known."""
    wanted = dissection.begin("tls", octets)
    if not wanted:
        return
    data = octets.data
    offset = 0
    secret = _Secret()
    while offset + _HEADER <= len(data):
        kind, version, length = data[offset], u16(data, offset + 1), u16(data, offset + 3)
        if kind not in _TYPES or version >> 8 != 3 or length > _LONGEST:
            return
        if offset + _HEADER + length > octets.reported:
            # The rest of the record is in another segment.
            return
        record = Octets(data[offset + _HEADER : offset + _HEADER + length], length)
        dissection.add("tls.record", None)
        opaque = secret.newest and kind == _APPLICATION
        dissection.add(f"tls.record.{'opaque' if opaque else 'content'}_type", kind)
        dissection.add("tls.record.version", version)
        dissection.add("tls.record.length", length)
        _add_record(dissection, kind, record, secret)
        if kind == _APPLICATION and carried:
            dissection.add("tls.app_data_proto", carried)
        offset += _HEADER + length


@dataclass(slots=True)
class _Secret:
    """What a segment has told of the connection so far."""

    encrypted: bool = False
    newest: bool = False


def _add_record(dissection: Dissection, kind: int, record: Octets, secret: _Secret) -> None:
    """Note what a record holds, as far as it is not encrypted."""
    add = dissection.add
    data = record.data
    if kind == _CHANGE:
        add("tls.change_cipher_spec", None)
        secret.encrypted = True
    elif kind == _ALERT:
        add("tls.alert_message", None)
        if record.reported == 2:
            add("tls.alert_message.level", data[0])
            add("tls.alert_message.desc", data[1])
    elif kind == _HANDSHAKE and secret.encrypted:
        add("tls.handshake", None)
    elif kind == _HANDSHAKE:
        secret.newest = add_handshakes(dissection, record) or secret.newest
    elif kind == _APPLICATION:
        add("tls.app_data", data)
    elif kind == _HEARTBEAT and len(data) >= 3 and u16(data, 1) + 19 <= len(data):
        add("tls.heartbeat_message", None)
        add("tls.heartbeat_message.type", data[0])
        add("tls.heartbeat_message.payload_length", u16(data, 1))
