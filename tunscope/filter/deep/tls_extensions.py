"""The extensions of TLS hellos."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from tunscope.filter.deep.tls_quic import add_parameters
from tunscope.filter.deep.tls_timestamps import add_timestamps
from tunscope.filter.layers.dissection import Dissection, take, u16, u32

#: Extensions whose being there says all: encrypt then MAC, the extended master secret, early data,
#: authentication after the handshake; and those that answer with nothing.
_BARE: Final = frozenset({5, 18, 19, 20, 22, 23, 28, 42, 44, 49})
#: Notes the fields of one extension's data.
_Adder: TypeAlias = Callable[[Dissection, bytes], None]


def add_extensions(dissection: Dissection, data: bytes, *, server: bool) -> list[tuple[int, bytes]]:
    """Note the extensions in `data`; return their types and data."""
    found: list[tuple[int, bytes]] = []
    offset = 0
    while offset + 4 <= len(data):
        kind, size = u16(data, offset), u16(data, offset + 2)
        dissection.add("tls.handshake.extension.type", kind)
        dissection.add("tls.handshake.extension.len", size)
        body = take(data, offset + 4, size)
        found.append((kind, body))
        adder = (_SERVER if server else _CLIENT).get(kind) or _COMMON.get(kind)
        if adder is not None:
            if body or kind in (35,):
                adder(dissection, body)
        elif body or kind not in _BARE:
            dissection.add("tls.handshake.extension.data", body)
        offset += 4 + size
    return found


def _server_name(dissection: Dissection, body: bytes) -> None:
    add = dissection.add
    add("tls.handshake.extensions_server_name_list_len", u16(body, 0))
    offset = 2
    while offset + 3 <= len(body):
        size = u16(body, offset + 1)
        add("tls.handshake.extensions_server_name_type", body[offset])
        add("tls.handshake.extensions_server_name_len", size)
        name = take(body, offset + 3, size).decode("utf-8", "replace")
        add("tls.handshake.extensions_server_name", name)
        offset += 3 + size


def _groups(dissection: Dissection, body: bytes) -> None:
    size = u16(body, 0)
    dissection.add("tls.handshake.extensions_supported_groups_length", size)
    dissection.add("tls.handshake.extensions_supported_groups", None)
    for place in range(2, 2 + size - 1, 2):
        dissection.add("tls.handshake.extensions_supported_group", u16(body, place))


def _point_formats(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.handshake.extensions_ec_point_formats_length", body[0])
    dissection.add("tls.handshake.extensions_ec_point_formats", None)
    for point in take(body, 1, body[0]):
        dissection.add("tls.handshake.extensions_ec_point_format", point)


def _signature_algorithms(dissection: Dissection, body: bytes) -> None:
    size = u16(body, 0)
    dissection.add("tls.handshake.sig_hash_alg_len", size)
    dissection.add("tls.handshake.sig_hash_algs", None)
    for place in range(2, 2 + size - 1, 2):
        algorithm = u16(body, place)
        dissection.add("tls.handshake.sig_hash_alg", algorithm)
        dissection.add("tls.handshake.sig_hash_hash", algorithm >> 8)
        dissection.add("tls.handshake.sig_hash_sig", algorithm & 0xFF)


def _application_protocols(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.handshake.extensions_alpn_len", u16(body, 0))
    dissection.add("tls.handshake.extensions_alpn_list", None)
    offset = 2
    while offset < len(body):
        size = body[offset]
        dissection.add("tls.handshake.extensions_alpn_str_len", size)
        name = take(body, offset + 1, size).decode("utf-8", "replace")
        dissection.add("tls.handshake.extensions_alpn_str", name)
        offset += 1 + size


def _versions(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.handshake.extensions.supported_versions_len", body[0])
    for place in range(1, 1 + body[0] - 1, 2):
        dissection.add("tls.handshake.extensions.supported_version", u16(body, place))


def _version(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.handshake.extensions.supported_version", u16(body, 0))


def _key_shares(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.handshake.extensions_key_share_client_length", u16(body, 0))
    offset = 2
    while offset + 4 <= len(body):
        offset = _key_share(dissection, body, offset)


def _server_key_share(dissection: Dissection, body: bytes) -> None:
    if len(body) == 2:
        group = u16(body, 0)
        dissection.add("tls.handshake.extensions_key_share_selected_group", group)
    else:
        _key_share(dissection, body, 0)


def _key_share(dissection: Dissection, body: bytes, offset: int) -> int:
    size = u16(body, offset + 2)
    prefix = "tls.handshake.extensions_key_share"
    dissection.add(f"{prefix}_group", u16(body, offset))
    dissection.add(f"{prefix}_key_exchange_length", size)
    dissection.add(f"{prefix}_key_exchange", take(body, offset + 4, size))
    return offset + 4 + size


def _renegotiation(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.handshake.extensions_reneg_info_len", body[0])
    if body[0]:
        dissection.add("tls.handshake.extensions_reneg_info", take(body, 1, body[0]))


def _status_request(dissection: Dissection, body: bytes) -> None:
    add = dissection.add
    add("tls.handshake.extensions_status_request_type", body[0])
    add("tls.handshake.extensions_status_request_responder_ids_len", u16(body, 1))
    add("tls.handshake.extensions_status_request_exts_len", u16(body, 3 + u16(body, 1)))


def _exchange_modes(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.extension.psk_ke_modes_length", body[0])
    for mode in take(body, 1, body[0]):
        dissection.add("tls.extension.psk_ke_mode", mode)


def _ticket(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.handshake.extension.data", body)


def _padding(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.handshake.extensions_padding_data", body)


def _heartbeat(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.handshake.extension.heartbeat.mode", body[0])


def _next_protocols(dissection: Dissection, body: bytes) -> None:
    offset = 0
    dissection.add("tls.handshake.extensions_npn", None)
    while offset < len(body):
        size = body[offset]
        dissection.add("tls.handshake.extensions_npn_str_len", size)
        name = take(body, offset + 1, size).decode("utf-8", "replace")
        dissection.add("tls.handshake.extensions_npn", name)
        offset += 1 + size


def _fragment_length(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.handshake.max_fragment_length", body[0])


def _record_size(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.record_size_limit", u16(body, 0))


def _certificate_compression(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.compress_certificate.algorithms_length", body[0])
    for place in range(1, 1 + body[0] - 1, 2):
        dissection.add("tls.compress_certificate.algorithm", u16(body, place))


def _pre_shared_keys(dissection: Dissection, body: bytes) -> None:
    add = dissection.add
    prefix = "tls.handshake.extensions.psk"
    size = u16(body, 0)
    add(f"{prefix}.identities.length", size)
    offset = 2
    while offset < 2 + size:
        length = u16(body, offset)
        add(f"{prefix}.identity.identity_length", length)
        add(f"{prefix}.identity.identity", take(body, offset + 2, length))
        add(f"{prefix}.identity.obfuscated_ticket_age", u32(body, offset + 2 + length))
        offset += 6 + length
    add(f"{prefix}.binders_len", u16(body, offset))
    add(f"{prefix}.binders", None)


def _application_settings(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.handshake.extensions_alps_len", u16(body, 0))
    dissection.add("tls.handshake.extensions_alps_alpn_list", None)
    offset = 2
    while offset < len(body):
        size = body[offset]
        dissection.add("tls.handshake.extensions_alps_alpn_str_len", size)
        name = take(body, offset + 1, size).decode("utf-8", "replace")
        dissection.add("tls.handshake.extensions_alps_alpn_str", name)
        offset += 1 + size


def _encrypted_name(dissection: Dissection, body: bytes) -> None:
    """The draft's encrypted server name (draft-ietf-tls-esni-01)."""
    dissection.add("tls.esni.suite", u16(body, 0))
    offset = _key_share(dissection, body, 2)
    for field in ("record_digest", "encrypted_sni"):
        size = u16(body, offset)
        dissection.add(f"tls.esni.{field}_length", size)
        dissection.add(f"tls.esni.{field}", take(body, offset + 2, size))
        offset += 2 + size


def _selected_key(dissection: Dissection, body: bytes) -> None:
    dissection.add("tls.handshake.extensions.psk.identity.selected", u16(body, 0))


_COMMON: Final[dict[int, _Adder]] = {
    0: _server_name,
    1: _fragment_length,
    10: _groups,
    11: _point_formats,
    13: _signature_algorithms,
    15: _heartbeat,
    16: _application_protocols,
    21: _padding,
    27: _certificate_compression,
    28: _record_size,
    35: _ticket,
    45: _exchange_modes,
    57: add_parameters,
    13172: _next_protocols,
    17513: _application_settings,
    65281: _renegotiation,
    65445: add_parameters,
}
_CLIENT: Final[dict[int, _Adder]] = {
    5: _status_request,
    41: _pre_shared_keys,
    43: _versions,
    51: _key_shares,
    65486: _encrypted_name,
}
_SERVER: Final[dict[int, _Adder]] = {
    18: add_timestamps,
    41: _selected_key,
    43: _version,
    51: _server_key_share,
}
