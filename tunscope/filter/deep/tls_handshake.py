"""The messages of TLS handshakes that go in the clear."""

from __future__ import annotations

import hashlib
from typing import Final

from tunscope.filter.deep.tls_extensions import add_extensions
from tunscope.filter.layers.dissection import Dissection, Octets, take, u16, u24, u32

_CLIENT_HELLO, _SERVER_HELLO, _TICKET, _CERTIFICATE = 1, 2, 4, 11
_KNOWN: Final = frozenset({0, 1, 2, 3, 4, 5, 6, 8, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 67})
_TLS_1_3: Final = 0x0304
_SUPPORTED_VERSIONS: Final = 43
#: Values that are there to be ignored (RFC 8701), as 0x0A0A, 0x1A1A and so on.
_GREASE: Final = frozenset(0x0A0A + 0x1010 * step for step in range(16))


def is_handshake(record: Octets) -> bool:
    """Whether a handshake record can be read: a known type, and a length that stays inside."""
    data = record.data
    return len(data) >= 4 and data[0] in _KNOWN and u24(data, 1) + 4 <= record.reported


def add_handshakes(dissection: Dissection, record: Octets) -> bool:
    """Note the messages of a handshake record; an encrypted one is noted as such. Returns
    whether a server chose TLS 1.3 in it."""
    add = dissection.add
    if not is_handshake(record):
        add("tls.handshake", None)
        return False
    data = record.data
    offset = 0
    newest = False
    while offset + 4 <= len(data):
        kind, length = data[offset], u24(data, offset + 1)
        body = data[offset + 4 : offset + 4 + length]
        if kind not in _KNOWN or len(body) < length:
            add("tls.handshake", None)
            return newest
        add("tls.handshake", None)
        add("tls.handshake.type", kind)
        add("tls.handshake.length", length)
        if kind == _CLIENT_HELLO:
            _add_client_hello(dissection, body)
        elif kind == _SERVER_HELLO:
            newest = newest or chooses_newest(body)
            _add_server_hello(dissection, body)
        elif kind == _TICKET:
            _add_ticket(dissection, body)
        elif kind == _CERTIFICATE:
            _add_certificates(dissection, body)
        elif kind in (12, 16):
            _add_exchange(dissection, kind, body)
        elif kind == 13:
            _add_request(dissection, body)
        elif kind == 20:
            add("tls.handshake.verify_data", body)
        offset += 4 + length
    return newest


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


def _add_client_hello(dissection: Dissection, body: bytes) -> None:
    add = dissection.add
    offset = _add_beginning(dissection, body, newest=False)
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


def _add_server_hello(dissection: Dissection, body: bytes) -> None:
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
        add("tls.handshake.certificate", take(body, offset + 3, size))
        offset += 3 + size


def _add_exchange(dissection: Dissection, kind: int, body: bytes) -> None:
    """Elliptic curve key exchange; the others depend on the suite that was agreed upon."""
    add = dissection.add
    if kind == 12 and len(body) > 4 and body[0] == 3 and body[3] in (32, 65, 97, 133, 56):
        size = body[3]
        add("tls.handshake.server_params", None)
        add("tls.handshake.server_curve_type", body[0])
        add("tls.handshake.server_named_curve", u16(body, 1))
        add("tls.handshake.server_point_len", size)
        add("tls.handshake.server_point", take(body, 4, size))
        offset = 4 + size
        if offset + 4 <= len(body) and u16(body, offset + 2) == len(body) - offset - 4:
            algorithm = u16(body, offset)
            add("tls.handshake.sig_hash_alg", algorithm)
            add("tls.handshake.sig_hash_hash", algorithm >> 8)
            add("tls.handshake.sig_hash_sig", algorithm & 0xFF)
            add("tls.handshake.sig_len", u16(body, offset + 2))
            add("tls.handshake.sig", body[offset + 4 :])
    elif kind == 16 and body and body[0] == len(body) - 1:
        add("tls.handshake.client_params", None)
        add("tls.handshake.client_point_len", body[0])
        add("tls.handshake.client_point", body[1:])
    elif kind == 16 and len(body) > 2 and u16(body, 0) == len(body) - 2:
        add("tls.handshake.client_params", None)
        add("tls.handshake.epms_len", u16(body, 0))
        add("tls.handshake.epms", body[2:])


def _add_request(dissection: Dissection, body: bytes) -> None:
    add = dissection.add
    count = body[0]
    add("tls.handshake.cert_types_count", count)
    if count:
        add("tls.handshake.cert_types", None)
    for kind in take(body, 1, count):
        add("tls.handshake.cert_type", kind)
