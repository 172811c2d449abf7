"""The part of DNS that a lab's nameserver and its clients speak: A and AAAA in class IN.

Messages as in RFC 1035 section 4, AAAA as in RFC 3596. One question a message; names in answers
are compression pointers to it. A malformed message raises DnsError, whatever its bytes.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

TYPE_A, TYPE_AAAA = 1, 28
CLASS_IN = 1
TTL_SECONDS = 60

_HEADER = struct.Struct("!6H")  # id, flags, question, answer, authority and additional counts
_QUESTION = struct.Struct("!HH")
_RECORD = struct.Struct("!HHIH")  # type, class, TTL, data length
_QR, _AA, _RD = 0x8000, 0x0400, 0x0100
_QUESTION_POINTER = b"\xc0\x0c"  # the name at offset 12, right behind the header
_LABEL_LIMIT, _NAME_LIMIT = 63, 255

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class DnsError(ValueError):
    """Not a message that this module understands."""


class ResponseCode(IntEnum):
    """RCODE of RFC 1035 section 4.1.1, as far as used here."""

    NO_ERROR = 0
    FORMAT_ERROR = 1
    NAME_ERROR = 3
    NOT_IMPLEMENTED = 4


@dataclass(frozen=True, slots=True)
class Query:
    """One question; `name` in lower case without the closing dot."""

    identifier: int
    name: str
    record_type: int
    recursion_desired: bool = True


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a query: its code and the addresses."""

    identifier: int
    code: int
    addresses: tuple[Address, ...]


def encode_query(query: Query) -> bytes:
    """Return the query as one UDP payload."""
    flags = _RD if query.recursion_desired else 0
    return _HEADER.pack(query.identifier, flags, 1, 0, 0, 0) + _encode_question(query)


def decode_query(message: bytes) -> Query:
    """Read a query with exactly one question in class IN."""
    identifier, flags, questions = _decode_header(message)[:3]
    if flags & _QR or questions != 1:
        raise DnsError("not a query with one question")
    name, position = _decode_name(message, _HEADER.size)
    if position + _QUESTION.size > len(message):
        raise DnsError("the question is cut short")
    record_type, record_class = _QUESTION.unpack_from(message, position)
    if record_class != CLASS_IN:
        raise DnsError(f"class {record_class} is not IN")
    return Query(identifier, name, record_type, bool(flags & _RD))


def encode_response(
    query: Query, addresses: Sequence[Address], code: ResponseCode = ResponseCode.NO_ERROR
) -> bytes:
    """Answer `query` with those of `addresses` that are of the type it asks for."""
    wanted = {TYPE_A: 4, TYPE_AAAA: 6}.get(query.record_type)
    chosen = [address for address in addresses if address.version == wanted]
    flags = _QR | _AA | (_RD if query.recursion_desired else 0) | code
    answers = b"".join(
        _QUESTION_POINTER
        + _RECORD.pack(query.record_type, CLASS_IN, TTL_SECONDS, len(address.packed))
        + address.packed
        for address in chosen
    )
    header = _HEADER.pack(query.identifier, flags, 1, len(chosen), 0, 0)
    return header + _encode_question(query) + answers


def decode_response(message: bytes) -> Response:
    """Read a response; records that are no addresses are passed over."""
    identifier, flags, questions, answers = _decode_header(message)
    if not flags & _QR:
        raise DnsError("not a response")
    position = _HEADER.size
    for _ in range(questions):
        position = _decode_name(message, position)[1] + _QUESTION.size
    addresses: list[Address] = []
    for _ in range(answers):
        position = _decode_name(message, position)[1]
        data = position + _RECORD.size
        if data > len(message):
            raise DnsError("a record is cut short")
        record_type, _, _, length = _RECORD.unpack_from(message, position)
        position = data + length
        if position > len(message):
            raise DnsError("a record's data is cut short")
        if (record_type, length) in ((TYPE_A, 4), (TYPE_AAAA, 16)):
            addresses.append(ipaddress.ip_address(message[data:position]))
    return Response(identifier, flags & 0xF, tuple(addresses))


def _decode_header(message: bytes) -> tuple[int, int, int, int]:
    if len(message) < _HEADER.size:
        raise DnsError("shorter than a DNS header")
    identifier, flags, questions, answers, _, _ = _HEADER.unpack_from(message)
    return identifier, flags, questions, answers


def _encode_question(query: Query) -> bytes:
    encoded = b""
    for label in query.name.split("."):
        data = label.encode("ascii")
        if not 1 <= len(data) <= _LABEL_LIMIT:
            raise DnsError(f"label {label!r} is not 1 to {_LABEL_LIMIT} bytes long")
        encoded += bytes([len(data)]) + data
    return encoded + b"\0" + _QUESTION.pack(query.record_type, CLASS_IN)


def _decode_name(message: bytes, position: int) -> tuple[str, int]:
    """Return the name at `position` and where the next field starts; a pointer ends it unread."""
    labels: list[str] = []
    total = 0
    while True:
        if position >= len(message):
            raise DnsError("a name is cut short")
        length = message[position]
        if length & 0xC0:
            return ".".join(labels), position + 2
        position += 1
        if length == 0:
            return ".".join(labels), position
        label = message[position : position + length]
        total += length + 1
        if len(label) < length or total > _NAME_LIMIT:
            raise DnsError("a name is cut short or too long")
        labels.append(label.decode("ascii", "replace").lower())
        position += length
