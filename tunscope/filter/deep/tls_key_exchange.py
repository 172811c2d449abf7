"""How TLS up to version 1.2 agrees upon keys (RFC 5246, 7.4.3 to 7.4.8), as far as it goes in the
clear: what is exchanged depends on the cipher suite, what is signed on the version."""

from __future__ import annotations

import re
from typing import Final

from tunscope.filter.layers.dissection import Dissection, take, u16
from tunscope.filter.table import lookup, value_names

_SERVER, _CLIENT = 12, 16
#: Signatures name their algorithm from this version on.
_TLS_1_2: Final = 0x0303
#: An elliptic curve by its name.
_NAMED_CURVE: Final = 3
_KEYS: Final = re.compile(r"TLS_(RSA|DHE|DH|ECDHE|ECDH)_(?!PSK)")


def key_exchange(suite: int) -> str:
    """Return how `suite` exchanges keys: "RSA", "DH", "ECDH"; an empty string where that is not
    known or not read here."""
    field = lookup("tls.handshake.ciphersuite")
    assert field is not None, "the table of fields has it"
    found = _KEYS.match(value_names(field).get(suite, ""))
    return "" if found is None else found[1].removesuffix("E")


def add_exchange(dissection: Dissection, kind: int, body: bytes, suite: int, version: int) -> None:
    """Note a key exchange message of a server (12) or a client (16); where the server's choice of
    `suite` was not seen (0), an elliptic curve's point is known by its looks."""
    exchange = key_exchange(suite) if suite else ""
    if kind == _SERVER:
        offset = 0
        if exchange == "DH":
            offset = _add_group(dissection, body)
        elif exchange == "ECDH" or (not suite and body[:1] == bytes((_NAMED_CURVE,))):
            offset = _add_curve(dissection, body)
        if offset and offset < len(body):
            _add_signature(dissection, body[offset:], version, "tls.handshake.sig")
    elif exchange == "DH":
        _add_number(dissection, body, 0, "yc")
    elif exchange == "RSA":
        _add_number(dissection, body, 0, "epms")
    elif body and body[0] == len(body) - 1:
        dissection.add("tls.handshake.client_point_len", body[0])
        dissection.add("tls.handshake.client_point", body[1:])


def _add_number(dissection: Dissection, body: bytes, offset: int, name: str) -> int:
    """Note a number of any size behind its length; return where it ends."""
    size = u16(body, offset)
    dissection.add(f"tls.handshake.{name}_len", size)
    dissection.add(f"tls.handshake.{name}", take(body, offset + 2, size))
    return offset + 2 + size


def _add_group(dissection: Dissection, body: bytes) -> int:
    offset = 0
    for name in ("p", "g", "ys"):
        offset = _add_number(dissection, body, offset, name)
    return offset


def _add_curve(dissection: Dissection, body: bytes) -> int:
    add = dissection.add
    add("tls.handshake.server_curve_type", body[0])
    if body[0] != _NAMED_CURVE:
        return 0
    size = body[3]
    add("tls.handshake.server_named_curve", u16(body, 1))
    add("tls.handshake.server_point_len", size)
    add("tls.handshake.server_point", take(body, 4, size))
    return 4 + size


def _add_signature(dissection: Dissection, body: bytes, version: int, name: str) -> None:
    offset = 0
    if version >= _TLS_1_2:
        _add_algorithm(dissection, u16(body, 0))
        offset = 2
    size = u16(body, offset)
    dissection.add(f"{name}_len", size)
    dissection.add(name, take(body, offset + 2, size))


def _add_algorithm(dissection: Dissection, algorithm: int) -> None:
    dissection.add("tls.handshake.sig_hash_alg", algorithm)
    dissection.add("tls.handshake.sig_hash_hash", algorithm >> 8)
    dissection.add("tls.handshake.sig_hash_sig", algorithm & 0xFF)


def add_verification(dissection: Dissection, body: bytes, version: int) -> None:
    """Note what proves that a client has the key of its certificate."""
    _add_signature(dissection, body, version, "tls.handshake.client_cert_vrfy.sig")


def add_request(dissection: Dissection, body: bytes, version: int) -> None:
    """Note what a server asks of a client's certificate: types, algorithms, names of issuers."""
    add = dissection.add
    count = body[0]
    add("tls.handshake.cert_types_count", count)
    if count:
        add("tls.handshake.cert_types", None)
    for kind in take(body, 1, count):
        add("tls.handshake.cert_type", kind)
    offset = 1 + count
    if version >= _TLS_1_2:
        size = u16(body, offset)
        add("tls.handshake.sig_hash_alg_len", size)
        add("tls.handshake.sig_hash_algs", None)
        for place in range(offset + 2, offset + 2 + size - 1, 2):
            _add_algorithm(dissection, u16(body, place))
        offset += 2 + size
    size = u16(body, offset)
    add("tls.handshake.dnames_len", size)
    stop = min(offset + 2 + size, len(body))
    offset += 2
    if offset < stop:
        add("tls.handshake.dnames", None)
    while offset < stop:
        size = u16(body, offset)
        add("tls.handshake.dname_len", size)
        add("tls.handshake.dname", None)
        offset += 2 + size
