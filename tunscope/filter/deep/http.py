"""HTTP/1 (RFC 9112), a segment at a time, and what looks like it: SSDP."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Final

from tunscope.filter.deep.http_body import add_body
from tunscope.filter.deep.http_conversation import HttpConversation
from tunscope.filter.deep.http_names import HEADERS, METHODS, reason
from tunscope.filter.deep.registry import decodes, guesses
from tunscope.filter.deep.tls import dissect_records, looks_like_records
from tunscope.filter.deep.tls_connection import TlsConnection
from tunscope.filter.layers.dissection import (
    CHAT,
    PROTOCOL_GROUP,
    SEQUENCE_GROUP,
    WARN,
    Dissection,
    Octets,
    Payload,
)
from tunscope.filter.layers.registry import dissect_data

#: A header's name is a token (RFC 9110, 5.6.2).
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*")
_LONGEST_HEAD: Final = 1 << 16
#: Messages that one segment holds.
_MOST: Final = 1000
_OK, _SWITCHING = 200, 101
#: Asks for nothing: an event, or a device that makes itself known (UPnP).
_NOTIFY: Final = "NOTIFY"


@decodes("tcp", "http")
def decode_http(dissection: Dissection, payload: Payload) -> bool:
    """Decode what a segment on one of HTTP's ports carries."""
    _decode_segment(dissection, payload)
    return True


@guesses("tcp")
def guess_http(dissection: Dissection, payload: Payload) -> bool:
    """Decode a segment that begins with a request or a status line, on any port, and those that
    follow it."""
    if not dissection.recall(HttpConversation, payload).asked:
        line, _ = _line(payload.octets.data, 0)
        if not (line[:7].upper() == b"HTTP/1." or line[-8:-1].upper() == b"HTTP/1."):
            return False
        if len(line) < 8:
            return False
    _decode_segment(dissection, payload)
    return True


@decodes("udp", "ssdp")
def decode_ssdp(dissection: Dissection, payload: Payload) -> bool:
    """Decode a service discovery message: HTTP in a datagram."""
    _decode(dissection, payload.octets, "ssdp", dissection.recall(HttpConversation, payload))
    return True


def _decode_segment(dissection: Dissection, payload: Payload) -> None:
    conversation = dissection.recall(HttpConversation, payload)
    octets = payload.octets
    if conversation.upgraded:
        protocol = "websocket" if conversation.upgraded == "websocket" else "http2"
        dissection.begin(protocol, octets)
    elif conversation.tunnel:
        _decode_tunnel(dissection, payload, conversation.tunnel)
    else:
        for _ in range(_MOST):
            size = _decode(dissection, octets, "http", conversation)
            octets = octets.rest(size)
            if not size or not octets.data:
                return


def _decode_tunnel(dissection: Dissection, payload: Payload, target: str) -> None:
    """What a proxy hands on without looking at it."""
    octets = payload.octets
    tls = dissection.recall(TlsConnection, payload)
    side = (payload.network.source, payload.source_port)
    if dissection.begin("http", octets):
        host, _, port = target.rpartition(":")
        dissection.add("http.proxy_connect_host", host or target)
        dissection.add("http.proxy_connect_port", int(port) if port.isdecimal() else 0)
    if tls.known or looks_like_records(octets):
        tls.port = tls.port or (int(port) if port.isdecimal() else 0)
        dissect_records(dissection, octets, tls, side)
    else:
        dissect_data(dissection, octets)


def _decode(
    dissection: Dissection, octets: Octets, protocol: str, conversation: HttpConversation
) -> int:
    """Decode a message, or the part of one that a segment begins with; return its size."""
    data = octets.data
    begin = 2 if data[:2] == b"\r\n" and data[2:4] not in (b"", b"\r\n") else 0
    line, offset = _line(data, begin)
    text = line.decode("utf-8", "replace")
    method = text.partition(" ")[0]
    request = method in METHODS
    kind = "request" if request else "response" if line[:5] == b"HTTP/" else ""
    if method == _NOTIFY:
        kind = "notification"
    headed = bool(kind) or (b":" in line and 0x20 <= line[0] < 0x7F)
    if not headed and not conversation.asked and protocol == "http":
        return 0
    wanted = dissection.begin(protocol, octets) or "http" in dissection.wanted
    if begin and wanted:
        message = "Leading CRLF previous message in the stream may have extra CRLF"
        dissection.expert("http.leading_crlf", WARN, PROTOCOL_GROUP, message)
    if not headed:
        return begin + add_body(dissection, octets.rest(begin), {}, loose=True)
    code = 0
    if kind and wanted:
        first = data[begin:offset].decode("utf-8", "replace")
        dissection.expert("http.chat", CHAT, SEQUENCE_GROUP, _escaped(first))
    if request:
        conversation.method, conversation.uri = _add_request(dissection, text)
    elif kind:
        code = _add_status(dissection, text)
    headers, offset = _add_headers(dissection, data, offset if kind else begin, kind)
    if request:
        _add_full_uri(dissection, conversation, headers.get("host", ""))
    if kind:
        dissection.add(f"http.{kind}", 1)
    if kind == "request":
        conversation.add_request(dissection)
    elif kind == "response":
        conversation.add_response(dissection)
        _take_over(conversation, code, headers)
    body = octets.rest(offset)
    if not body.reported or (request and not _has_body(headers)):
        return offset
    return offset + add_body(dissection, body, headers, loose=not kind)


def _has_body(headers: dict[str, str]) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "").isdecimal()


def _take_over(conversation: HttpConversation, code: int, headers: dict[str, str]) -> None:
    """Leave HTTP where a response agrees to a tunnel or to another protocol."""
    if conversation.method == "CONNECT" and code == _OK:
        conversation.tunnel = conversation.uri
    elif code == _SWITCHING:
        conversation.upgraded = headers.get("upgrade", "").lower()


def _line(data: bytes, offset: int) -> tuple[bytes, int]:
    """Return the line at `offset` without its end, and where the next one begins."""
    stop = data.find(b"\n", offset, offset + _LONGEST_HEAD)
    if stop < 0:
        return data[offset : offset + _LONGEST_HEAD], min(len(data), offset + _LONGEST_HEAD)
    return data[offset:stop].removesuffix(b"\r"), stop + 1


def _add_request(dissection: Dissection, line: str) -> tuple[str, str]:
    """Note method, target and version of a request line; return method and target."""
    add = dissection.add
    method, _, rest = line.partition(" ")
    target, _, version = rest.partition(" ")
    add("http.request.method", method)
    add("http.request.uri", target)
    path, mark, query = target.partition("?")
    if mark:
        add("http.request.uri.path", path)
        add("http.request.uri.query", query)
        for parameter in query.split("&"):
            add("http.request.uri.query.parameter", parameter)
    add("http.request.version", version)
    return method, target


def _add_status(dissection: Dissection, line: str) -> int:
    """Note what a status line says; return its code."""
    add = dissection.add
    version, space, rest = line.partition(" ")
    add("http.response.version", version)
    if not space:
        return 0
    digits, space, phrase = rest.partition(" ")
    code = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) == 3 else 0
    add("http.response.code", code)
    add("http.response.code.desc", reason(code))
    if space:
        add("http.response.phrase", phrase)
    return code


def _add_headers(
    dissection: Dissection, data: bytes, offset: int, kind: str
) -> tuple[dict[str, str], int]:
    """Note the header lines; return them by lower-case name, and where the body begins."""
    headers: dict[str, str] = {}
    while offset < len(data):
        begin = offset
        line, offset = _line(data, offset)
        if not line:
            break
        if not kind and b":" not in line:
            return headers, begin
        text = line.decode("utf-8", "replace")
        name, colon, value = text.partition(":")
        value = value.strip()
        if colon:
            headers[name.strip().lower()] = value
        shown = data[begin:offset].decode("utf-8", "replace")
        _add_header(dissection, name if colon else "", value, shown, kind)
    return headers, offset


def _add_header(dissection: Dissection, name: str, value: str, line: str, kind: str) -> None:
    add = dissection.add
    good = _TOKEN.fullmatch(name)
    lowered = name.strip().lower()
    field = HEADERS.get(lowered) if good else None
    if field is not None:
        add(f"http.{field}", value)
    if lowered == "content-length" and value.isdecimal():
        add("http.content_length", min(int(value), 2**64 - 1))
    elif lowered == "cookie":
        for pair in value.split(";"):
            add("http.cookie_pair", pair.strip())
    elif lowered in ("authorization", "proxy-authorization") and value[:6].lower() == "basic ":
        _add_credentials(dissection, value[6:])
    if kind in ("request", "response"):
        add(f"http.{kind}.line", line)
    elif field is None:
        add("http.unknown_header", _escaped(line) if good else line)
    if not good:
        message = "Illegal characters found in header name"
        dissection.expert("http.bad_header_name", WARN, PROTOCOL_GROUP, message)


def _add_credentials(dissection: Dissection, encoded: str) -> None:
    try:
        plain = b64decode(encoded, validate=True).decode("utf-8", "replace")
    except (Base64Error, ValueError):
        return
    dissection.add("http.authbasic", plain)


def _add_full_uri(dissection: Dissection, conversation: HttpConversation, host: str) -> None:
    target = conversation.uri
    if not host:
        return
    relative = target.startswith("/") or target == "*"
    conversation.full_uri = f"http://{host}{target}" if relative else target
    dissection.add("http.request.full_uri", conversation.full_uri)


def _escaped(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")
