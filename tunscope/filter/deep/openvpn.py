"""OpenVPN: the opcodes of its packets and the session of its control channel."""

from __future__ import annotations

from typing import Final

from tunscope.filter.deep.openvpn_control import add_control
from tunscope.filter.deep.registry import decodes
from tunscope.filter.layers.dissection import (
    CutShort,
    Dissection,
    Octets,
    Payload,
    take,
    u16,
    u24,
    u32,
    u64,
)

_CONTROL, _ACKNOWLEDGEMENT, _DATA, _DATA_WITH_PEER = 4, 5, 6, 9
_WRAPPING: Final = frozenset({10, 11})
_CODE_SIZE: Final = 20
_WRAPPED_CODE_SIZE: Final = 32


@decodes("udp", "openvpn")
def decode_datagram(dissection: Dissection, payload: Payload) -> bool:
    """Decode one packet in a datagram."""
    if dissection.begin("openvpn", payload.octets) or "tls" in dissection.wanted:
        _add_packet(dissection, payload, payload.octets)
    return True


@decodes("tcp", "openvpn")
def decode_segment(dissection: Dissection, payload: Payload) -> bool:
    """Decode the packets that a segment holds, each behind its length."""
    octets = payload.octets
    offset = 0
    while offset + 2 <= len(octets.data):
        size = u16(octets.data, offset)
        packet = octets.rest(offset)
        packet.trim(2 + size)
        if dissection.begin("openvpn", packet) or "tls" in dissection.wanted:
            dissection.add("openvpn.plen", size)
            _add_packet(dissection, payload, packet.rest(2))
        offset += 2 + size
    return True


def _add_packet(dissection: Dissection, payload: Payload, octets: Octets) -> None:
    data = octets.data
    add = dissection.add
    kind = data[0]
    opcode = kind >> 3
    add("openvpn.type", kind)
    add("openvpn.opcode", opcode)
    add("openvpn.keyid", kind & 7)
    offset = 1
    if opcode == _DATA_WITH_PEER:
        add("openvpn.peerid", u24(data, 1))
        offset = 4
    elif opcode in _WRAPPING:
        add("openvpn.sessionid", u64(data, 1))
        _add_wrapped(dissection, octets.rest(9))
        return
    elif opcode != _DATA:
        add("openvpn.sessionid", u64(data, 1))
        offset = _add_acknowledgements(dissection, data, _add_codes(dissection, data, 9))
        if opcode != _ACKNOWLEDGEMENT and len(data) >= offset + 4:
            add("openvpn.mpid", u32(data, offset))
            offset += 4
    rest = octets.rest(offset)
    if not rest.reported:
        return
    if opcode != _CONTROL:
        add("openvpn.data", rest.data)
    else:
        add_control(dissection, payload, rest, u64(data, 1))


def _add_wrapped(dissection: Dissection, octets: Octets) -> None:
    """What tls-crypt-v2 clients send: encrypted, with their own key wrapped behind it."""
    add = dissection.add
    data = octets.data
    add("openvpn.pid", u32(data, 0))
    add("openvpn.net_time", u32(data, 4) * 10**9)
    add("openvpn.hmac", take(data, 8, _WRAPPED_CODE_SIZE))
    rest = data[8 + _WRAPPED_CODE_SIZE :]
    size = u16(rest, len(rest) - 2) if len(rest) >= 2 else 0
    if not 2 <= size <= len(rest):
        raise CutShort
    if size < len(rest):
        add("openvpn.data", rest[:-size])
    add("openvpn.wkc", rest[-size:])
    add("openvpn.wkc_len", size)


def _add_codes(dissection: Dissection, data: bytes, offset: int) -> int:
    """Note the authentication before the acknowledgements, where it looks as if there is one."""
    if not data[offset] or take(data, offset, 4).count(0) > 1:
        return offset
    dissection.add("openvpn.hmac", take(data, offset, _CODE_SIZE))
    offset += _CODE_SIZE
    if len(data) - offset < 8:
        return offset
    dissection.add("openvpn.pid", u32(data, offset))
    dissection.add("openvpn.net_time", u32(data, offset + 4) * 10**9)
    return offset + 8


def _add_acknowledgements(dissection: Dissection, data: bytes, offset: int) -> int:
    if offset >= len(data):
        return offset
    count = data[offset]
    dissection.add("openvpn.mpidarraylength", count)
    offset += 1
    for _ in range(count):
        dissection.add("openvpn.mpidarrayelement", u32(data, offset))
        offset += 4
    if count and len(data) - offset >= 8:
        dissection.add("openvpn.rsessionid", u64(data, offset))
        offset += 8
    return offset
