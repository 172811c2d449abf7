"""WireGuard: handshakes and transport messages, as far as they are readable without keys."""

from __future__ import annotations

import base64
from typing import Final

from tunscope.filter.deep.registry import guesses
from tunscope.filter.deep.wireguard_sessions import WireguardSessions
from tunscope.filter.layers.dissection import Dissection, Payload, take

_INITIATION, _RESPONSE, _COOKIE, _TRANSPORT = 1, 2, 3, 4
#: Transport messages: header, then at least the 16 bytes that authenticate.
_SHORTEST: Final = 32
_LENGTHS: Final = {_INITIATION: 148, _RESPONSE: 92, _COOKIE: 64}


@guesses("udp")
def guess_wireguard(dissection: Dissection, payload: Payload) -> bool:
    """Decode a datagram whose first bytes and length are those of a WireGuard message."""
    octets = payload.octets
    data, size = octets.data, octets.reported
    if len(data) < 4 or data[1:4] != b"\0\0\0":
        return False
    kind = data[0]
    fitting = size == _LENGTHS[kind] if kind in _LENGTHS else size >= _SHORTEST
    if not _INITIATION <= kind <= _TRANSPORT or not fitting:
        return False
    if dissection.begin("wg", octets):
        dissection.add("wg.type", kind)
        dissection.add("wg.reserved", data[1:4])
        _add_message(dissection, kind, data)
        _add_session(dissection, payload, kind)
    return True


def _add_session(dissection: Dissection, payload: Payload, kind: int) -> None:
    """Note the session a message belongs to, and the message that it answers."""
    followed = dissection.conversations and dissection.conversations.applications
    if not followed:
        return
    sessions = followed.recall(WireguardSessions, None)
    data, network = payload.octets.data, payload.network
    sender = (network.source, payload.source_port)
    receiver = (network.destination, payload.destination_port)
    if kind == _INITIATION:
        session = sessions.begin(_number(data, 4), sender, receiver, dissection.number)
        dissection.add("wg.stream", session.stream)
        return
    index = _number(data, 8 if kind == _RESPONSE else 4)
    found = sessions.find(index, sender, receiver)
    if found is None and kind == _TRANSPORT:
        found = sessions.find_own(index, sender, receiver)
    if found is None:
        return
    dissection.add("wg.stream", found.stream)
    to_initiator = receiver == found.initiator
    if kind == _RESPONSE and to_initiator:
        sessions.respond(found, _number(data, 4), sender, receiver, dissection.number)
        dissection.add("wg.response_to", found.initiation)
    elif kind == _COOKIE:
        answered = found.initiation if to_initiator else found.response
        dissection.add("wg.response_to", answered)


def _add_message(dissection: Dissection, kind: int, data: bytes) -> None:
    add = dissection.add
    if kind in (_INITIATION, _RESPONSE):
        add("wg.sender", _number(data, 4))
    if kind != _INITIATION:
        add("wg.receiver", _number(data, 8 if kind == _RESPONSE else 4))
    if kind == _INITIATION:
        _add_key(dissection, data, 8)
        _add_opaque(dissection, "wg.encrypted_static", data, 40, 48)
        _add_opaque(dissection, "wg.encrypted_timestamp", data, 88, 28)
        _add_codes(dissection, data, 116)
    elif kind == _RESPONSE:
        _add_key(dissection, data, 12)
        _add_opaque(dissection, "wg.encrypted_empty", data, 44, 16)
        _add_codes(dissection, data, 60)
    elif kind == _COOKIE:
        add("wg.nonce", take(data, 8, 24))
        add("wg.encrypted_cookie", take(data, 32, 32))
    else:
        add("wg.counter", int.from_bytes(take(data, 8, 8), "little"))
        add("wg.encrypted_packet", None)
        if len(data) == _SHORTEST:
            add("wg.keepalive", None)


def _number(data: bytes, offset: int) -> int:
    return int.from_bytes(take(data, offset, 4), "little")


def _add_key(dissection: Dissection, data: bytes, offset: int) -> None:
    key = base64.b64encode(take(data, offset, 32)).decode()
    dissection.add("wg.ephemeral", key)
    dissection.add("wg.ephemeral.known_privkey", 0)


def _add_opaque(dissection: Dissection, name: str, data: bytes, offset: int, length: int) -> None:
    take(data, offset, length)
    dissection.add(name, None)


def _add_codes(dissection: Dissection, data: bytes, offset: int) -> None:
    dissection.add("wg.mac1", take(data, offset, 16))
    dissection.add("wg.mac2", take(data, offset + 16, 16))
