"""What the fields of application protocols that can be set have as their values, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_REQUEST: Final = re.compile(rb"([!-~]{1,32}) ([!-~]+) (HTTP/[0-9.]{1,5})\r?\n")
_STATUS: Final = re.compile(rb"(HTTP/[0-9.]{1,5}) ([0-9]{3}) ([^\r\n]*)\r?\n")
_HEADERS: Final = {
    "http.host": b"Host",
    "http.user_agent": b"User-Agent",
    "http.cookie": b"Cookie",
    "http.referer": b"Referer",
    "http.content_type": b"Content-Type",
    "http.location": b"Location",
}
_LONGEST_HEAD: Final = 16_384


@dataclass(frozen=True, slots=True)
class DeepValue:
    """The value of a field by its display filter name, in bytes `start` to `stop` of the layer."""

    name: str
    value: str
    start: int
    stop: int


def deep_values(layer: Any, own: bytes) -> Iterator[DeepValue]:
    """Yield what can be set by name in one of scapy's layers, whose bytes are `own`."""
    kind = type(layer).__name__
    if kind == "DNS":
        yield from _of_dns(layer, own)
    elif kind == "Raw":
        yield from _of_http(own)


def _of_dns(message: Any, own: bytes) -> Iterator[DeepValue]:
    start = 12 if message.length is None else 14
    if not isinstance(message.qd, list) or not message.qd:
        return
    question = message.qd[0]
    name = getattr(question, "qname", b"")
    if not isinstance(name, bytes):
        return
    stop = min(len(own), start + len(name) + 1)
    yield DeepValue("dns.qry.name", name.decode("latin-1").rstrip(".") or ".", start, stop)
    kind = question.get_field("qtype").i2repr(question, question.qtype)
    yield DeepValue("dns.qry.type", str(kind), stop, min(len(own), stop + 2))


def _of_http(own: bytes) -> Iterator[DeepValue]:
    head = own[:_LONGEST_HEAD]
    if match := _REQUEST.match(head):
        names = ("http.request.method", "http.request.uri", "http.request.version")
    elif match := _STATUS.match(head):
        names = ("", "http.response.code", "http.response.phrase")
    else:
        return
    for group, name in enumerate(names, 1):
        if name:
            yield _found(match, group, name)
    end = head.find(b"\r\n\r\n")
    head = head[: len(head) if end < 0 else end + 2]
    for name, title in _HEADERS.items():
        line = re.search(rb"(?im)^" + re.escape(title) + rb":[ \t]*([^\r\n]*)\r?$", head)
        if line is not None:
            yield _found(line, 1, name)


def _found(match: re.Match[bytes], group: int, name: str) -> DeepValue:
    return DeepValue(name, match[group].decode("latin-1"), match.start(group), match.end(group))
