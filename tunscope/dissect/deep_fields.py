"""Fields of application protocols that can be set: DNS by scapy, HTTP by its lines.

A setter takes the transport payload and the new value and returns the new payload, which may be
longer or shorter; it raises UsageError for a value or a payload that does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, Final

from tunscope.dissect.expression import first_line, layer_class
from tunscope.errors import UsageError
from tunscope.packet.header_fields import FIELDS
from tunscope.packet.printable import printable

Setter = Callable[[bytes, str], bytes]

_REQUEST_LINE: Final = re.compile(rb"([!-~]{1,32}) ([!-~]+) (HTTP/[0-9.]{1,5})\r?\n")
_STATUS_LINE: Final = re.compile(rb"(HTTP/[0-9.]{1,5}) ([0-9]{3}) ([^\r\n]*)\r?\n")
_HTTP_HEADERS: Final = {
    "http.host": b"Host", "http.user_agent": b"User-Agent", "http.cookie": b"Cookie",
    "http.referer": b"Referer", "http.accept": b"Accept", "http.content_type": b"Content-Type",
    "http.server": b"Server", "http.location": b"Location", "http.connection": b"Connection",
}  # fmt: skip


def deep_setter(name: str) -> Setter:
    """Return what sets the field of that name; UsageError if it cannot be set."""
    if name in _SETTERS:
        return _SETTERS[name]
    close = get_close_matches(name, [*_SETTERS, *FIELDS], n=1)
    raise UsageError(
        printable(name), "is no field that can be set", f"did you mean {close[0]}?" if close else ""
    )


def _dns(change: Callable[[Any, str], None]) -> Setter:
    def set_it(payload: bytes, text: str) -> bytes:
        message = layer_class("DNS")(payload)
        if len(payload) < 12:
            raise UsageError("dns", "the packet has no whole DNS header")
        try:
            change(message, text)
            message.clear_cache()
            return bytes(message)
        except UsageError:
            raise
        # Each of scapy's fields encodes values in a way of its own and raises what it likes.
        except Exception as error:  # noqa: BLE001
            raise UsageError("dns", printable(first_line(error))) from None

    return set_it


def _dns_number(name: str, maximum: int) -> Setter:
    def change(message: Any, text: str) -> None:
        setattr(message, name, _number(text, maximum))

    return _dns(change)


def _question(name: str, read: Callable[[str], Any]) -> Setter:
    def change(message: Any, text: str) -> None:
        if not message.qd:
            raise UsageError("dns", "the packet asks no question")
        setattr(message.qd[0], name, read(text))

    return _dns(change)


def _answer(name: str, kind: int | None, read: Callable[[str], Any]) -> Setter:
    def change(message: Any, text: str) -> None:
        for answer in message.an or []:
            if kind is None or answer.type == kind:
                setattr(answer, name, read(text))
                answer.rdlen = None
                return
        raise UsageError("dns", "the packet has no such answer")

    return _dns(change)


def _request_part(part: int) -> Setter:
    return _line_part(_REQUEST_LINE, part, "request", re.compile(rb"[!-~]+"))


def _line_part(line: re.Pattern[bytes], part: int, what: str, allowed: re.Pattern[bytes]) -> Setter:
    def set_it(payload: bytes, text: str) -> bytes:
        match = line.match(payload)
        value = _latin(text)
        if match is None:
            raise UsageError("http", f"the packet does not begin with a {what} line")
        if not allowed.fullmatch(value):
            raise UsageError("http", f"{printable(text)!r} does not fit into a {what} line")
        return payload[: match.start(part)] + value + payload[match.end(part) :]

    return set_it


def _http_header(name: bytes) -> Setter:
    pattern = re.compile(rb"(?im)^" + re.escape(name) + rb":[ \t]*([^\r\n]*)\r?$")

    def set_it(payload: bytes, text: str) -> bytes:
        head, separator, _ = payload.partition(b"\r\n\r\n")
        match = pattern.search(head + separator)
        if match is None:
            raise UsageError("http", f"the packet has no {name.decode()} header")
        value = _latin(text)
        if b"\r" in value or b"\n" in value:
            raise UsageError("http", "a header has one line")
        return payload[: match.start(1)] + value + payload[match.end(1) :]

    return set_it


def _latin(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise UsageError("http", f"{printable(text)!r} is not Latin-1") from None


def _number(text: str, maximum: int) -> int:
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if not 0 <= value <= maximum:
        raise UsageError("dns", f"{printable(text)!r} is not 0 to {maximum}")
    return value


def _name(text: str) -> bytes:
    labels = text.rstrip(".").encode("idna" if not text.isascii() else "ascii").split(b".")
    if text not in {"", "."} and any(not 1 <= len(label) <= 63 for label in labels):
        raise UsageError("dns", f"{printable(text)!r} is no name")
    return b".".join(labels) + b"."


def _type(text: str) -> int | str:
    return _number(text, 0xFFFF) if text[:1].isdigit() else text.upper()


_SETTERS: Final[dict[str, Setter]] = {
    "dns.id": _dns_number("id", 0xFFFF),
    "dns.flags.response": _dns_number("qr", 1),
    "dns.flags.opcode": _dns_number("opcode", 15),
    "dns.flags.authoritative": _dns_number("aa", 1),
    "dns.flags.truncated": _dns_number("tc", 1),
    "dns.flags.recdesired": _dns_number("rd", 1),
    "dns.flags.recavail": _dns_number("ra", 1),
    "dns.flags.rcode": _dns_number("rcode", 15),
    "dns.qry.name": _question("qname", _name),
    "dns.qry.type": _question("qtype", _type),
    "dns.qry.class": _question("qclass", lambda text: _number(text, 0xFFFF)),
    "dns.resp.name": _answer("rrname", None, _name),
    "dns.resp.ttl": _answer("ttl", None, lambda text: _number(text, 0xFFFFFFFF)),
    "dns.a": _answer("rdata", 1, str),
    "dns.aaaa": _answer("rdata", 28, str),
    "dns.cname": _answer("rdata", 5, _name),
    "http.request.method": _request_part(1),
    "http.request.uri": _request_part(2),
    "http.request.version": _request_part(3),
    "http.response.code": _line_part(_STATUS_LINE, 2, "status", re.compile(rb"[0-9]{3}")),
    "http.response.phrase": _line_part(_STATUS_LINE, 3, "status", re.compile(rb"[ -~]*")),
    **{name: _http_header(header) for name, header in _HTTP_HEADERS.items()},
}

#: Names of all fields that can be set here.
DEEP_FIELDS: Final = tuple(_SETTERS)
