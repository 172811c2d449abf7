"""Messaging for small devices: MQTT (version 3.1.1) and CoAP (RFC 7252)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tunscope.summary.registry import TCP_PORTS, UDP_PORTS, entered
from tunscope.summary.stream import read_units
from tunscope.summary.window import Malformed, Window

if TYPE_CHECKING:
    from tunscope.summary.draft import Draft

_MQTT: Final = {
    0: "Reserved", 1: "Connect Command", 2: "Connect Ack", 3: "Publish Message",
    4: "Publish Ack", 5: "Publish Received", 6: "Publish Release", 7: "Publish Complete",
    8: "Subscribe Request", 9: "Subscribe Ack", 10: "Unsubscribe Request",
    11: "Unsubscribe Ack", 12: "Ping Request", 13: "Ping Response", 14: "Disconnect Req",
    15: "Authentication Exchange",
}  # fmt: skip
_PUBLISH: Final = 3
_NUMBERED: Final = frozenset({4, 5, 6, 7, 8, 9, 10, 11})
_LISTING: Final = frozenset({8, 10})
_COAP_TYPES: Final = ("CON", "NON", "ACK", "RST")
_COAP_CODES: Final = {
    0: "Empty Message", 1: "GET", 2: "POST", 3: "PUT", 4: "DELETE", 5: "FETCH", 6: "PATCH",
    7: "iPATCH", 0x41: "2.01 Created", 0x42: "2.02 Deleted", 0x43: "2.03 Valid",
    0x44: "2.04 Changed", 0x45: "2.05 Content", 0x5F: "2.31 Continue", 0x80: "4.00 Bad Request",
    0x81: "4.01 Unauthorized", 0x82: "4.02 Bad Option", 0x83: "4.03 Forbidden",
    0x84: "4.04 Not Found", 0x85: "4.05 Method Not Allowed", 0x86: "4.06 Not Acceptable",
    0x8C: "4.12 Precondition Failed", 0x8D: "4.13 Request Entity Too Large",
    0x8F: "4.15 Unsupported Content-Format", 0xA0: "5.00 Internal Server Error",
    0xA1: "5.01 Not Implemented", 0xA2: "5.02 Bad Gateway", 0xA3: "5.03 Service Unavailable",
    0xA4: "5.04 Gateway Timeout", 0xA5: "5.05 Proxying Not Supported",
}  # fmt: skip
_URI_PATH: Final = 11
_URI_QUERY: Final = 15
_PAYLOAD: Final = 0xFF


@entered(TCP_PORTS, 1883)
def read_mqtt(window: Window, draft: Draft) -> bool:
    """Read the control packets of a segment, with topics and packet identifiers."""
    draft.name("MQTT")
    draft.write("")
    read_units(window, draft, 2, _mqtt_length, _read_mqtt)
    return True


def _remaining(unit: Window) -> tuple[int, int]:
    """Return the remaining length and where it ends (MQTT 3.1.1, 2.2.3)."""
    value = shift = 0
    for offset in range(1, 5):
        byte = unit.u8(offset)
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, offset + 1
    raise Malformed


def _mqtt_length(unit: Window) -> int:
    value, offset = _remaining(unit)
    return offset + value


def _read_mqtt(unit: Window, draft: Draft) -> None:
    draft.name("MQTT")
    first = unit.u8(0)
    kind = first >> 4
    _, offset = _remaining(unit)
    text = _MQTT[kind]
    if kind == _PUBLISH:
        size = unit.u16(offset)
        topic = unit.take(offset + 2, size).decode("utf-8", "replace")
        if first & 0x06:
            text += f" (id={unit.u16(offset + 2 + size)})"
        text += f" [{topic}]"
    elif kind in _NUMBERED:
        text += f" (id={unit.u16(offset)})"
        if kind in _LISTING:
            text += _topics(unit, offset + 2, kind)
    draft.append_item(text)
    unit.check(0, unit.length)


def _topics(unit: Window, offset: int, kind: int) -> str:
    text = ""
    while offset < unit.length:
        size = unit.u16(offset)
        topic = unit.take(offset + 2, size).decode("utf-8", "replace")
        text += f" [{topic}]"
        offset += 2 + size + (1 if kind == 8 else 0)
    return text


@entered(UDP_PORTS, 5683)
def read_coap(window: Window, draft: Draft) -> bool:
    """Read type, code, message identifier, token and path."""
    draft.name("CoAP")
    draft.write("")
    first, code, identifier = window.u8(0), window.u8(1), window.u16(2)
    name = _COAP_CODES.get(code, f"Unknown {code >> 5}.{code & 31:02d}")
    draft.write(f"{_COAP_TYPES[first >> 4 & 3]}, MID:{identifier}, {name}")
    token = first & 15
    if token:
        draft.append(f", TKN:{window.take(4, token).hex(' ')}")
    path, query = _coap_uri(window, 4 + token)
    if path or query:
        draft.append(f", {path}{query}")
    return True


def _coap_uri(window: Window, offset: int) -> tuple[str, str]:
    path = query = ""
    number = 0
    while offset < window.length:
        first = window.u8(offset)
        if first == _PAYLOAD:
            break
        offset += 1
        delta, offset = _extended(window, first >> 4, offset)
        size, offset = _extended(window, first & 15, offset)
        number += delta
        value = window.take(offset, size).decode("utf-8", "replace")
        if number == _URI_PATH:
            path += f"/{value}"
        elif number == _URI_QUERY:
            query += f"{'&' if query else '?'}{value}"
        offset += size
    return path, query


def _extended(window: Window, nibble: int, offset: int) -> tuple[int, int]:
    """Return an option's delta or length with its extension bytes (RFC 7252, 3.1)."""
    if nibble == 13:
        return window.u8(offset) + 13, offset + 1
    if nibble == 14:
        return window.u16(offset) + 269, offset + 2
    if nibble == 15:
        raise Malformed
    return nibble, offset
