"""HTTP/1 (RFC 9112), a segment at a time, and what looks like it: SSDP."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from http import HTTPStatus
from typing import Final

from tunscope.filter.deep.http_body import add_body
from tunscope.filter.deep.registry import decodes, guesses
from tunscope.filter.layers.dissection import CHAT, SEQUENCE_GROUP, Dissection, Octets, Payload

_METHODS: Final = frozenset(
    [
        "GET",
        "PUT",
        "POST",
        "HEAD",
        "TRACE",
        "PATCH",
        "DELETE",
        "OPTIONS",
        "CONNECT",
        "LINK",
        "UNLINK",
        "PROPFIND",
        "PROPPATCH",
        "MKCOL",
        "COPY",
        "MOVE",
        "LOCK",
        "UNLOCK",
        "BCOPY",
        "BDELETE",
        "BMOVE",
        "BPROPFIND",
        "BPROPPATCH",
        "POLL",
        "SEARCH",
        "SUBSCRIBE",
        "UNSUBSCRIBE",
        "NOTIFY",
        "REPORT",
        "VERSION-CONTROL",
        "CHECKOUT",
        "CHECKIN",
        "UNCHECKOUT",
        "MKWORKSPACE",
        "UPDATE",
        "LABEL",
        "MERGE",
        "BASELINE-CONTROL",
        "MKACTIVITY",
        "RPC_CONNECT",
        "RPC_IN_DATA",
        "RPC_OUT_DATA",
        "M-SEARCH",
        "CCM_POST",
        "SOURCE",
    ]
)
#: Where a line may be a header: a name that is a token, and a colon (RFC 9110, 5.6.2).
_HEADER_LINE: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*:")
_STATUS: Final = re.compile(rb"(HTTP/\d\.\d|ICY) (\d{3})(?: ?(.*))?")
_LONGEST_HEAD: Final = 1 << 16
#: Headers with a field of their own.
_HEADERS: Final = {
    "accept": "accept",
    "accept-encoding": "accept_encoding",
    "accept-language": "accept_language",
    "authorization": "authorization",
    "cache-control": "cache_control",
    "connection": "connection",
    "content-encoding": "content_encoding",
    "content-length": "content_length_header",
    "content-type": "content_type",
    "cookie": "cookie",
    "date": "date",
    "host": "host",
    "http2-settings": "http2_settings",
    "last-modified": "last_modified",
    "location": "location",
    "proxy-authenticate": "proxy_authenticate",
    "proxy-authorization": "proxy_authorization",
    "referer": "referer",
    "sec-websocket-accept": "sec_websocket_accept",
    "sec-websocket-extensions": "sec_websocket_extensions",
    "sec-websocket-key": "sec_websocket_key",
    "sec-websocket-protocol": "sec_websocket_protocol",
    "sec-websocket-version": "sec_websocket_version",
    "server": "server",
    "set-cookie": "set_cookie",
    "transfer-encoding": "transfer_encoding",
    "upgrade": "upgrade",
    "user-agent": "user_agent",
    "www-authenticate": "www_authenticate",
    "x-forwarded-for": "x_forwarded_for",
}


@decodes("tcp", "http")
def decode_http(dissection: Dissection, payload: Payload) -> bool:
    """Decode what a segment on one of HTTP's ports carries; without a head it is data."""
    _decode(dissection, payload.octets, "http")
    return True


@guesses("tcp")
def guess_http(dissection: Dissection, payload: Payload) -> bool:
    """Decode a segment that begins with a request or a status line, on any port."""
    line, _ = _line(payload.octets.data, 0)
    if not (_request(line, strict=True) or _STATUS.fullmatch(line)):
        return False
    _decode(dissection, payload.octets, "http")
    return True


@decodes("udp", "ssdp")
def decode_ssdp(dissection: Dissection, payload: Payload) -> bool:
    """Decode a service discovery message: HTTP in a datagram."""
    _decode(dissection, payload.octets, "ssdp")
    return True


def _decode(dissection: Dissection, octets: Octets, protocol: str) -> None:
    data = octets.data
    wanted = dissection.begin(protocol, octets)
    line, offset = _line(data, 0)
    request = _request(line, strict=False)
    status = _STATUS.fullmatch(line)
    if request is None and status is None and not _HEADER_LINE.match(line):
        add_body(dissection, octets, {})
        return
    wanted = wanted or "http" in dissection.wanted
    if wanted:
        first = data[:offset].decode("utf-8", "replace")
        if request or status:
            dissection.expert("http.chat", CHAT, SEQUENCE_GROUP, _escaped(first))
        if request is not None:
            _add_request(dissection, request)
        elif status is not None:
            _add_status(dissection, status)
    kind = "request" if request is not None else "response" if status is not None else ""
    if not kind:
        offset = 0
    headers, offset = _add_headers(dissection, data, offset, kind, wanted=wanted)
    if wanted and kind:
        dissection.add(f"http.{kind}", 1)
        if request is not None and "host" in headers and len(request) == 3:
            _add_full_uri(dissection, request[1], headers["host"])
        dissection.add(f"http.{kind}_number", 1)
    body = octets.rest(offset)
    if body.reported:
        add_body(dissection, body, headers)


def _line(data: bytes, offset: int) -> tuple[bytes, int]:
    """Return the line at `offset` without its end, and where the next one begins."""
    stop = data.find(b"\n", offset, offset + _LONGEST_HEAD)
    if stop < 0:
        return data[offset : offset + _LONGEST_HEAD], len(data)
    return data[offset:stop].removesuffix(b"\r"), stop + 1


def _request(line: bytes, *, strict: bool) -> list[str] | None:
    """Return method, target and version of a request line, None if it is none."""
    words = line.decode("utf-8", "replace").split(" ")
    if words[0] not in _METHODS or (strict and len(words) < 3):
        return None
    if strict and not words[-1].startswith("HTTP/"):
        return None
    if len(words) < 2:
        return None
    return [words[0], words[1], *words[2:3]]


def _add_request(dissection: Dissection, request: list[str]) -> None:
    add = dissection.add
    add("http.request.method", request[0])
    target = request[1]
    add("http.request.uri", target)
    path, mark, query = target.partition("?")
    if mark:
        add("http.request.uri.path", path)
        add("http.request.uri.query", query)
        for parameter in query.split("&"):
            add("http.request.uri.query.parameter", parameter)
    if len(request) > 2:
        add("http.request.version", request[2])


def _add_status(dissection: Dissection, status: re.Match[bytes]) -> None:
    add = dissection.add
    code = int(status.group(2))
    add("http.response.version", status.group(1).decode())
    add("http.response.code", code)
    description = _reason(code)
    if description:
        add("http.response.code.desc", description)
    phrase = (status.group(3) or b"").decode("utf-8", "replace")
    add("http.response.phrase", phrase)


def _reason(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return _CLASSES.get(code // 100, "")


_CLASSES: Final = {
    1: "Other informational",
    2: "Other successful",
    3: "Other redirection",
    4: "Other Client Error",
    5: "Other Server Error",
}


def _add_headers(
    dissection: Dissection, data: bytes, offset: int, kind: str, *, wanted: bool
) -> tuple[dict[str, str], int]:
    """Note the header lines; return them by lower-case name, and where the body begins."""
    headers: dict[str, str] = {}
    while offset < len(data):
        begin = offset
        line, offset = _line(data, offset)
        if not line:
            break
        text = line.decode("utf-8", "replace")
        name, colon, value = text.partition(":")
        value = value.strip()
        lowered = name.strip().lower()
        if colon:
            headers[lowered] = value
        if wanted:
            shown = data[begin:offset].decode("utf-8", "replace")
            _add_header(dissection, lowered if colon else "", value, shown, kind)
    return headers, offset


def _add_header(dissection: Dissection, name: str, value: str, line: str, kind: str) -> None:
    add = dissection.add
    field = _HEADERS.get(name)
    if field is not None:
        add(f"http.{field}", value)
    if kind:
        add(f"http.{kind}.line", line)
    elif name and field is None:
        add("http.unknown_header", line)
    if name == "content-length" and value.isdecimal():
        add("http.content_length", min(int(value), 2**64 - 1))
    elif name == "cookie":
        for pair in value.split(";"):
            add("http.cookie_pair", pair.strip())
    elif name == "authorization" and value[:6].lower() == "basic ":
        try:
            plain = b64decode(value[6:], validate=True).decode("utf-8", "replace")
        except (Base64Error, ValueError):
            return
        add("http.authbasic", plain)


def _add_full_uri(dissection: Dissection, target: str, host: str) -> None:
    if target.startswith("/") or target == "*":
        dissection.add("http.request.full_uri", f"http://{host}{target}")
    else:
        dissection.add("http.request.full_uri", target)


def _escaped(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")
