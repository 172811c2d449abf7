"""Questions for host names over UDP port 53 (RFC 1035), from a table of names."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Mapping
from typing import Final

from tunscope.relay.responders.question import Question

_PORT: Final = 53
_HEADER: Final = struct.Struct(">6H")
_A: Final = 1
_AAAA: Final = 28
_ANY: Final = 255
_INTERNET: Final = 1
_TTL: Final = 60
_RESPONSE: Final = 0x8000
_AUTHORITATIVE: Final = 0x0400
_OPCODE_AND_RECURSION: Final = 0x7900
_NO_SUCH_NAME: Final = 3
_NAME_OF_QUESTION: Final = 0xC00C

Hosts = Mapping[str, tuple[str, ...]]


def answer_name(question: Question, hosts: Hosts) -> bytes | None:
    """Answer A, AAAA and ANY for the names in `hosts` (lower case, no final dot)."""
    layer = question.top
    if layer is None or layer.protocol != "udp":
        return None
    datagram = question.data[layer.start : layer.end]
    if int.from_bytes(datagram[2:4], "big") != _PORT:
        return None
    message = _response(datagram[8:], hosts)
    if message is None:
        return None
    ports = datagram[2:4] + datagram[:2]
    return question.answer(ports + b"\0\0\0\1" + message, "udp")


def _response(message: bytes, hosts: Hosts) -> bytes | None:
    if len(message) < _HEADER.size:
        return None
    identity, flags, questions, *_ = _HEADER.unpack_from(message)
    if flags & _RESPONSE or questions != 1:
        return None
    name, end = _name(message, _HEADER.size)
    if name is None or end + 4 > len(message):
        return None
    kind, klass = struct.unpack_from(">HH", message, end)
    addresses = hosts.get(name)
    records = b""
    count = 0
    for text in addresses or ():
        address = ipaddress.ip_address(text)
        record = _A if address.version == 4 else _AAAA
        if kind in {record, _ANY} and klass in {_INTERNET, _ANY}:
            packed = address.packed
            records += struct.pack(">3HIH", _NAME_OF_QUESTION, record, _INTERNET, _TTL, len(packed))
            records += packed
            count += 1
    answer = _RESPONSE | _AUTHORITATIVE | flags & _OPCODE_AND_RECURSION
    if addresses is None:
        answer |= _NO_SUCH_NAME
    header = _HEADER.pack(identity, answer, 1, count, 0, 0)
    return header + message[_HEADER.size : end + 4] + records


def _name(message: bytes, at: int) -> tuple[str | None, int]:
    labels: list[str] = []
    while at < len(message) and len(labels) < 128:
        size = message[at]
        if size == 0:
            return ".".join(labels).lower(), at + 1
        if size > 63 or at + 1 + size > len(message):
            return None, at
        labels.append(message[at + 1 : at + 1 + size].decode("latin-1"))
        at += 1 + size
    return None, at
