"""Service bindings: the SVCB and HTTPS records (RFC 9460)."""

from __future__ import annotations

from tunscope.filter.deep.names import read_name
from tunscope.filter.layers.dissection import Dissection, take, u16, u32

_PREFIX = "dns.svcb.svcparam"


def add_binding(dissection: Dissection, message: bytes, offset: int, stop: int) -> None:
    """Note an SVCB or HTTPS record and its parameters."""
    add = dissection.add
    add("dns.svcb.svcpriority", u16(message, offset))
    name, offset, _ = read_name(message, offset + 2)
    add("dns.svcb.targetname", name)
    while offset + 4 <= stop:
        key, size = u16(message, offset), u16(message, offset + 2)
        add(_PREFIX, None)
        add(f"{_PREFIX}.key", key)
        add(f"{_PREFIX}.value.length", size)
        _add_value(dissection, key, take(message, offset + 4, size))
        offset += 4 + size


def _add_value(dissection: Dissection, key: int, body: bytes) -> None:
    add = dissection.add
    match key:
        case 0:
            for place in range(0, len(body) - 1, 2):
                add(f"{_PREFIX}.mandatory.key", u16(body, place))
        case 1:
            place = 0
            while place < len(body):
                add(f"{_PREFIX}.alpn.length", body[place])
                name = take(body, place + 1, body[place]).decode("utf-8", "replace")
                add(f"{_PREFIX}.alpn", name)
                place += 1 + body[place]
        case 3 if body:
            add(f"{_PREFIX}.port", u16(body, 0))
        case 4:
            for place in range(0, len(body) - 3, 4):
                add(f"{_PREFIX}.ipv4hint.ip", u32(body, place))
        case 5:
            add(f"{_PREFIX}.echconfig", body)
        case 6:
            for place in range(0, len(body) - 15, 16):
                add(f"{_PREFIX}.ipv6hint.ip", body[place : place + 16])
        case _ if body:
            add(f"{_PREFIX}.value", body)
        case _:
            pass
