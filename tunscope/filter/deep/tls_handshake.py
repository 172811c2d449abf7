"""The messages of TLS handshakes that go in the clear."""

from __future__ import annotations

import hashlib
from typing import Final

from tunscope.filter.deep.tls_connection import Side, TlsConnection
from tunscope.filter.deep.tls_extensions import add_extensions
from tunscope.filter.deep.tls_key_exchange import add_exchange, add_request, add_verification
from tunscope.filter.deep.tls_timestamps import add_certified_timestamps
from tunscope.filter.layers.dissection import Dissection, Octets, take, u16, u24, u32

_KNOWN: Final = frozenset({0, 1, 2, 3, 4, 5, 6, 8, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 67})
_TLS_1_3: Final = 0x0304
_ALPN: Final = 16
_LONGEST_MESSAGE: Final = 1 << 17
_SUPPORTED_VERSIONS: Final = 43
#: Values that are there to be ignored (RFC 8701), as 0x0A0A, 0x1A1A and so on.
_GREASE: Final = frozenset(0x0A0A + 0x1010 * step for step in range(16))


def add_handshakes(
    dissection: Dissection, record: Octets, connection: TlsConnection, side: Side
) -> None:
    """Note the messages of a handshake record; an encrypted one is noted as such, and the
    beginning of one is kept until the rest comes."""
    add = dissection.add
    data, packets = connection.complete(side, record.data, dissection.number)
    if not (packets[1:] or _is_message(data)):
        add("tls.handshake", None)
        return
    offset = 0
    while offset + 4 <= len(data):
        kind, length = data[offset], u24(data, offset + 1)
        body = data[offset + 4 : offset + 4 + length]
        add("tls.handshake", None)
        if kind not in _KNOWN:
            return
        if len(body) < length:
            connection.keep(side, data[offset:], packets)
            return
        if packets[1:]:
            _add_fragments(dissection, packets)
            packets = packets[-1:]
        _add_message(dissection, kind, body, connection, side)
        offset += 4 + length


def _is_message(data: bytes) -> bool:
    """Whether a record begins with a message: a known type, and a length that may be true."""
    return len(data) >= 4 and data[0] in _KNOWN and u24(data, 1) < _LONGEST_MESSAGE


def _add_fragments(dissection: Dissection, packets: list[int]) -> None:
    dissection.add("tls.handshake.fragments", None)
    for packet in packets:
        dissection.add("tls.handshake.fragment", packet)
    dissection.add("tls.handshake.fragment.count", len(packets))
    dissection.add("tls.handshake", None)


def _add_message(
    dissection: Dissection, kind: int, body: bytes, connection: TlsConnection, side: Side
) -> None:
    """Note one message."""
    dissection.add("tls.handshake.type", kind)
    dissection.add("tls.handshake.length", len(body))
    match kind:
        case 1:
            connection.client, connection.resumed = side, True
            connection.encrypted.clear()
            _add_client_hello(dissection, body, newest=connection.quic)
        case 2:
            connection.newest = chooses_newest(body)
            connection.version = u16(body, 0)
            connection.suite = u16(body, 35 + body[34])
            connection.agreed = _agreed_protocol(_add_server_hello(dissection, body))
        case 4:
            _add_ticket(dissection, body)
        case 11:
            _add_certificates(dissection, body)
        case 12 | 16:
            add_exchange(dissection, kind, body, connection.suite, connection.version)
        case 13:
            add_request(dissection, body, connection.version)
        case 14:
            connection.resumed = False
        case 15:
            add_verification(dissection, body, connection.version)
        case 20:
            dissection.add("tls.handshake.verify_data", body)
        case 22 if len(body) >= 4:
            _add_status(dissection, body)
        case 67 if body:
            _add_next_protocol(dissection, body)
        case _:
            pass


def _agreed_protocol(extensions: list[tuple[int, bytes]]) -> str:
    for kind, data in extensions:
        if kind == _ALPN and len(data) > 3:
            return data[3 : 3 + data[2]].decode("ascii", "replace")
    return ""


def _add_status(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.handshake.cert_status", None)
    dissection.add("tls.handshake.cert_status_type", body[0])
    dissection.add("tls.handshake.cert_status_len", u24(body, 1))
    dissection.add("tls.handshake.ocsp_response", None)
    dissection.add("tls.handshake.ocsp_response_len", u24(body, 1))


def _add_next_protocol(dissection: Dissection, body: bytes) -> None:
    size = body[0]
    dissection.add("tls.handshake.next_protocol.selected_protocol_len", size)
    name = take(body, 1, size).decode("utf-8", "replace")
    dissection.add("tls.handshake.next_protocol.selected_protocol", name)


def _add_beginning(dissection: Dissection, body: bytes, *, newest: bool) -> int:
    """Note what both hellos begin with; return where the rest stands. `newest`: the server has
    chosen TLS 1.3, whose random bytes hold no time."""
    add = dissection.add
    add("tls.handshake.version", u16(body, 0))
    add("tls.handshake.random", take(body, 2, 32))
    size = body[34]
    if not newest:
        add("tls.handshake.random_time", u32(body, 2) * 10**9)
        add("tls.handshake.random_bytes", body[6:34])
    add("tls.handshake.session_id_length", size)
    if size:
        add("tls.handshake.session_id", take(body, 35, size))
    return 35 + size


def _add_client_hello(dissection: Dissection, body: bytes, *, newest: bool) -> None:
    add = dissection.add
    offset = _add_beginning(dissection, body, newest=newest)
    size = u16(body, offset)
    add("tls.handshake.cipher_suites_length", size)
    add("tls.handshake.ciphersuites", None)
    suites = [u16(body, place) for place in range(offset + 2, offset + 2 + size - 1, 2)]
    for suite in suites:
        add("tls.handshake.ciphersuite", suite)
    offset += 2 + size
    size = body[offset]
    add("tls.handshake.comp_methods_length", size)
    add("tls.handshake.comp_methods", None)
    for method in take(body, offset + 1, size):
        add("tls.handshake.comp_method", method)
    offset += 1 + size
    extensions: list[tuple[int, bytes]] = []
    if offset < len(body):
        add("tls.handshake.extensions_length", u16(body, offset))
        extensions = add_extensions(dissection, body[offset + 2 :], server=False)
    _add_fingerprint(dissection, u16(body, 0), suites, extensions)


def _add_server_hello(dissection: Dissection, body: bytes) -> list[tuple[int, bytes]]:
    """Note a server's hello; return its extensions."""
    add = dissection.add
    offset = _add_beginning(dissection, body, newest=chooses_newest(body))
    suite = u16(body, offset)
    add("tls.handshake.ciphersuite", suite)
    add("tls.handshake.comp_method", body[offset + 2])
    offset += 3
    extensions: list[tuple[int, bytes]] = []
    if offset < len(body):
        add("tls.handshake.extensions_length", u16(body, offset))
        extensions = add_extensions(dissection, body[offset + 2 :], server=True)
    kinds = "-".join(str(kind) for kind, _ in extensions)
    full = f"{u16(body, 0)},{suite},{kinds}"
    add("tls.handshake.ja3s_full", full)
    add("tls.handshake.ja3s", hashlib.md5(full.encode(), usedforsecurity=False).hexdigest())
    return extensions


def chooses_newest(body: bytes) -> bool:
    """Whether a server hello's supported_versions extension chooses TLS 1.3."""
    offset = 35 + body[34] + 3 + 2
    while offset + 4 <= len(body):
        kind, size = u16(body, offset), u16(body, offset + 2)
        if kind == _SUPPORTED_VERSIONS:
            return size == 2 and u16(body, offset + 4) == _TLS_1_3
        offset += 4 + size
    return False


def _add_fingerprint(
    dissection: Dissection, version: int, suites: list[int], extensions: list[tuple[int, bytes]]
) -> None:
    """JA3: what a client offers, in one line, and its MD5."""
    groups = formats = ""
    for kind, data in extensions:
        if kind == 10 and len(data) >= 2:
            listed = [u16(data, place) for place in range(2, len(data) - 1, 2)]
            groups = "-".join(str(group) for group in listed if group not in _GREASE)
        elif kind == 11 and data:
            formats = "-".join(map(str, data[1:]))
    full = ",".join(
        (
            str(version),
            "-".join(str(suite) for suite in suites if suite not in _GREASE),
            "-".join(str(kind) for kind, _ in extensions if kind not in _GREASE),
            groups,
            formats,
        )
    )
    dissection.add("tls.handshake.ja3_full", full)
    digest = hashlib.md5(full.encode(), usedforsecurity=False).hexdigest()
    dissection.add("tls.handshake.ja3", digest)


def _add_ticket(dissection: Dissection, body: bytes) -> None:
    add = dissection.add
    add("tls.handshake.session_ticket_lifetime_hint", u32(body, 0))
    size = u16(body, 4)
    add("tls.handshake.session_ticket_length", size)
    add("tls.handshake.session_ticket", take(body, 6, size))


def _add_certificates(dissection: Dissection, body: bytes) -> None:
    add = dissection.add
    total = u24(body, 0)
    add("tls.handshake.certificates_length", total)
    if not total:
        return
    add("tls.handshake.certificates", None)
    offset = 3
    while offset + 3 <= len(body):
        size = u24(body, offset)
        add("tls.handshake.certificate_length", size)
        certificate = take(body, offset + 3, size)
        add("tls.handshake.certificate", certificate)
        add_certified_timestamps(dissection, certificate)
        offset += 3 + size
