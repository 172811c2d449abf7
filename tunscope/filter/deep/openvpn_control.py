"""The control channel of OpenVPN: messages in parts, put together before TLS reads them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tunscope.filter.deep.tls import dissect_records
from tunscope.filter.deep.tls_connection import TlsConnection
from tunscope.filter.layers.dissection import Dissection, Octets, Payload

#: A part of a control message is this long unless it is the last.
_FULL_PART: Final = 100
#: Parts of one message that are kept, and sessions that they are kept of.
_MOST_PARTS: Final = 1000
_MOST_SESSIONS: Final = 64


@dataclass(slots=True)
class OpenvpnConnection:
    """One conversation: its TLS, and by session the parts so far with the packets they came in."""

    tls: TlsConnection = field(default_factory=TlsConnection)
    parts: dict[int, list[tuple[int, bytes]]] = field(default_factory=dict)


def add_control(dissection: Dissection, payload: Payload, octets: Octets, session: int) -> None:
    """Note a part of a control message, and the message where it is the last one."""
    connection = dissection.recall(OpenvpnConnection, payload)
    add = dissection.add
    parts = connection.parts.get(session, [])
    full = octets.reported == _FULL_PART
    if full or parts:
        add("openvpn.fragment_bytes", octets.data)
        if len(parts) < _MOST_PARTS:
            parts.append((dissection.number, octets.data))
        if session in connection.parts or len(connection.parts) < _MOST_SESSIONS:
            connection.parts[session] = parts
    if full:
        return
    message = octets
    if connection.parts.pop(session, None):
        data = b"".join(part for _, part in parts)
        message = Octets(data, len(data))
        add("openvpn.fragments", None)
        for number, _ in parts:
            add("openvpn.fragment", number)
        add("openvpn.fragment.count", len(parts))
        add("openvpn.reassembled.length", len(data))
    side = (payload.network.source, payload.source_port)
    dissect_records(dissection, message, connection.tls, side)
    dissection.resume("openvpn")
