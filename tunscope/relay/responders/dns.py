"""Questions for host names over UDP port 53 (RFC 1035), from a table of names."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Asked:
    """The one question of a message that ends at `end`."""

    identity: int
    flags: int
    name: str
    kind: int
    klass: int
    end: int


def answer_name(question: Question, hosts: Hosts) -> bytes | None:
    """Answer A, AAAA and ANY: names in `hosts` (lower case, no final dot), and no others exist."""
    return _answer(question, hosts, lambda name: True)


def answer_known_name(question: Question, hosts: Hosts) -> bytes | None:
    """Answer for the names in `hosts` as `answer_name` does, and leave others to somebody else."""
    return _answer(question, hosts, lambda name: name in hosts)


def _answer(question: Question, hosts: Hosts, responsible: Callable[[str], bool]) -> bytes | None:
    layer = question.top
    if layer is None or layer.protocol != "udp":
        return None
    datagram = question.data[layer.start : layer.end]
    if int.from_bytes(datagram[2:4], "big") != _PORT:
        return None
    message = datagram[8:]
    asked = _asked(message)
    if asked is None or not responsible(asked.name):
        return None
    ports = datagram[2:4] + datagram[:2]
    return question.answer(ports + b"\0\0\0\1" + _response(message, asked, hosts), "udp")


def _asked(message: bytes) -> _Asked | None:
    if len(message) < _HEADER.size:
        return None
    identity, flags, questions, *_ = _HEADER.unpack_from(message)
    if flags & _RESPONSE or questions != 1:
        return None
    name, end = _name(message, _HEADER.size)
    if name is None or end + 4 > len(message):
        return None
    kind, klass = struct.unpack_from(">HH", message, end)
    return _Asked(identity, flags, name, kind, klass, end + 4)


def _response(message: bytes, asked: _Asked, hosts: Hosts) -> bytes:
    addresses = hosts.get(asked.name)
    records = b""
    count = 0
    for text in addresses or ():
        address = ipaddress.ip_address(text)
        record = _A if address.version == 4 else _AAAA
        if asked.kind in {record, _ANY} and asked.klass in {_INTERNET, _ANY}:
            packed = address.packed
            records += struct.pack(">3HIH", _NAME_OF_QUESTION, record, _INTERNET, _TTL, len(packed))
            records += packed
            count += 1
    answer = _RESPONSE | _AUTHORITATIVE | asked.flags & _OPCODE_AND_RECURSION
    if addresses is None:
        answer |= _NO_SUCH_NAME
    header = _HEADER.pack(asked.identity, answer, 1, count, 0, 0)
    return header + message[_HEADER.size : asked.end] + records


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
