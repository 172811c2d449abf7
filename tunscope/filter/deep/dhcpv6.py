"""DHCPv6 (RFC 8415): messages, relayed ones within them, and their options."""

from __future__ import annotations

from tunscope.filter.deep.dhcpv6_options import add_body
from tunscope.filter.deep.registry import decodes
from tunscope.filter.layers.dissection import (
    CutShort,
    Dissection,
    Octets,
    Payload,
    take,
    u16,
    u24,
)
from tunscope.filter.table import lookup, value_names

_RELAY_FORWARD, _RELAY_REPLY = 12, 13
_OPTIONS_OF_RELAY, _OPTIONS = 34, 4
#: Relays are nested eight deep at most (RFC 8415, 7.6), options in options three.
_DEEPEST = 32

_ASSOCIATION, _TEMPORARY, _ADDRESS, _RELAYED, _DELEGATION, _PREFIX = 3, 4, 5, 9, 25, 26
_LEASE_QUERY, _CLIENT_DATA = 44, 45
_RULE_CONTAINERS = frozenset({94, 95, 96})
#: Where options begin within the options that hold some.
_NESTED = {
    _ASSOCIATION: 12,
    _TEMPORARY: 4,
    _ADDRESS: 24,
    _DELEGATION: 12,
    _PREFIX: 25,
    _LEASE_QUERY: 17,
    _CLIENT_DATA: 0,
    **dict.fromkeys(_RULE_CONTAINERS, 0),
}


@decodes("udp", "dhcpv6")
def decode_dhcpv6(dissection: Dissection, payload: Payload) -> bool:
    """Decode a DHCPv6 message with those it relays."""
    if dissection.begin("dhcpv6", payload.octets):
        _add_message(dissection, payload.octets, 0)
    return True


def _add_message(dissection: Dissection, octets: Octets, depth: int) -> None:
    data = octets.data
    kind = data[0]
    dissection.add("dhcpv6.msgtype", kind)
    if kind in (_RELAY_FORWARD, _RELAY_REPLY):
        dissection.add("dhcpv6.hopcount", data[1])
        dissection.add("dhcpv6.linkaddr", take(data, 2, 16))
        dissection.add("dhcpv6.peeraddr", take(data, 18, 16))
        _add_options(dissection, octets.rest(_OPTIONS_OF_RELAY), kind, depth)
    else:
        dissection.add("dhcpv6.xid", u24(data, 1))
        _add_options(dissection, octets.rest(_OPTIONS), kind, depth)


def _add_options(dissection: Dissection, octets: Octets, message: int, depth: int) -> None:
    if depth > _DEEPEST:
        raise CutShort
    data = octets.data
    offset = 0
    while offset < len(data):
        kind, size = u16(data, offset), u16(data, offset + 2)
        if offset + 4 + size > len(data):
            raise CutShort
        dissection.add("dhcpv6.option.type_str", _option_name(kind))
        dissection.add("dhcpv6.option.type", kind)
        dissection.add("dhcpv6.option.length", size)
        body = take(data, offset + 4, size)
        add_body(dissection, kind, body, message)
        if kind == _RELAYED and body:
            inner = Octets(body, len(body))
            dissection.begin("dhcpv6", inner)
            _add_message(dissection, inner, depth + 1)
            dissection.resume("dhcpv6")
        elif kind in _NESTED and len(body) > _NESTED[kind]:
            rest = body[_NESTED[kind] :]
            _add_options(dissection, Octets(rest, len(rest)), message, depth + 1)
        offset += 4 + size


def _option_name(kind: int) -> str:
    field = lookup("dhcpv6.option.type")
    return value_names(field).get(kind, "Unknown") if field else ""
