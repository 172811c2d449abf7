"""Signed certificate timestamps (RFC 6962), in extensions of hellos and in certificates."""

from __future__ import annotations

from typing import Final

from tunscope.filter.layers.dissection import CutShort, Dissection, take, u16, u64

#: The object identifier of the list of timestamps in a certificate, DER-encoded.
_IN_CERTIFICATE: Final = bytes.fromhex("060a2b06010401d679020402")
_OCTET_STRING: Final = 4


def add_timestamps(dissection: Dissection, data: bytes) -> None:
    """Note a list of timestamps."""
    add = dissection.add
    add("tls.sct.scts_length", u16(data, 0))
    offset = 2
    while offset + 2 <= len(data):
        size = u16(data, offset)
        add("tls.sct.sct_length", size)
        _add_timestamp(dissection, take(data, offset + 2, size))
        offset += 2 + size


def _add_timestamp(dissection: Dissection, data: bytes) -> None:
    add = dissection.add
    add("tls.sct.sct_version", data[0])
    add("tls.sct.sct_logid", take(data, 1, 32))
    add("tls.sct.sct_timestamp", u64(data, 33) * 10**6)
    size = u16(data, 41)
    add("tls.sct.sct_extensions_length", size)
    if size:
        add("tls.sct.sct_extensions", None)
    offset = 43 + size
    algorithm = u16(data, offset)
    add("tls.handshake.sig_hash_alg", algorithm)
    add("tls.handshake.sig_hash_hash", algorithm >> 8)
    add("tls.handshake.sig_hash_sig", algorithm & 0xFF)
    add("tls.sct.sct_signature_length", u16(data, offset + 2))
    add("tls.sct.sct_signature", take(data, offset + 4, u16(data, offset + 2)))


def add_certified_timestamps(dissection: Dissection, certificate: bytes) -> None:
    """Note the timestamps in a certificate, if there are any."""
    place = certificate.find(_IN_CERTIFICATE)
    if place < 0:
        return
    offset = place + len(_IN_CERTIFICATE)
    for _ in range(2):
        if certificate[offset : offset + 1] != bytes((_OCTET_STRING,)):
            return
        size, offset = _length(certificate, offset + 1)
    add_timestamps(dissection, take(certificate, offset, size))


def _length(data: bytes, offset: int) -> tuple[int, int]:
    """Return a DER length of up to two bytes, and where it ends."""
    first = data[offset]
    if first < 0x80:
        return first, offset + 1
    if first == 0x81:
        return data[offset + 1], offset + 2
    if first == 0x82:
        return u16(data, offset + 1), offset + 3
    raise CutShort
